"""`cnn-wide`: few, wide layers; rebuilt from its source's counts with the usual dropouts."""

from collections.abc import Iterable

from torch import nn

from .common import Chain, conv, conv_norm, dense_norm, initialise, pool


class CnnWide(Chain):
    def __init__(self, pixels: str = "0..1", dropout: float = 0.25) -> None:
        drop = nn.Dropout(dropout)
        features = [*conv(1, 32), *conv_norm(32, 64), pool(), drop]
        features += [*conv_norm(64, 128, 5), pool(), drop]
        features += [*conv_norm(128, 512), pool(), drop]
        features += [*conv_norm(512, 512), pool(), drop]
        layers = [*dense_norm(512 * 3 * 3, 256), drop, *dense_norm(256, 512), nn.Dropout(0.5)]
        super().__init__(pixels, features, layers)
        initialise(self)

    def regularised(self) -> Iterable[nn.Module]:
        """The two convolutions of 512."""
        return [
            layer
            for layer in self.features
            if isinstance(layer, nn.Conv2d) and layer.out_channels == 512
        ]
