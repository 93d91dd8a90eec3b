"""Mien: a small residual network for 48x48 grey faces.

Five blocks of two 3x3 convolutions, w, 2w, 4w, 4w and 8w channels wide, with a max pool where the
picture halves. About 1.48 k x w^2 parameters: w = 8 has 96 k, 16 has 382 k, 24 has 857 k.
Layers are plain ones that ONNX Runtime fuses well; channel counts in multiples of 8 pay.
"""

import torch
from torch import Tensor, nn


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
        y = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(self.norm2(self.conv2(y)) + self.around(x))


class Mien(nn.Module):
    """Grey pictures [batch, 1, 48, 48], float32 from 0 to 255, to logits [batch, classes]."""

    def __init__(self, width: int, dropout: float, classes: int) -> None:
        super().__init__()
        w = width
        self.features = nn.Sequential(
            nn.Conv2d(1, w, 3, padding=1, bias=False),
            nn.BatchNorm2d(w),
            nn.ReLU(),
            Block(w, w),
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
        x = self.features(standardise(pictures))
        logits: Tensor = self.head(self.dropout(x.mean(dim=(2, 3))))
        return logits


def standardise(pictures: Tensor) -> Tensor:
    """Zero mean and unit deviation per picture, inside the graph: no caller can forget it."""
    centred = pictures - pictures.mean(dim=(1, 2, 3), keepdim=True)
    variance = (centred * centred).mean(dim=(1, 2, 3), keepdim=True)
    # One grey level squared keeps a blank picture finite and changes no face.
    return centred / torch.sqrt(variance + 1.0)
