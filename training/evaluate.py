"""How good a run is, by both truths, and the temperature that makes its confidence honest.

    python evaluate.py recipes/mien-m.toml --data DIR --runs DIR

Prints both tables for the validation pictures. With --test for PublicTest as well, which is to be
looked at rarely: each look is an entry in README.md. report.py makes a page of that.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import nll_loss

import data
import networks
import recipe
from augment import SIDE, augment, feed, resized
from data import FaceSet
from expressions import EXPRESSIONS
from networks.common import FaceNetwork
from recipe import Augmentation, Recipe
from schedule import Patience

# As `mien eval` (src/evaluation/metrics.rs), so that its figures are the same.
ECE_BINS = 15  # Guo et al. 2017
LEAST_PROBABILITY = torch.finfo(torch.float32).eps  # that the loss believes, as scikit-learn does

# As wide as the boxes that framing.py measures: by the quartiles, their logs of the scale and their
# shifts have standard deviations of 0.12 and 0.045; even numbers from -a to a have a / sqrt(3).
FRAMING = Augmentation(scale=0.2, shift=0.08, flip=False)
FRAMINGS = 4  # of each picture


@dataclass(frozen=True)
class Scores:
    n: int
    accuracy: float
    loss: float  # cross-entropy
    mean_recall: float
    macro_f1: float
    ece: float
    recall: dict[str, float]
    confusion: list[list[int]]  # rows: truth, columns: answer
    reliability: list[list[float]]  # bins with a picture: mean confidence, accuracy, pictures


@dataclass(frozen=True)
class Report:
    parameters: int
    temperature: float
    flip_accuracy: float  # by the labels, each picture answered with its mirror image
    flip_crowd_accuracy: float | None
    challenge: Scores
    crowd: Scores | None  # nothing by the crowd where no picture has a majority of votes


def finished(settings: Recipe, runs: Path) -> dict[str, Any]:
    """What a run of this recipe saved at its end; one that is not there yet is refused."""
    run, name = runs / settings.name, settings.name
    if not (run / "checkpoint.pt").exists():
        raise SystemExit(f"{run} holds no run: train {name} first")
    state: dict[str, Any] = torch.load(run / "checkpoint.pt", weights_only=True, map_location="cpu")
    if not settings.made(state["recipe"]):
        raise SystemExit(f"the run in {run} had other settings than the recipe {name} has")
    epoch, epochs = state["epoch"], settings.training.epochs
    stopping = Patience.of(settings.training.early_stopping)
    if stopping:
        stopping.best, stopping.waited = state["stopping"]
    if epoch < epochs and not (stopping and stopping.over):
        raise SystemExit(
            f"the run in {run} broke off after epoch {epoch} of {epochs}: train {name} to its end"
        )
    return state


def kept(settings: Recipe, runs: Path) -> FaceNetwork:
    """A finished run's network: the averaged one of the last epoch, or of the best."""
    state = finished(settings, runs)
    network = networks.build(settings.network)
    network.load_state_dict(state["best"] or state["average"])
    return network.eval()


def load_run(settings: Recipe, runs: Path, training: FaceSet) -> FaceNetwork:
    """A finished run's network, its prior moved as the recipe's card wants it."""
    network = kept(settings, runs)
    if not settings.only_labels:
        data.need_votes(training, settings.name)
    shift_prior(network, training, settings)
    network.floor = settings.card.floor
    return network


def start_of(settings: Recipe, runs: Path) -> str:
    """What a run's backbone began with."""
    return str(finished(settings, runs)["start"])


@torch.no_grad()
def shift_prior(network: FaceNetwork, training: FaceSet, settings: Recipe) -> None:
    """Moves the answers from the training targets' prior towards that of the crowd's votes.

    Logit adjustment (Menon et al. 2021): the last layer's biases take the difference of the logs.
    """
    # An expression that no picture shows has a prior too, or its log would be infinite.
    own = data.targets(training, settings.targets.labels_share).mean(dim=0).clamp(min=1e-6)
    crowd = data.targets(training, 0.0).mean(dim=0).clamp(min=1e-6)
    assert network.head.bias is not None
    network.head.bias.add_(settings.card.prior_shift * (crowd.log() - own.log()))


@torch.no_grad()
def logits_of(network: FaceNetwork, pictures: Tensor) -> Tensor:
    """What a network answers to pictures [n, 48, 48]."""
    network.eval()
    device = next(network.parameters()).device
    return torch.cat([network(looks.to(device)) for looks in looks_of(network, pictures)]).cpu()


def looks_of(network: FaceNetwork, pictures: Tensor) -> Iterator[Tensor]:
    """Pictures [n, 48, 48] as a network takes them, in batches that fit the caches."""
    for batch in torch.split(pictures[:, None], max(1, 256 * SIDE**2 // network.side**2)):
        yield feed(resized(batch.float(), network.side), network)


def fit_temperature(logits: Tensor, truth: Tensor) -> float:
    """The divisor of the logits with the least ECE, to a hundredth.

    Not the least cross-entropy (Guo et al. 2017): a network that learned from smoothed targets has
    the two apart, and what it says is to be as often right as it says.
    """
    tried = [t / 100 for t in range(30, 301)]
    return min(tried, key=lambda t: score(torch.softmax(logits / t, dim=1), truth).ece)


def framed_by_detector(pictures: Tensor) -> list[Tensor]:
    """Pictures [n, 48, 48], moved and scaled at random as the detector's boxes are."""
    numbers = torch.get_rng_state()
    torch.manual_seed(0)
    batches = torch.split(pictures[:, None].float(), 256)
    framed = [
        torch.cat([augment(batch, FRAMING) for batch in batches])[:, 0] for _ in range(FRAMINGS)
    ]
    torch.set_rng_state(numbers)
    return framed


def score(probabilities: Tensor, truth: Tensor) -> Scores:
    """Pictures whose truth is -1 are left out.

    As in `mien eval`, the mean recall is over the expressions that occur, macro F1 over those that
    occur or are answered.
    """
    probabilities, truth = probabilities[truth >= 0], truth[truth >= 0]
    classes = len(EXPRESSIONS)
    confidence, answer = probabilities.max(dim=1)
    confusion = torch.bincount(truth * classes + answer, minlength=classes**2)
    confusion = confusion.view(classes, classes)
    right = confusion.diagonal().double()
    occurs, answered = confusion.sum(dim=1), confusion.sum(dim=0)
    recall = right / occurs.clamp(min=1)
    f1 = 2 * right / (occurs + answered).clamp(min=1)

    correct = (answer == truth).double()
    bins = (confidence * ECE_BINS).long().clamp(max=ECE_BINS - 1)
    sums = torch.zeros(ECE_BINS, 3, dtype=torch.double)
    sums.index_add_(0, bins, torch.stack([confidence.double(), correct, correct * 0 + 1], dim=1))
    filled = sums[sums[:, 2] > 0]
    gaps = sums[:, 1] - sums[:, 0]
    return Scores(
        n=len(truth),
        accuracy=round(correct.mean().item(), 6),
        loss=round(nll_loss(probabilities.clamp(min=LEAST_PROBABILITY).log(), truth).item(), 4),
        mean_recall=round(recall[occurs > 0].mean().item(), 6),
        macro_f1=round(f1[occurs + answered > 0].mean().item(), 6),
        ece=round(gaps.abs().sum().item() / len(truth), 6),
        recall={name: round(r, 3) for name, r in zip(EXPRESSIONS, recall.tolist())},
        confusion=confusion.tolist(),
        reliability=[
            [round(sure / n, 4), round(right / n, 4), int(n)] for sure, right, n in filled.tolist()
        ],
    )


def by_crowd(probabilities: Tensor, faces: FaceSet) -> Scores | None:
    """None where no picture has a majority of votes."""
    crowd = data.crowd_labels(faces)
    return score(probabilities, crowd) if (crowd >= 0).any() else None


def report(settings: Recipe, network: FaceNetwork, validation: FaceSet, judged: FaceSet) -> Report:
    """Scores on the judged set, with the temperature fitted on the validation set.

    A model is as sure as it is right by one truth only: the crowd's, unless it is to say what the
    labels say. And it is to be so in the app, so the validation pictures are framed as the app's
    detector does. Where no pictures were kept for it the recipe says the temperature.
    """
    temperature = settings.card.temperature
    if data.keeps_validation(settings.split):
        truth = validation.labels if settings.only_labels else data.crowd_labels(validation)
        framed = framed_by_detector(validation.pictures)
        logits = torch.cat([logits_of(network, pictures) for pictures in framed])
        temperature = fit_temperature(logits, truth.repeat(FRAMINGS))
    probabilities = torch.softmax(logits_of(network, judged.pictures) / temperature, dim=1)
    other = torch.softmax(logits_of(network, judged.pictures.flip(-1)) / temperature, dim=1)
    both = (probabilities + other) / 2
    flipped = by_crowd(both, judged)
    return Report(
        parameters=networks.parameters(network),
        temperature=temperature,
        flip_accuracy=score(both, judged.labels).accuracy,
        flip_crowd_accuracy=flipped.accuracy if flipped else None,
        challenge=score(probabilities, judged.labels),
        crowd=by_crowd(probabilities, judged),
    )


def print_report(title: str, r: Report) -> None:
    print(f"{title}: {r.parameters} parameters, temperature {r.temperature}")
    for truth, s in (("challenge's labels", r.challenge), ("the crowd", r.crowd)):
        if s is None:
            print(f"  by {truth}: nothing, no picture has a majority of votes")
            continue
        print(
            f"  by {truth} ({s.n}): accuracy {s.accuracy:.1%}, mean recall {s.mean_recall:.1%}, "
            f"macro F1 {s.macro_f1:.1%}, ECE {s.ece:.3f}"
        )
        print("    recall", *(f"{name} {value:.2f}" for name, value in s.recall.items()))
        for name, row in zip(EXPRESSIONS, s.confusion):
            print(f"    {name:>9}", *(f"{count:5}" for count in row))


def main() -> None:
    parser = argparse.ArgumentParser(description="Judge a run by both truths")
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="the folder with the pictures")
    parser.add_argument("--runs", type=Path, required=True, help="where train.py put its run")
    parser.add_argument("--test", action="store_true", help="PublicTest too; write down the look")
    args = parser.parse_args()
    settings = recipe.load(args.recipe)
    training, validation, test = data.load(args.data, settings.split)
    network = load_run(settings, args.runs, training)
    sets = {"validation": validation}
    if args.test:
        sets[data.measured_on(settings.split, len(test))] = test
    for name, faces in sets.items():
        found = report(settings, network, validation, faces)
        print_report(f"{settings.name} on {name}", found)


if __name__ == "__main__":
    main()
