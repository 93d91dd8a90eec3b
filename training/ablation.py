"""What each part of a recipe is worth: the recipe with one thing changed at a time, twice.

    python ablation.py recipes/mien-m.toml ablations/mien-m.toml --data DIR --runs DIR

The second file holds the short budget that all share and the changes by name. Each is trained
with every seed, judged on the validation pictures, and added to results/ablation.csv as soon as it
is done; what is there already is not trained again, and a run that was broken off goes on.
"""

import argparse
import csv
import math
import statistics
import tomllib
from pathlib import Path
from typing import Any

import torch

import data
import recipe
from data import FaceSet
from evaluate import by_crowd, logits_of, score
from recipe import Recipe
from train import train

RESULTS = Path(__file__).parent / "results" / "ablation.csv"
MEASURES = ("labels", "crowd", "crowd_mean_recall")
COLUMNS = ("recipe", "budget", "change", "seed", *MEASURES)
TITLES = ("challenge's labels", "crowd, accuracy", "crowd, mean recall")
BASE = "as it is"


def merged(tables: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The tables with some values changed; a list, such as the cycles, is changed as a whole."""
    result = dict(tables)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(tables.get(key), dict)
        result[key] = merged(tables[key], value) if both else value
    return result


def changed(base: Path, plan: dict[str, Any], change: str, seed: int) -> Recipe:
    """The base recipe on the plan's budget with one named change; it fails on unknown settings."""
    tables = merged(tomllib.loads(base.read_text()), plan["budget"])
    tables = merged(tables, plan["changes"].get(change, {}))
    tables["training"]["seed"] = seed
    name = "-".join((base.stem, *change.split(), str(seed)))
    return recipe.parse(name, tables)


def judged(
    settings: Recipe, training: FaceSet, validation: FaceSet, runs: Path
) -> list[float | None]:
    """Accuracy by the labels and by the crowd, and mean recall by the crowd, on validation."""
    network = train(settings, training, validation, runs / settings.name)
    answers = torch.softmax(logits_of(network, validation.pictures), dim=1)
    labels, crowd = score(answers, validation.labels), by_crowd(answers, validation)
    by_votes = [crowd.accuracy, crowd.mean_recall] if crowd else [None, None]
    return [labels.accuracy, *by_votes]


def read(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def add(path: Path, row: list[object]) -> None:
    path.parent.mkdir(exist_ok=True)
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if fresh:
            writer.writerow(COLUMNS)
        writer.writerow(row)


def table(rows: list[dict[str, str]]) -> str:
    """Markdown: each change's means over the seeds, half the spread, and its gain or loss."""
    means: dict[str, list[float]] = {}
    lines = ["| | seeds | " + " | ".join(TITLES) + " |", "| --- | --- |" + " --- |" * len(TITLES)]
    changes = dict.fromkeys(row["change"] for row in rows)
    for change in sorted(changes, key=lambda change: change != BASE):
        own = [row for row in rows if row["change"] == change]
        cells = []
        means[change] = []
        for i, measure in enumerate(MEASURES):
            values = [100 * float(row[measure]) for row in own if row[measure]]
            if not values:  # nobody voted
                means[change].append(math.nan)
                cells.append("")
                continue
            mean = statistics.mean(values)
            means[change].append(mean)
            half = (max(values) - min(values)) / 2
            against = f" ({mean - means[BASE][i]:+.1f})" if BASE in means and change != BASE else ""
            cells.append(f"{mean:.1f} ± {half:.1f}{against}")
        lines.append(f"| {change} | {len(own)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a recipe with one thing changed at a time")
    parser.add_argument("recipe", type=Path)
    parser.add_argument("plan", type=Path, help="a file in ablations/")
    parser.add_argument("--data", type=Path, help="the folder with the pictures")
    parser.add_argument("--runs", type=Path, help="where checkpoints go")
    parser.add_argument("--threads", type=int, help="default: all cores")
    parser.add_argument("--table", action="store_true", help="only print what is done")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    plan = tomllib.loads(args.plan.read_text())
    budget = str(plan["budget"]["training"]["cycles"])
    asked = [
        (change, seed) for seed in plan["seeds"] for change in (BASE, *plan["changes"])
    ]  # a whole table of one seed comes before the second one
    recipes = {one: changed(args.recipe, plan, *one) for one in asked}  # mistakes show at once

    def done() -> list[dict[str, str]]:
        own = {"recipe": args.recipe.stem, "budget": budget}
        return [row for row in read(RESULTS) if row.items() >= own.items()]

    if not args.table:
        if args.data is None or args.runs is None:
            parser.error("training needs --data and --runs")
        training, validation, _ = data.load(args.data)
        for (change, seed), settings in recipes.items():
            if not any((row["change"], row["seed"]) == (change, str(seed)) for row in done()):
                figures = judged(settings, training, validation, args.runs)
                add(RESULTS, [args.recipe.stem, budget, change, seed, *figures])
    print(table(done()))


if __name__ == "__main__":
    main()
