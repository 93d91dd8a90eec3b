"""A VGG with batch norm for 48x48: ten convolutions, two dense layers of 4096."""

from itertools import pairwise

from torch import nn

from .common import Chain, conv_norm, dense, initialise, pool


class VggNet(Chain):
    def __init__(self, pixels: str = "0..1", dropout: float = 0.5) -> None:
        features: list[nn.Module] = []
        inside = 1
        for out, depth in ((64, 2), (128, 2), (256, 3), (512, 3)):
            for a, b in pairwise([inside] + depth * [out]):
                features += conv_norm(a, b)
            features.append(pool())
            inside = out
        layers = [*dense(512 * 3 * 3, 4096), nn.Dropout(dropout)]
        layers += [*dense(4096, 4096), nn.Dropout(dropout)]
        super().__init__(pixels, features, layers)
        initialise(self)
