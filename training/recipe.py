"""Recipe: the settings of one model, read from a TOML file in recipes/."""

import tomllib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Network:
    name: str
    width: int
    late: int
    dropout: float


@dataclass(frozen=True)
class Targets:
    labels_share: float  # of the challenge's label; the rest is what the crowd voted
    label_smoothing: float


@dataclass(frozen=True)
class Teacher:
    recipe: str  # the run beside this one whose averaged network teaches
    share: float  # of the loss; the rest goes by the targets
    temperature: float  # of both networks' answers where they are compared


@dataclass(frozen=True)
class Cycle:
    stages: list[list[int]]  # side of the pictures in pixels, epochs
    learning_rate: float  # at its highest
    mixup: float
    augmentation: float  # share of the recipe's own

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
class Training:
    seed: int
    precision: str  # "float32" or "bfloat16": of the convolutions; weights and sums stay float32
    warmup_epochs: float
    batch: int
    momentum: float
    weight_decay: float
    ema: float
    cycles: list[Cycle]

    @property
    def epochs(self) -> int:
        return sum(cycle.epochs for cycle in self.cycles)

    def cycle(self, epoch: int) -> tuple[Cycle, int]:
        """The cycle of an epoch, and how many epochs of it are over."""
        for cycle in self.cycles:
            if epoch < cycle.epochs:
                return cycle, epoch
            epoch -= cycle.epochs
        raise ValueError("an epoch after the last cycle")


@dataclass(frozen=True)
class Augmentation:
    rotate: float
    scale: float
    shift: float
    gamma: float
    erase: float
    erase_min: int
    erase_max: int

    def weakened(self, share: float) -> "Augmentation":
        """The same with so much of each range; what is erased keeps its size."""
        return replace(
            self,
            rotate=share * self.rotate,
            scale=share * self.scale,
            shift=share * self.shift,
            gamma=share * self.gamma,
            erase=share * self.erase,
        )


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
    teacher: Teacher | None = None

    def learned(self) -> dict[str, Any]:
        """What the weights depend on; the card may be changed without training again."""
        settings = asdict(self)
        del settings["card"]
        return settings


def load(path: Path) -> Recipe:
    """The recipe in a file; a missing or unknown setting is an error; a teacher may be absent."""
    tables = tomllib.loads(path.read_text())
    cycles = [Cycle(**cycle) for cycle in tables["training"].pop("cycles")]
    return Recipe(
        path.stem,
        Network(**tables["network"]),
        Targets(**tables["targets"]),
        Training(**tables["training"], cycles=cycles),
        Augmentation(**tables["augmentation"]),
        Card(**tables["card"]),
        Teacher(**tables["teacher"]) if "teacher" in tables else None,
    )
