"""`vgg-small`: eight convolutions, the second of blocks two and three without padding."""

from torch import nn

from .common import Chain, conv, dense, initialise, pool


class VggSmall(Chain):
    def __init__(self, pixels: str = "0..255", dropout: float = 0.5) -> None:
        features: list[nn.Module] = []
        inside = 1
        for out, same in ((32, True), (64, False), (96, False), (128, True)):
            features += [*conv(inside, out), *conv(out, out, same=same)]
            features += [pool(), nn.Dropout(dropout)]
            inside = out
        super().__init__(pixels, features, dense(128 * 2 * 2, 128))
        initialise(self)
