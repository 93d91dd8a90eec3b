"""What the networks share: the input they name, the scale of its pixels, and Keras's ways.

Where a network comes from Keras, its defaults are kept: Glorot's uniform kernels, biases of zero,
batch norm with momentum 0.99 and epsilon 1e-3, convolutions with a bias.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from expressions import EXPRESSIONS

PIXELS = ("0..255", "0..1", "-1..1", "standardised")


class FaceNetwork(nn.Module):
    """Pictures [batch, channels, side, side], float32 from 0 to 255, to logits [batch, 7].

    What the pixels are scaled to happens inside the graph: no caller can forget it. `head` is the
    last layer; a shift of the prior moves its biases.
    """

    side = 48
    channels = 1
    floor = 0.0  # of a probability, taken out of what a finished network says: see `without_floor`
    head: nn.Linear | nn.Conv2d

    def __init__(self, pixels: str) -> None:
        super().__init__()
        if pixels not in PIXELS:
            raise ValueError(f"pixels = {pixels!r} is none of {', '.join(PIXELS)}")
        self.pixels = pixels

    def forward(self, pictures: Tensor) -> Tensor:
        logits = self.answer(scaled(pictures, self.pixels))
        return without_floor(logits, self.floor) if self.floor else logits

    def answer(self, pictures: Tensor) -> Tensor:
        """Scaled pictures to logits."""
        raise NotImplementedError

    def regularised(self) -> Iterable[nn.Module]:
        """The layers whose kernels a recipe's `l2` holds small."""
        return ()


class Chain(FaceNetwork):
    """Convolutions, then dense layers: what most networks of the field are."""

    def __init__(self, pixels: str, features: list[nn.Module], dense: list[nn.Module]) -> None:
        super().__init__(pixels)
        self.features = nn.Sequential(*features)
        self.dense = nn.Sequential(*dense)
        width = [layer.out_features for layer in dense if isinstance(layer, nn.Linear)][-1]
        self.head = nn.Linear(width, len(EXPRESSIONS))

    def answer(self, pictures: Tensor) -> Tensor:
        # Flattening leaves a batch of one its axis; the dense layers name how many features come.
        logits: Tensor = self.head(self.dense(self.features(pictures).flatten(1)))
        return logits


def without_floor(logits: Tensor, floor: float) -> Tensor:
    """Logits whose probabilities go below a floor, which smoothed targets keep all of them above.

    A network that never saw a target above 0.91 is right more often than it says where it is sure;
    no temperature mends that, since it makes the others too sure. A tenth of the floor stays, so
    that nothing is impossible.
    """
    above = (torch.softmax(logits, dim=1) - floor).clamp(min=0)
    return torch.log(above + floor / 10)


def scaled(pictures: Tensor, pixels: str) -> Tensor:
    if pixels == "standardised":
        return standardise(pictures)
    if pixels == "0..1":
        return pictures / 255
    return pictures / 127.5 - 1 if pixels == "-1..1" else pictures


def standardise(pictures: Tensor) -> Tensor:
    """Zero mean and unit deviation per picture."""
    centred = pictures - pictures.mean(dim=(1, 2, 3), keepdim=True)
    variance = (centred * centred).mean(dim=(1, 2, 3), keepdim=True)
    # One grey level squared keeps a blank picture finite and changes no face.
    return centred / torch.sqrt(variance + 1.0)


def conv(inside: int, out: int, side: int = 3, *, same: bool = True) -> list[nn.Module]:
    """A convolution with ReLU; `same` keeps the picture's size, else it loses side - 1."""
    return [nn.Conv2d(inside, out, side, padding=side // 2 if same else 0), nn.ReLU(inplace=True)]


def conv_norm(inside: int, out: int, side: int = 3) -> list[nn.Module]:
    """ReLU before the norm, as those do who write `activation="relu"` into Keras's layer."""
    return [*conv(inside, out, side), norm(out)]


def dense(inside: int, out: int) -> list[nn.Module]:
    return [nn.Linear(inside, out), nn.ReLU(inplace=True)]


def dense_norm(inside: int, out: int) -> list[nn.Module]:
    return [*dense(inside, out), nn.BatchNorm1d(out, eps=1e-3, momentum=0.01)]


def norm(channels: int) -> nn.BatchNorm2d:
    """Keras's batch norm; its momentum 0.99 keeps what PyTorch's 0.01 does not move."""
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def pool() -> nn.MaxPool2d:
    return nn.MaxPool2d(2)


def initialise(network: nn.Module, kernels: str = "glorot") -> None:
    """Kernels by Glorot & Bengio 2010 (uniform) or He et al. 2015 (normal), biases zero."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            if kernels == "glorot":
                nn.init.xavier_uniform_(layer.weight)
            else:
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.BatchNorm2d | nn.BatchNorm1d):
            layer.reset_parameters()
