"""AlexNet (Krizhevsky et al. 2012) sized for 48x48: the first kernel is 5 with stride 2."""

from torch import nn

from .common import Chain, conv, dense, initialise


class AlexNet(Chain):
    def __init__(self, pixels: str = "0..1", dropout: float = 0.5) -> None:
        features = [nn.Conv2d(1, 96, 5, stride=2, padding=2), nn.ReLU(inplace=True)]  # 24x24
        features += [nn.MaxPool2d(3, 2), *conv(96, 256, 5)]  # 11x11
        features += [nn.MaxPool2d(3, 2), *conv(256, 384), *conv(384, 384), *conv(384, 256)]  # 5x5
        features += [nn.MaxPool2d(3, 2)]  # 2x2
        layers = [*dense(256 * 2 * 2, 4096), nn.Dropout(dropout)]
        layers += [*dense(4096, 4096), nn.Dropout(dropout)]
        super().__init__(pixels, features, layers)
        initialise(self)
