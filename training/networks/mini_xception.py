"""mini-Xception (Arriaga et al. 2017): separable convolutions, no dense layer, 64x64 pictures."""

from collections.abc import Iterable
from itertools import pairwise

from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from expressions import EXPRESSIONS

from .common import FaceNetwork, initialise, norm


class MiniXception(FaceNetwork):
    side = 64

    def __init__(self, pixels: str = "-1..1") -> None:
        super().__init__(pixels)
        self.stem = nn.Sequential(
            *(nn.Conv2d(1, 8, 3, bias=False), norm(8), nn.ReLU(inplace=True)),
            *(nn.Conv2d(8, 8, 3, bias=False), norm(8), nn.ReLU(inplace=True)),
        )
        self.blocks = nn.Sequential(*(Block(a, b) for a, b in pairwise([8, 16, 32, 64, 128])))
        self.head = nn.Conv2d(128, len(EXPRESSIONS), 3, padding=1)
        initialise(self)

    def answer(self, pictures: Tensor) -> Tensor:
        logits: Tensor = self.head(self.blocks(self.stem(pictures))).mean(dim=(2, 3))
        return logits

    def regularised(self) -> Iterable[nn.Module]:
        """Its source's `kernel_regularizer` reaches plain convolutions only."""
        return (self.stem[0], self.stem[3])


class Block(nn.Module):
    """Two separable convolutions and a 1x1 way round them; both halve the picture."""

    def __init__(self, inside: int, out: int) -> None:
        super().__init__()
        self.first = nn.Sequential(*separable(inside, out), nn.ReLU(inplace=True))
        self.second = nn.Sequential(*separable(out, out))
        self.around = nn.Sequential(nn.Conv2d(inside, out, 1, bias=False), norm(out))

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(self.first(x))
        # Keras's "same": an odd side is padded on both ends, an even one only on the far end.
        y = max_pool2d(y, 3, 2, padding=int(y.shape[-1]) % 2, ceil_mode=True)
        # Every other pixel: a stride of 2 in a 1x1 kernel crashes PyTorch 2.15 on a CPU
        # (channels last, 8 channels of 60x60, backwards).
        summed: Tensor = y + self.around(x[..., ::2, ::2])
        return summed


def separable(inside: int, out: int) -> tuple[nn.Module, ...]:
    depthwise = nn.Conv2d(inside, inside, 3, padding=1, groups=inside, bias=False)
    return depthwise, nn.Conv2d(inside, out, 1, bias=False), norm(out)
