"""Recipe: the settings of one model, read from a TOML file in recipes/.

What a file leaves out has the value written here; what it says and nobody knows is an error.
"""

import tomllib
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Network:
    name: str  # one of networks.NETWORKS
    options: dict[str, Any] = field(default_factory=dict)  # what only this network takes


@dataclass(frozen=True)
class Targets:
    labels_share: float = 1.0  # of the challenge's label; the rest is what the crowd voted
    label_smoothing: float = 0.0


@dataclass(frozen=True)
class Teacher:
    recipes: list[str]  # the runs beside this one whose averaged networks teach, by their mean
    looks: int  # of each at a picture, augmented differently, and their mirror images
    share: float  # of the loss; the rest goes by the targets
    temperature: float  # of all networks' answers where they are compared


@dataclass(frozen=True)
class Cycle:
    stages: list[list[int]]  # side of the pictures in pixels, epochs
    learning_rate: float  # at its highest
    mixup: float = 0.0
    augmentation: float = 1.0  # share of the recipe's own
    rate: str = "cosine"  # down to nothing, or "constant"

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
class Plateau:
    """The rate is multiplied by `factor` where a figure has not improved for so many epochs."""

    watch: str  # the validation's "loss", or its "accuracy" by the challenge's labels
    factor: float
    patience: int
    least: float = 0.0  # of the rate


@dataclass(frozen=True)
class EarlyStopping:
    """Training ends where a figure has not improved for so many epochs; the best epoch is kept."""

    watch: str
    patience: int


@dataclass(frozen=True)
class Training:
    seed: int
    batch: int
    cycles: list[Cycle]
    precision: str = "float32"  # or "bfloat16": of the convolutions; weights and sums stay float32
    optimizer: str = "sgd"  # or "adam"
    momentum: float = 0.9  # SGD's
    nesterov: bool = True
    warmup_epochs: float = 0.0
    weight_decay: float = 0.0  # of all kernels
    l2: float = 0.0  # Keras's: times the sum of squares, for the layers the network names
    ema: float = 0.0  # per step; 0: the last weights themselves
    plateau: Plateau | None = None
    early_stopping: EarlyStopping | None = None

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
    rotate: float = 0.0  # degrees either way
    scale: float = 0.0  # e to the power of this, either way
    shift: float = 0.0  # of the side, either way
    gamma: float = 0.0  # e to the power of this, either way
    erase: float = 0.0  # share of pictures
    erase_min: int = 0  # pixels of a 48-px picture
    erase_max: int = 0
    zoom: float = 0.0  # of the side, either way, width and height by themselves (Keras)
    shear: float = 0.0  # degrees either way (Keras)
    flip: bool = True  # half of the pictures, left to right
    flip_vertical: bool = False  # half of the pictures, upside down

    def weakened(self, share: float) -> "Augmentation":
        """The same with so much of each range; what is erased keeps its size."""
        ranges = ("rotate", "scale", "shift", "gamma", "erase", "zoom", "shear")
        return replace(self, **{name: share * getattr(self, name) for name in ranges})


@dataclass(frozen=True)
class Card:
    title: str
    margin: float = 0.1
    prior_shift: float = 0.0  # 1: all the way to the prior of the crowd's votes
    temperature: float = 1.0  # where the split keeps no pictures to fit it on
    floor: float = 0.0  # of a probability, which smoothed targets leave in every answer
    published: str = ""  # the source's own figure, and on what


@dataclass(frozen=True)
class Recipe:
    name: str
    network: Network
    targets: Targets
    training: Training
    card: Card
    augmentation: Augmentation | None = None
    teacher: Teacher | None = None
    split: str = "digest"  # or "everything", "random-fifth": see data.load

    @property
    def only_labels(self) -> bool:
        """Whether it is to say what the labels say, and is judged by them."""
        return self.targets.labels_share == 1

    def learned(self) -> dict[str, Any]:
        """What the weights depend on; the card may be changed without training again."""
        settings = asdict(self)
        del settings["card"]
        settings["network"] = {"name": self.network.name, **self.network.options}
        return settings

    def made(self, learned: dict[str, Any]) -> bool:
        """Whether a run with these learned settings is one of this recipe."""
        # A run of an earlier day may not name what has been added since: it had the default.
        name = str(learned["name"])
        try:
            return parse(name, {**learned, "card": asdict(self.card)}).learned() == self.learned()
        except TypeError:  # a setting that there is no more
            return False


def load(path: Path) -> Recipe:
    """The recipe in a file; a missing or unknown setting is an error that names the file."""
    try:
        return parse(path.stem, tomllib.loads(path.read_text()))
    except (TypeError, KeyError, tomllib.TOMLDecodeError) as cause:
        raise SystemExit(f"{path}: {cause}") from cause


def named(name: str) -> Recipe:
    """The project's own recipe of that name."""
    return load(RECIPES / f"{name}.toml")


def parse(name: str, tables: dict[str, Any]) -> Recipe:
    network = dict(tables["network"])
    training = dict(tables["training"])
    training["cycles"] = [Cycle(**cycle) for cycle in training["cycles"]]
    if training.get("plateau"):
        training["plateau"] = Plateau(**training["plateau"])
    if training.get("early_stopping"):
        training["early_stopping"] = EarlyStopping(**training["early_stopping"])
    others = {
        key: value
        for key, value in tables.items()
        if key not in ("name", "network", "targets", "training", "card", "augmentation", "teacher")
    }
    return Recipe(
        name,
        Network(network.pop("name"), network),
        Targets(**tables["targets"]),
        Training(**training),
        Card(**tables["card"]),
        Augmentation(**tables["augmentation"]) if tables.get("augmentation") else None,
        Teacher(**tables["teacher"]) if tables.get("teacher") else None,
        **others,
    )
