"""Train one network by one recipe. A run that was broken off goes on where it stood.

    python train.py recipes/mien-s.toml --data DIR --runs DIR

RUNS/mien-s/ gets checkpoint.pt after every epoch and curves.csv, one row per epoch.
"""

import argparse
import copy
import csv
import hashlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softmax

import data
import networks
import origin
import recipe
from augment import augment, feed
from data import FaceSet
from evaluate import kept, logits_of
from expressions import EXPRESSIONS
from networks.backbone import Backbone
from networks.common import FaceNetwork
from recipe import Recipe, Teacher
from schedule import Patience, learning_rate


@dataclass(frozen=True)
class Start:
    """What a backbone begins with."""

    pretrained: bool = False
    weights: Path | None = None

    def words(self) -> str:
        if self.weights:
            return f"weights of {self.weights.name}"
        return "ImageNet weights" if self.pretrained else "scratch"

    def fill(self, network: FaceNetwork) -> None:
        if not self.pretrained and self.weights is None:
            return
        backbones = [module for module in network.modules() if isinstance(module, Backbone)]
        if not backbones:
            raise SystemExit("this network has no backbone: it always learns from scratch")
        backbones[0].fill(self.weights)


def train(
    settings: Recipe,
    training: FaceSet,
    validation: FaceSet,
    run: Path,
    device: str = "cpu",
    start: Start | None = None,
    after_epoch: Callable[[dict[str, float]], None] | None = None,
) -> FaceNetwork:
    """The network that is kept: the averaged one of the last epoch, or of the best."""
    s, start = settings.training, start or Start()
    run.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(s.seed)
    network = networks.build(settings.network)
    start.fill(network)
    # Channels last is up to twice as fast on a CPU.
    network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(network).eval() if s.ema else network
    optimizer = optimizer_of(network, settings)
    plateau, stopping = Patience.of(s.plateau), Patience.of(s.early_stopping)
    share = 1.0  # of the rate, what the plateaus have left of it
    best: dict[str, Tensor] | None = None
    size = networks.parameters(network)
    print(f"{settings.name}: {size} parameters, {len(training)} pictures, {s.epochs} epochs")

    if not settings.only_labels:
        data.need_votes(training, settings.name)
    targets = data.targets(training, settings.targets.labels_share)
    wanted = data.targets(validation, settings.targets.labels_share)
    teachers = teachers_of(settings, run.parent, device)
    learned_from = digest(
        *(training.pictures, targets, validation.pictures, wanted),
        *(weights for teacher in teachers for weights in teacher.state_dict().values()),
    )

    done = 0
    saved = checkpoint(run, settings, start, learned_from)
    if saved:
        done = saved["epoch"]
        network.load_state_dict(saved["network"])
        average.load_state_dict(saved["average"])
        optimizer.load_state_dict(saved["optimizer"])
        share, best = saved["share"], saved["best"]
        for patience, name in ((plateau, "plateau"), (stopping, "stopping")):
            if patience:
                patience.best, patience.waited = saved[name]
        print(f"goes on after epoch {done}")

    smoothing = settings.targets.label_smoothing
    targets = (1 - smoothing) * targets + smoothing / len(EXPRESSIONS)
    crowd = data.crowd_labels(validation)
    known = crowd >= 0
    if settings.teacher:
        said = lesson(settings, settings.teacher, teachers, training.pictures, device)
        targets = torch.cat([targets, said], dim=1)  # both go through mixup together
    made = {"machine": origin.machine(device), "commit": origin.commit()}
    if made["commit"].endswith("-dirty"):
        print(
            "the checkout has changes that are in no commit: nobody can make this run again",
            file=sys.stderr,
        )

    steps = len(training) // s.batch  # the last, smaller batch is left out
    for epoch in range(done, s.epochs):
        if stopping and stopping.over:
            break
        began = time.monotonic()
        # Each epoch seeds itself, so a resumed run sees the very same numbers as an unbroken one.
        torch.manual_seed(s.seed * 1000 + epoch)
        network.train()
        cycle, over = s.cycle(epoch)
        weaker = settings.augmentation and settings.augmentation.weakened(cycle.augmentation)
        order = torch.randperm(len(training))
        total = right = 0.0
        for i in range(steps):
            step = epoch * steps + i
            rate = share * learning_rate(over + i / steps, cycle, s.warmup_epochs)
            for group in optimizer.param_groups:
                group["lr"] = rate

            chosen = order[i * s.batch : (i + 1) * s.batch]
            pictures = training.pictures[chosen, None].float()
            pictures = augment(pictures, weaker, cycle.side(over))
            pictures, aim = mix(pictures, targets[chosen], cycle.mixup)
            pictures, aim = pictures.to(device), aim.to(device)
            target = aim[:, : len(EXPRESSIONS)]
            with half_precision(s.precision, device):
                answer = network(feed(pictures, network))
            loss = cross_entropy(answer.float(), target)
            if settings.teacher:
                loss = taught(answer.float(), aim[:, len(EXPRESSIONS) :], loss, settings.teacher)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            if s.ema:
                follow(average, network, min(s.ema, (1 + step) / (10 + step)))
            total += loss.item()
            right += (answer.argmax(dim=1) == target.argmax(dim=1)).float().mean().item()

        logits = logits_of(average, validation.pictures)
        seen = logits.argmax(dim=1)
        figures = {
            "epoch": epoch + 1,
            "seconds": round(time.monotonic() - began, 1),
            "learning_rate": round(rate, 7),
            "loss": round(total / steps, 4),
            "validation_loss": round(cross_entropy(logits, wanted).item(), 4),
            "labels": round((seen == validation.labels).float().mean().item(), 4),
        }
        if known.any():
            figures["crowd"] = round((seen == crowd)[known].float().mean().item(), 4)
        # Of the augmented pictures: how often the likeliest answer was given.
        figures["training_labels"] = round(right / steps, 4)
        print(*(f"{name} {value}" for name, value in figures.items()), sep="  ", flush=True)
        watched = figures["validation_loss"], figures["labels"]
        if s.plateau and plateau and not plateau.improves(*watched) and plateau.over:
            share = max(share * s.plateau.factor, s.plateau.least / cycle.learning_rate)
            plateau.waited = 0
        if stopping and stopping.improves(*watched):
            best = {name: value.clone() for name, value in average.state_dict().items()}
        # Before the checkpoint: a run killed between the two repeats the epoch, and its row.
        write_curve(run / "curves.csv", figures)
        save(
            run,
            {
                "epoch": epoch + 1,
                "recipe": settings.learned(),
                "start": start.words(),
                "learned_from": learned_from,
                "made": made,
                "network": network.state_dict(),
                "average": average.state_dict(),
                "optimizer": optimizer.state_dict(),
                "share": share,
                "plateau": plateau and (plateau.best, plateau.waited),
                "stopping": stopping and (stopping.best, stopping.waited),
                "best": best,
            },
        )
        if after_epoch:
            after_epoch(figures)
    if best:
        average.load_state_dict(best)
    return average


def digest(*tensors: Tensor) -> str:
    """The SHA-256 of pictures, targets or weights."""
    found = hashlib.sha256()
    for tensor in tensors:
        found.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def checkpoint(
    run: Path, settings: Recipe, start: Start, learned_from: str
) -> dict[str, Any] | None:
    """Where a run broke off, if it is one with these settings, of these data and teachers."""
    if not (run / "checkpoint.pt").exists():
        return None
    saved: dict[str, Any] = torch.load(run / "checkpoint.pt", weights_only=True, map_location="cpu")
    if not settings.made(saved["recipe"]) or saved["start"] != start.words():
        raise SystemExit(f"{run} holds a run with other settings; remove it or choose other --runs")
    if saved.get("learned_from") != learned_from:
        raise SystemExit(
            f"{run} holds a run that learned from other data, or from teachers that were trained "
            "again since; remove it or choose other --runs"
        )
    return saved


def half_precision(precision: str, device: str) -> torch.autocast:
    """bfloat16 for the convolutions where a recipe asks for it: twice as fast on a CPU with AMX."""
    kind = torch.device(device).type
    return torch.autocast(kind, torch.bfloat16, enabled=precision == "bfloat16")


def teachers_of(settings: Recipe, runs: Path, device: str) -> list[FaceNetwork]:
    names = settings.teacher.recipes if settings.teacher else []
    teachers = [kept(recipe.named(name), runs) for name in names]
    for teacher in teachers:
        teacher.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return teachers


@torch.no_grad()
def lesson(
    settings: Recipe,
    teaching: Teacher,
    teachers: list[FaceNetwork],
    pictures: Tensor,
    device: str,
) -> Tensor:
    """What the teachers say of pictures [n, 48, 48], softened by their temperature, [n, 7].

    The mean over several looks and their mirror images: one network that is asked so is better than
    itself (`teacher-challenge`: 70.3 % of the validation pictures for 69.1 %), and a pupil asks
    only once.
    """
    looks = settings.augmentation and settings.augmentation.weakened(0.5)
    torch.manual_seed(settings.training.seed)
    said = []
    for batch in torch.split(pictures[:, None], 256):
        total = torch.zeros(len(batch), len(EXPRESSIONS))
        for teacher in teachers:
            for _ in range(teaching.looks):
                look = augment(batch.float(), looks, teacher.side).to(device)
                for one in (look, look.flip(-1)):
                    with half_precision(settings.training.precision, device):
                        answer = teacher(feed(one, teacher)).float().cpu()
                    total += softmax(answer / teaching.temperature, dim=1)
        said.append(total / total.sum(dim=1, keepdim=True))
    return torch.cat(said)


def taught(answer: Tensor, said: Tensor, loss: Tensor, settings: Teacher) -> Tensor:
    """Distillation (Hinton et al. 2015): part of the loss is the distance to its words."""
    distance = cross_entropy(answer / settings.temperature, said) * settings.temperature**2
    return (1 - settings.share) * loss + settings.share * distance


def optimizer_of(network: FaceNetwork, settings: Recipe) -> torch.optim.Optimizer:
    """Its rate is set before each step."""
    s = settings.training
    groups = decayed_and_not(network, s.weight_decay, s.l2)
    if s.optimizer == "adam":
        # Keras's epsilon. Weight decay is added to the gradient, which is what L2 in the loss does.
        return torch.optim.Adam(groups, lr=0.0, eps=1e-7)
    if s.optimizer != "sgd":
        raise ValueError(f"optimizer = {s.optimizer!r} is neither 'sgd' nor 'adam'")
    return torch.optim.SGD(groups, lr=0.0, momentum=s.momentum, nesterov=s.nesterov)


def decayed_and_not(network: FaceNetwork, decay: float, l2: float) -> list[dict[str, object]]:
    """Weight decay is for kernels; on norms and biases it only hurts.

    `l2` times the sum of squares in the loss has twice that times the weight as its gradient.
    """
    held = {id(layer.weight) for layer in network.regularised()} if l2 else set()
    kernels = [p for p in network.parameters() if p.ndim > 1 and id(p) not in held]
    others = [p for p in network.parameters() if p.ndim <= 1]
    groups: list[dict[str, object]] = [
        {"params": kernels, "weight_decay": decay},
        {"params": others, "weight_decay": 0.0},
    ]
    if held:
        regular = [p for p in network.parameters() if id(p) in held]
        groups.append({"params": regular, "weight_decay": decay + 2 * l2})
    return groups


def mix(pictures: Tensor, target: Tensor, strength: float) -> tuple[Tensor, Tensor]:
    """Mixup (Zhang et al. 2018): each picture with another one of the batch."""
    if strength == 0:
        return pictures, target
    share = torch.distributions.Beta(strength, strength).sample((len(pictures),))
    other = torch.randperm(len(pictures))
    a, b = share.view(-1, 1, 1, 1), share.view(-1, 1)
    return a * pictures + (1 - a) * pictures[other], b * target + (1 - b) * target[other]


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, keep: float) -> None:
    """Moves the averaged weights, and the norms' statistics with them, a little further."""
    for mean, value in zip(average.state_dict().values(), network.state_dict().values()):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - keep)
        else:
            mean.copy_(value)


def save(run: Path, state: dict[str, Any]) -> None:
    # Written aside and renamed: a run killed while it saves keeps its last checkpoint.
    torch.save(state, run / "checkpoint.new")
    (run / "checkpoint.new").rename(run / "checkpoint.pt")


def write_curve(path: Path, figures: dict[str, float]) -> None:
    """Adds an epoch's row to those of the epochs before it."""
    rows = [row for row in read_curve(path) if int(row["epoch"]) < figures["epoch"]]
    with path.with_suffix(".new").open("w", newline="") as file:
        writer = csv.DictWriter(file, figures, extrasaction="ignore")
        writer.writeheader()
        writer.writerows([*rows, figures])
    path.with_suffix(".new").rename(path)


def read_curve(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    parser = argparse.ArgumentParser(description="Train one network by one recipe")
    parser.add_argument("recipe", type=Path, help="a file in recipes/")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the pictures")
    parser.add_argument("--runs", type=Path, required=True, help="where checkpoints and curves go")
    parser.add_argument("--threads", type=int, help="default: all cores")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--pretrained", action="store_true", help="a backbone from timm's hub")
    parser.add_argument("--weights", type=Path, help="the same from a file of timm's weights")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    if args.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("--device cuda: PyTorch finds no usable GPU here")
    torch.backends.cudnn.deterministic = True  # a GPU's seeds repeat too
    settings = recipe.load(args.recipe)
    training, validation, _ = data.load(args.data, settings.split)
    start = Start(args.pretrained, args.weights)
    train(settings, training, validation, args.runs / settings.name, args.device, start)


if __name__ == "__main__":
    main()
