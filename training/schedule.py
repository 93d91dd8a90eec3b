"""How the learning rate goes, and when a run has waited long enough."""

import math
from dataclasses import dataclass

from recipe import Cycle, EarlyStopping, Plateau

LEAST_GAIN = 1e-4  # Keras's min_delta of ReduceLROnPlateau; its EarlyStopping has 0


def learning_rate(epoch: float, cycle: Cycle, warmup: float) -> float:
    """A straight way up, then a cosine down to nothing (SGDR, Loshchilov & Hutter 2017)."""
    if epoch < warmup:
        return cycle.learning_rate * epoch / warmup
    if cycle.rate == "constant":
        return cycle.learning_rate
    way = (epoch - warmup) / (cycle.epochs - warmup)
    return cycle.learning_rate * (1 + math.cos(math.pi * way)) / 2


@dataclass
class Patience:
    """Watches one figure, as Keras's ReduceLROnPlateau and EarlyStopping do."""

    watch: str  # "loss" or "accuracy"
    epochs: int
    least_gain: float = 0.0
    best: float = -math.inf
    waited: int = 0

    def __post_init__(self) -> None:
        if self.watch not in ("loss", "accuracy"):
            raise ValueError(f"watch = {self.watch!r} is neither 'loss' nor 'accuracy'")

    @staticmethod
    def of(settings: Plateau | EarlyStopping | None) -> "Patience | None":
        if settings is None:
            return None
        least = LEAST_GAIN if isinstance(settings, Plateau) else 0.0
        return Patience(settings.watch, settings.patience, least)

    def improves(self, loss: float, accuracy: float) -> bool:
        """Takes an epoch's figures; whether they are the best so far."""
        value = -loss if self.watch == "loss" else accuracy
        if value > self.best + self.least_gain:
            self.best, self.waited = value, 0
            return True
        self.waited += 1
        return False

    @property
    def over(self) -> bool:
        return self.waited >= self.epochs
