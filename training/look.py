"""Look at the data: counts, faults, and samples as the network sees them.

    python look.py recipes/mien-m.toml --data DIR --out DIR

Writes classes.png, the number of pictures per expression in each set, and samples.png; prints
blank pictures, copies, and copies that carry two different labels.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import torch
from matplotlib.figure import Figure
from PIL import Image

import data
import plots
import recipe
from augment import augment
from data import FaceSet
from expressions import EXPRESSIONS
from recipe import Augmentation


def faults(faces: FaceSet) -> dict[str, int]:
    """How many pictures are blank, are copies of an earlier one, or have copies named otherwise."""
    labels_of: dict[bytes, set[int]] = defaultdict(set)
    count: dict[bytes, int] = defaultdict(int)
    for digest, label in zip(faces.digests(), faces.labels.tolist()):
        labels_of[digest].add(label)
        count[digest] += 1
    return {
        "blank": int(data.blank(faces).sum()),
        "copies": len(faces) - len(labels_of),
        "copies with two labels": sum(count[d] for d in count if len(labels_of[d]) > 1),
    }


def counts_picture(sets: dict[str, FaceSet], path: Path) -> None:
    """Bars side by side: each set's share of each expression, with the number on top."""
    figure = Figure(figsize=(9.5, 3.4), layout="constrained", dpi=130)
    axes = figure.subplots()
    width = 0.8 / len(sets)
    colors = (plots.BLUE, plots.ORANGE, plots.GREEN)
    for i, ((name, faces), color) in enumerate(zip(sets.items(), colors)):
        counts = torch.bincount(faces.labels, minlength=len(EXPRESSIONS)).tolist()
        places = [x + (i - (len(sets) - 1) / 2) * width for x in range(len(counts))]
        shares = [100 * n / len(faces) for n in counts]
        bars = axes.bar(places, shares, 0.92 * width, color=color, label=f"{name} ({len(faces)})")
        axes.bar_label(bars, counts, fontsize=7, padding=2)
    axes.set_xticks(range(len(EXPRESSIONS)), EXPRESSIONS)
    axes.set(title="Pictures per expression, % of each set", xlabel="challenge's label")
    axes.legend()
    figure.savefig(path)


def samples_picture(faces: FaceSet, settings: Augmentation | None, side: int) -> Image.Image:
    """One row per expression: each picture as it is, then as the network gets it at the end."""
    rows = []
    for label in range(len(EXPRESSIONS)):
        plain = faces.pictures[faces.labels == label][:8, None].float()
        seen = augment(plain, settings, side)
        # A white line between the pairs; the plain picture is brought to the other's size.
        pairs = [torch.cat([a, b], dim=-1)[0] for a, b in zip(augment(plain, None, side), seen)]
        pairs = [torch.nn.functional.pad(pair, (0, 6, 0, 6), value=255) for pair in pairs]
        rows.append(torch.cat(pairs, dim=-1))
    width = max(row.shape[-1] for row in rows)
    rows = [torch.nn.functional.pad(row, (0, width - row.shape[-1]), value=255) for row in rows]
    return Image.fromarray(torch.cat(rows).round().clamp(0, 255).byte().numpy())


def main() -> None:
    parser = argparse.ArgumentParser(description="Count and look at the data")
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="the folder with the pictures")
    parser.add_argument("--out", type=Path, default=Path(), help="where the pictures go")
    args = parser.parse_args()
    settings = recipe.load(args.recipe)
    torch.manual_seed(0)
    full, test = data.read_both(args.data)
    for name, faces in (("training", full), ("test", test)):
        found = ", ".join(f"{n} {fault}" for fault, n in faults(faces).items())
        print(f"given for {name}: {len(faces)} pictures, {found}")
    both = set(full.digests()) & set(test.digests())
    print(f"{len(both)} pictures are in both; they and the blank ones are not trained on")
    sets = dict(zip(("training", "validation", "test"), data.load(args.data, settings.split)))
    for name, faces in sets.items():
        counts = torch.bincount(faces.labels, minlength=len(EXPRESSIONS)).tolist()
        numbers = (f"{e} {c}" for e, c in zip(EXPRESSIONS, counts))
        print(f"{name:>11}", len(faces), *numbers, sep="  ")
    args.out.mkdir(parents=True, exist_ok=True)
    counts_picture(sets, args.out / "classes.png")
    last = settings.training.cycles[-1]
    moves = settings.augmentation and settings.augmentation.weakened(last.augmentation)
    samples = samples_picture(sets["training"], moves, last.stages[-1][0])
    samples.save(args.out / "samples.png")
    print(f"classes.png, samples.png in {args.out}; the samples show people: keep them to yourself")


if __name__ == "__main__":
    main()
