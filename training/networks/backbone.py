"""Backbones from `timm`: with weights from ImageNet where they can be had, else from nothing.

timm's layers are kept: its batch norm (epsilon 1e-5, momentum 0.1) is the one its weights expect,
and its ResNet50 has no biases in its convolutions, where Keras's has 26,560.
"""

import warnings
from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor, nn

from .common import initialise


class Backbone(nn.Module):
    """Pictures [batch, 3, side, side] to features [batch, width, side / 32, side / 32]."""

    def __init__(self, name: str) -> None:
        super().__init__()
        # On "meta" nothing is filled in: VGG's own last layers, thrown away here, are 120 million.
        with torch.device("meta"):
            layers: Any = without_classifier(timm.create_model(name, num_classes=0))
        layers.to_empty(device="cpu")
        initialise(layers)
        self.layers = layers
        self.name = name
        self.width = int(layers.num_features)

    def forward(self, pictures: Tensor) -> Tensor:
        features: Tensor = self.layers.forward_features(pictures)
        return features

    def fill(self, weights: Path | None) -> None:
        """Takes timm's ImageNet weights from a file, or from the hub where it can be reached."""
        if weights:
            state = read(weights)
        else:
            try:
                with warnings.catch_warnings(action="ignore"):
                    state = timm.create_model(self.name, pretrained=True).state_dict()
            except Exception as cause:  # timm passes on whatever its hub's client raises
                raise SystemExit(
                    f"the ImageNet weights of {self.name} cannot be fetched "
                    f"({type(cause).__name__}): give them with --weights FILE, or leave "
                    "--pretrained out to train from scratch"
                ) from cause
        wanted = self.layers.state_dict()
        missing = [key for key in wanted if key not in state and "num_batches" not in key]
        if missing:
            raise SystemExit(
                f"{weights or 'the hub'} holds no weights of timm's {self.name}: "
                f"{missing[0]} and {len(missing) - 1} others are missing"
            )
        other = [key for key in wanted if key in state and state[key].shape != wanted[key].shape]
        if other:
            raise SystemExit(
                f"{weights or 'the hub'} holds the weights of another network than timm's "
                f"{self.name}: {other[0]} is {list(state[other[0]].shape)} there and "
                f"{list(wanted[other[0]].shape)} here"
            )
        self.layers.load_state_dict({k: v for k, v in state.items() if k in wanted}, strict=False)


def without_classifier(layers: nn.Module) -> nn.Module:
    for name in ("pre_logits", "head"):  # VGG's 4096s
        if hasattr(layers, name):
            setattr(layers, name, nn.Identity())
    return layers


def read(path: Path) -> dict[str, Tensor]:
    if not path.exists():
        raise SystemExit(f"{path} is missing: --weights wants a file of timm's weights")
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return dict(load_file(path))
    return dict(torch.load(path, weights_only=True))
