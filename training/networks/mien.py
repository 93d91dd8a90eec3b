"""Mien: a small residual network for 48x48 grey faces.

Two plain convolutions, the second halving the picture, then blocks of two 3x3 convolutions, 2w,
4w, 4w and 8w channels wide, with a max pool where the picture halves. w = 8 with one late block
has 97 k parameters; w = 16 with two, 681 k and 51 million multiplications. Layers are plain ones
that ONNX Runtime fuses well; channel counts in multiples of 8 pay.
"""

from torch import Tensor, nn
from torch.nn.functional import relu

from expressions import EXPRESSIONS

from .common import FaceNetwork


class Block(nn.Module):
    """Two convolutions and a way round them; the way round is 1x1 where the width changes."""

    def __init__(self, inside: int, out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, out, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(out)
        self.around = nn.Conv2d(inside, out, 1) if inside != out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = relu(self.norm1(self.conv1(x)), inplace=True)
        return relu(self.norm2(self.conv2(y)) + self.around(x), inplace=True)


class Mien(FaceNetwork):
    def __init__(self, width: int, late: int, dropout: float) -> None:
        super().__init__("standardised")
        w = width
        self.features = nn.Sequential(
            *conv(1, w, stride=1),
            *conv(w, 2 * w, stride=2),  # 24x24
            Block(2 * w, 2 * w),
            nn.MaxPool2d(2),  # 12x12
            Block(2 * w, 4 * w),
            Block(4 * w, 4 * w),
            nn.MaxPool2d(2),  # 6x6
            Block(4 * w, 8 * w),
            *(Block(8 * w, 8 * w) for _ in range(late - 1)),
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(8 * w, len(EXPRESSIONS))

    def answer(self, pictures: Tensor) -> Tensor:
        features = self.features(pictures).mean(dim=(2, 3))
        logits: Tensor = self.head(self.dropout(features))
        return logits


def conv(inside: int, out: int, stride: int) -> tuple[nn.Module, ...]:
    kernel = nn.Conv2d(inside, out, 3, stride=stride, padding=1, bias=False)
    return kernel, nn.BatchNorm2d(out), nn.ReLU(inplace=True)
