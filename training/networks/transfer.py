"""The transfer nets: 224x224x1, a convolution to three channels, a backbone, two dense layers.

All layers are trained. Their source starts from ImageNet weights.
"""

from collections.abc import Iterable

from torch import Tensor, nn

from expressions import EXPRESSIONS

from .backbone import Backbone
from .common import FaceNetwork, dense, initialise


class Transfer(FaceNetwork):
    side = 224

    def __init__(self, backbone: str, pixels: str = "0..1", dropout: float = 0.5) -> None:
        super().__init__(pixels)
        self.colours = nn.Conv2d(1, 3, 3, padding=1)
        self.backbone = Backbone(backbone)
        self.dense = nn.Sequential(*dense(self.backbone.width, 1024), nn.Dropout(dropout))
        self.head = nn.Linear(1024, len(EXPRESSIONS))
        for part in (self.colours, self.dense, self.head):
            initialise(part)

    def answer(self, pictures: Tensor) -> Tensor:
        features = self.backbone(self.colours(pictures)).mean(dim=(2, 3))
        logits: Tensor = self.head(self.dense(features))
        return logits

    def regularised(self) -> Iterable[nn.Module]:
        return (self.dense[0], self.head)
