"""One short file per network; a recipe names the one it wants."""

from collections.abc import Callable
from functools import partial

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from recipe import Network

from .alexnet import AlexNet
from .blocks import Blocks
from .cnn_wide import CnnWide
from .common import FaceNetwork
from .mien import Mien
from .mini_xception import MiniXception
from .mobilenetv2_head import MobileNetV2Head
from .resnet50_head import ResNet50Head
from .transfer import Transfer
from .vgg_small import VggSmall
from .vgg_small_2 import VggSmall2
from .vggnet import VggNet

NETWORKS: dict[str, Callable[..., FaceNetwork]] = {
    "mien": Mien,
    "vgg16-transfer": partial(Transfer, "vgg16"),
    "vgg19-transfer": partial(Transfer, "vgg19"),
    "mobilenet-transfer": partial(Transfer, "mobilenetv1_100"),
    "resnet50-transfer": partial(Transfer, "resnet50"),
    "cnn-tuned": partial(Blocks, [32, 128, 128, 32], [64]),
    "cnn-baseline": partial(Blocks, [32, 64, 128, 256], [64, 64]),
    "blocks": Blocks,
    "vggnet": VggNet,
    "mobilenetv2-head": MobileNetV2Head,
    "resnet50-head": ResNet50Head,
    "vgg-small": VggSmall,
    "vgg-small-2": VggSmall2,
    "cnn-wide": CnnWide,
    "alexnet-48": AlexNet,
    "mini-xception": MiniXception,
}


def build(settings: Network) -> FaceNetwork:
    """A network with fresh weights."""
    if settings.name not in NETWORKS:
        names = ", ".join(NETWORKS)
        raise ValueError(f"no network is called {settings.name!r}; there are: {names}")
    try:
        return NETWORKS[settings.name](**settings.options)
    except TypeError as cause:
        raise ValueError(f"the network {settings.name} does not take {settings.options}") from cause


def parameters(network: nn.Module) -> int:
    """Keras's way: the statistics of batch norms count."""
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    return sum(p.numel() for p in network.parameters()) + sum(2 * m.num_features for m in norms)


def multiplications(network: FaceNetwork) -> int:
    """Of one face: convolutions and dense layers, which are nearly all."""
    face = torch.zeros(1, network.channels, network.side, network.side)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.eval()(face)
    return int(counter.get_total_flops()) // 2  # it counts a multiplication and an addition as two
