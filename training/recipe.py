"""Recipe: the settings of one model, read from a TOML file in recipes/."""

import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Network:
    name: str
    width: int
    fine: bool
    dropout: float


@dataclass(frozen=True)
class Targets:
    labels_share: float  # of the challenge's label; the rest is what the crowd voted
    label_smoothing: float


@dataclass(frozen=True)
class Training:
    seed: int
    start_from: str
    stages: list[list[int]]
    cosine_epochs: int
    warmup_epochs: float
    batch: int
    learning_rate: float
    momentum: float
    weight_decay: float
    mixup: float
    ema: float

    @property
    def epochs(self) -> int:
        return sum(epochs for _, epochs in self.stages)

    def side(self, epoch: int) -> int:
        """The side of the pictures in an epoch, which counts from 0."""
        for side, epochs in self.stages:
            if epoch < epochs:
                return side
            epoch -= epochs
        raise ValueError("an epoch after the last stage")


@dataclass(frozen=True)
class Augmentation:
    rotate: float
    scale: float
    shift: float
    gamma: float
    erase: float
    erase_min: int
    erase_max: int


@dataclass(frozen=True)
class Card:
    title: str
    margin: float
    prior_shift: float


@dataclass(frozen=True)
class Recipe:
    name: str
    network: Network
    targets: Targets
    training: Training
    augmentation: Augmentation
    card: Card

    def learned(self) -> dict[str, Any]:
        """What the weights depend on; the card may be changed without training again."""
        settings = asdict(self)
        del settings["card"]
        return settings


def load(path: Path) -> Recipe:
    """The recipe in a file; a missing or unknown setting is an error, there are no defaults."""
    tables = tomllib.loads(path.read_text())
    return Recipe(
        path.stem,
        Network(**tables["network"]),
        Targets(**tables["targets"]),
        Training(**tables["training"]),
        Augmentation(**tables["augmentation"]),
        Card(**tables["card"]),
    )
