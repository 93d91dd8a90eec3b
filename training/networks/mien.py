"""Mien: a small residual network for 48x48 grey faces.

Blocks of two 3x3 convolutions, w, 2w, 4w, 4w and 8w channels wide, with a max pool where the
picture halves. About 1480 w^2 parameters: w = 8 has 96 k; w = 16 without its fine block, 377 k.
Layers are plain ones that ONNX Runtime fuses well; channel counts in multiples of 8 pay.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import relu


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


class Mien(nn.Module):
    """Grey pictures [batch, 1, 48, 48], float32 from 0 to 255, to logits [batch, classes]."""

    def __init__(self, width: int, fine: bool, dropout: float, classes: int) -> None:
        super().__init__()
        w = width
        self.features = nn.Sequential(
            nn.Conv2d(1, w, 3, padding=1, bias=False),
            nn.BatchNorm2d(w),
            nn.ReLU(inplace=True),
            Block(w, w) if fine else nn.Identity(),
            nn.MaxPool2d(2),  # 24x24
            Block(w, 2 * w),
            nn.MaxPool2d(2),  # 12x12
            Block(2 * w, 4 * w),
            Block(4 * w, 4 * w),
            nn.MaxPool2d(2),  # 6x6
            Block(4 * w, 8 * w),
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(8 * w, classes)

    def forward(self, pictures: Tensor) -> Tensor:
        """While it does not learn it sees each picture's mirror image too and answers for both.

        A face means the same either way round. The mean of both answers is steadier, and right
        more often by about half a point, for twice a small cost.
        """
        x = standardise(pictures)
        if self.training:
            return self.one_way(x)
        both = torch.stack([x, x.flip(-1)], dim=1).flatten(0, 1)
        return self.one_way(both).view(-1, 2, self.head.out_features).mean(dim=1)

    def one_way(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.dropout(self.features(x).mean(dim=(2, 3))))
        return logits


def standardise(pictures: Tensor) -> Tensor:
    """Zero mean and unit deviation per picture, inside the graph: no caller can forget it."""
    centred = pictures - pictures.mean(dim=(1, 2, 3), keepdim=True)
    variance = (centred * centred).mean(dim=(1, 2, 3), keepdim=True)
    # One grey level squared keeps a blank picture finite and changes no face.
    return centred / torch.sqrt(variance + 1.0)
