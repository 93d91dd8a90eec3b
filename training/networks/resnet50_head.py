"""ResNet50 on 48x48x3, global average pool and one dense layer."""

from torch import Tensor, nn

from expressions import EXPRESSIONS

from .backbone import Backbone
from .common import FaceNetwork, dense, initialise


class ResNet50Head(FaceNetwork):
    channels = 3

    def __init__(self, pixels: str = "0..255") -> None:
        super().__init__(pixels)
        self.backbone = Backbone("resnet50")
        self.dense = nn.Sequential(*dense(self.backbone.width, 1024))
        self.head = nn.Linear(1024, len(EXPRESSIONS))
        for part in (self.dense, self.head):
            initialise(part)

    def answer(self, pictures: Tensor) -> Tensor:
        features = self.backbone(pictures).mean(dim=(2, 3))
        logits: Tensor = self.head(self.dense(features))
        return logits
