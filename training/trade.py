"""The trade between accuracy and mean recall: how far a run moves its prior to the crowd's.

    python trade.py RUNS/mien-m RUNS/mien-m-labels-only-1 --data DIR --out trade.svg

One table and one curve per run, on the validation pictures, by the crowd; runs that learned from
other mixes of labels and votes show the other half of the choice.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch
from matplotlib.figure import Figure

import data
import plots
import recipe
from evaluate import Scores, load_run, logits_of, score
from recipe import Recipe

SHIFTS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def recipe_of(run: Path) -> Recipe:
    """The recipe that a run's checkpoint holds; its card is lost and not needed."""
    learned = torch.load(run / "checkpoint.pt", weights_only=True, map_location="cpu")["recipe"]
    return recipe.parse(run.name, {**learned, "card": {"title": run.name}})


def scores_at(run: Path, folder: Path) -> list[Scores]:
    """By the crowd on validation, for each of SHIFTS."""
    settings = recipe_of(run)
    training, validation, _ = data.load(folder, settings.split)
    data.need_votes(validation, "the trade between figures by the crowd")
    crowd = data.crowd_labels(validation)
    found = []
    for shift in SHIFTS:
        moved = replace(settings, card=replace(settings.card, prior_shift=shift))
        network = load_run(moved, run.parent, training)
        found.append(score(torch.softmax(logits_of(network, validation.pictures), dim=1), crowd))
    return found


def table(found: list[Scores]) -> str:
    lines = ["| shift | crowd, accuracy | mean recall | disgust | fear | neutral |"]
    lines.append("| --- |" + " --- |" * 5)
    for shift, s in zip(SHIFTS, found):
        rare = " | ".join(f"{s.recall[name]:.2f}" for name in ("disgust", "fear", "neutral"))
        lines.append(f"| {shift:g} | {s.accuracy:.1%} | {s.mean_recall:.1%} | {rare} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="What moving the prior gives and takes")
    parser.add_argument("runs", type=Path, nargs="+", help="folders that train.py wrote")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the pictures")
    parser.add_argument("--out", type=Path, default=Path("trade.svg"))
    args = parser.parse_args()
    figure = Figure(figsize=(6.4, 4.6), layout="constrained")
    axes = figure.subplots()
    for run in args.runs:
        found = scores_at(run, args.data)
        share = recipe_of(run).targets.labels_share
        label = f"{share:.0%} labels, {1 - share:.0%} votes"
        points = [(shift, s.accuracy, s.mean_recall) for shift, s in zip(SHIFTS, found)]
        plots.trade(axes, points, f"{run.name}: {label}")
        print(f"{run.name} ({label}), validation\n\n{table(found)}\n")
    axes.set(
        title="By the crowd, on validation; the prior is moved from 0 to 1 of the way",
        xlabel="accuracy, %",
        ylabel="mean recall, %",
    )
    axes.grid(color="#e5e7eb")
    axes.legend(fontsize=8)
    args.out.write_text(plots.svg(figure))


if __name__ == "__main__":
    main()
