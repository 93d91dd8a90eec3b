"""MobileNetV2 on 48x48x3, a convolution and three wide dense layers on its last 2x2 features."""

from torch import Tensor, nn

from expressions import EXPRESSIONS

from .backbone import Backbone
from .common import FaceNetwork, conv, dense, initialise


class MobileNetV2Head(FaceNetwork):
    channels = 3

    def __init__(self, pixels: str = "0..255") -> None:
        super().__init__(pixels)
        self.backbone = Backbone("mobilenetv2_100")
        self.conv = nn.Sequential(*conv(self.backbone.width, 128))
        self.dense = nn.Sequential(*dense(512, 1024), *dense(1024, 1024), *dense(1024, 512))
        self.head = nn.Linear(512, len(EXPRESSIONS))
        for part in (self.conv, self.dense, self.head):
            initialise(part)

    def answer(self, pictures: Tensor) -> Tensor:
        features = self.conv(self.backbone(pictures)).flatten(1)
        logits: Tensor = self.head(self.dense(features))
        return logits
