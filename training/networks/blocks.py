"""Blocks of two convolutions on 48x48x3: `cnn-tuned`, `cnn-baseline`, what the search tries.

Each convolution is followed by ReLU and batch norm, the second one by max pool and dropout too.
"""

from itertools import pairwise

from torch import nn

from .common import Chain, conv_norm, dense_norm, initialise, pool


class Blocks(Chain):
    channels = 3

    def __init__(
        self,
        filters: list[int],
        units: list[int],
        kernels: list[int] | None = None,  # one per block; 3 if not said
        pixels: str = "0..1",
        dropout: float = 0.2,
    ) -> None:
        features: list[nn.Module] = []
        for (inside, out), side in zip(
            pairwise([self.channels, *filters]), kernels or [3] * len(filters)
        ):
            features += [*conv_norm(inside, out, side), *conv_norm(out, out, side)]
            features += [pool(), nn.Dropout(dropout)]
        left = self.side >> len(filters)  # pixels a side after the pools
        layers: list[nn.Module] = []
        for inside, out in pairwise([filters[-1] * left * left, *units]):
            layers += [*dense_norm(inside, out), nn.Dropout(0.5)]
        super().__init__(pixels, features, layers)
        initialise(self, "he")
