"""`vgg-small-2`: eight convolutions, one dropout behind the last of them."""

from itertools import pairwise

from torch import nn

from .common import Chain, conv, dense, initialise, pool


class VggSmall2(Chain):
    def __init__(self, pixels: str = "0..255", dropout: float = 0.5) -> None:
        features: list[nn.Module] = []
        inside = 1
        for out, depth in ((32, 1), (64, 2), (64, 2), (128, 3)):
            for a, b in pairwise([inside] + depth * [out]):
                features += conv(a, b)
            features.append(pool())
            inside = out
        super().__init__(pixels, [*features, nn.Dropout(dropout)], dense(128 * 3 * 3, 128))
        initialise(self)
