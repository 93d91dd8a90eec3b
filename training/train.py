"""Train one network by one recipe. A run that was broken off goes on where it stood.

    python train.py recipes/mien-s.toml --data DIR --runs DIR

RUNS/mien-s/ gets checkpoint.pt after every epoch and curves.csv, one row per epoch.
"""

import argparse
import copy
import csv
import math
import time
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softmax

import data
import networks
import recipe
from data import FaceSet
from evaluate import logits_of
from expressions import EXPRESSIONS
from recipe import Cycle, Recipe

CURVES = ("epoch", "seconds", "learning_rate", "loss", "validation_loss", "labels", "crowd")


def train(settings: Recipe, training: FaceSet, validation: FaceSet, run: Path) -> nn.Module:
    """The averaged network after the last epoch."""
    s = settings.training
    run.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(s.seed)
    # Channels last is up to twice as fast on a CPU.
    network = networks.build(settings.network).to(memory_format=torch.channels_last)
    average = copy.deepcopy(network).eval()
    optimizer = torch.optim.SGD(
        decayed_and_not(network, s.weight_decay),
        lr=0.0,  # set before each step
        momentum=s.momentum,
        nesterov=True,
    )
    size = sum(p.numel() for p in network.parameters())
    print(f"{settings.name}: {size} parameters, {len(training)} pictures, {s.epochs} epochs")

    done = 0
    if (run / "checkpoint.pt").exists():
        saved = torch.load(run / "checkpoint.pt", weights_only=True)
        if saved["recipe"] != settings.learned():
            raise SystemExit(
                f"{run} holds a run with other settings; remove it or choose other --runs"
            )
        done = saved["epoch"]
        network.load_state_dict(saved["network"])
        average.load_state_dict(saved["average"])
        optimizer.load_state_dict(saved["optimizer"])
        print(f"goes on after epoch {done}")

    targets = data.targets(training, settings.targets.labels_share)
    wanted = data.targets(validation, settings.targets.labels_share)
    smoothing = settings.targets.label_smoothing
    targets = (1 - smoothing) * targets + smoothing / len(EXPRESSIONS)
    crowd = data.crowd_labels(validation)
    teacher = teacher_of(settings, run.parent)

    steps = len(training) // s.batch  # the last, smaller batch is left out
    for epoch in range(done, s.epochs):
        began = time.monotonic()
        # Each epoch seeds itself, so a resumed run sees the very same numbers as an unbroken one.
        torch.manual_seed(s.seed * 1000 + epoch)
        network.train()
        cycle, over = s.cycle(epoch)
        augmentation = settings.augmentation.weakened(cycle.augmentation)
        order = torch.randperm(len(training))
        total = 0.0
        for i in range(steps):
            step = epoch * steps + i
            rate = learning_rate(over + i / steps, cycle, s.warmup_epochs)
            for group in optimizer.param_groups:
                group["lr"] = rate

            chosen = order[i * s.batch : (i + 1) * s.batch]
            pictures = data.augment(
                training.pictures[chosen, None].float(), augmentation, cycle.side(over)
            )
            pictures, target = mix(pictures, targets[chosen], cycle.mixup)
            with half_precision(s.precision):
                answer = network(pictures)
            loss = cross_entropy(answer.float(), target)
            if settings.teacher and teacher:
                loss = taught(loss, answer.float(), teacher, pictures, settings)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            follow(average, network, min(s.ema, (1 + step) / (10 + step)))
            total += loss.item()

        logits = logits_of(average, validation.pictures)
        seen = logits.argmax(dim=1)
        row = (
            epoch + 1,
            round(time.monotonic() - began, 1),
            round(rate, 5),
            round(total / steps, 4),
            round(cross_entropy(logits, wanted).item(), 4),
            round((seen == validation.labels).float().mean().item(), 4),
            round((seen == crowd)[crowd >= 0].float().mean().item(), 4),
        )
        print(*(f"{name} {value}" for name, value in zip(CURVES, row)), sep="  ", flush=True)
        save(run, epoch + 1, settings, network, average, optimizer)
        write_curve(run / "curves.csv", row)
    return average


def half_precision(precision: str) -> torch.autocast:
    """bfloat16 for the convolutions where a recipe asks for it: twice as fast on a CPU with AMX."""
    return torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16")


def teacher_of(settings: Recipe, runs: Path) -> nn.Module | None:
    """The averaged network of the finished run that a recipe learns from."""
    if settings.teacher is None:
        return None
    path = runs / settings.teacher.recipe / "checkpoint.pt"
    if not path.exists():
        raise SystemExit(f"{path} is missing: train the teacher {settings.teacher.recipe} first")
    saved = torch.load(path, weights_only=True)
    teacher = networks.build(recipe.Network(**saved["recipe"]["network"]))
    teacher.load_state_dict(saved["average"])
    return teacher.to(memory_format=torch.channels_last).eval()


def taught(
    loss: Tensor, answer: Tensor, teacher: nn.Module, pictures: Tensor, settings: Recipe
) -> Tensor:
    """Distillation (Hinton et al. 2015): part of the loss is the distance to the teacher's answers.

    The teacher looks at the very same augmented and mixed pictures (Beyer et al. 2022).
    """
    assert settings.teacher
    share, temperature = settings.teacher.share, settings.teacher.temperature
    with torch.no_grad(), half_precision(settings.training.precision):
        wanted = softmax(teacher(pictures).float() / temperature, dim=1)
    distance = cross_entropy(answer / temperature, wanted) * temperature**2
    return (1 - share) * loss + share * distance


def decayed_and_not(network: nn.Module, decay: float) -> list[dict[str, object]]:
    """Weight decay is for kernels; on norms and biases it only hurts."""
    kernels = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    return [{"params": kernels, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


def learning_rate(epoch: float, cycle: Cycle, warmup: float) -> float:
    """A straight way up, then a cosine down to nothing (SGDR, Loshchilov & Hutter 2017)."""
    if epoch < warmup:
        return cycle.learning_rate * epoch / warmup
    way = (epoch - warmup) / (cycle.epochs - warmup)
    return cycle.learning_rate * (1 + math.cos(math.pi * way)) / 2


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


def save(
    run: Path,
    epoch: int,
    settings: Recipe,
    network: nn.Module,
    average: nn.Module,
    optimizer: torch.optim.Optimizer,
) -> None:
    state = {
        "epoch": epoch,
        "recipe": settings.learned(),
        "network": network.state_dict(),
        "average": average.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    # Written aside and renamed: a run killed while it saves keeps its last checkpoint.
    torch.save(state, run / "checkpoint.new")
    (run / "checkpoint.new").rename(run / "checkpoint.pt")


def write_curve(path: Path, row: tuple[float, ...]) -> None:
    if row[0] == 1:
        path.unlink(missing_ok=True)
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if fresh:
            writer.writerow(CURVES)
        writer.writerow(row)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train one network by one recipe")
    parser.add_argument("recipe", type=Path, help="a file in recipes/")
    parser.add_argument(
        "--data", type=Path, required=True, help=f"the folder with {data.TRAIN_SET}"
    )
    parser.add_argument("--runs", type=Path, required=True, help="where checkpoints and curves go")
    parser.add_argument("--threads", type=int, help="default: all cores")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    settings = recipe.load(args.recipe)
    training, validation, _ = data.load(args.data)
    train(settings, training, validation, args.runs / settings.name)


if __name__ == "__main__":
    main()
