"""Everything about a finished run on one page, and its figures for the table of all runs.

    python report.py recipes/mini-xception.toml --data DIR --runs DIR

RUNS/NAME/ gets report.html, which needs nothing else and shows people, so keep it to yourself;
report.json; and NAME.onnx, the exported network whose time is measured. The figures of the
project's own recipes also go to results/NAME.json, which table.py reads.
"""

import argparse
import base64
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jinja2
import torch
from PIL import Image
from torch import Tensor

import data
import evaluate
import export
import networks
import plots
import recipe
from data import FaceSet
from evaluate import Report, logits_of
from expressions import EXPRESSIONS
from recipe import Recipe
from train import read_curve

HERE = Path(__file__).parent
RESULTS = HERE / "results"
LABELS, CROWD = "the challenge's labels", "the crowd"
SHOWN = 48  # random test pictures, and half as many mistakes


def report(settings: Recipe, runs: Path, folder: Path) -> dict[str, Any]:
    """Writes a run's page; its figures as plain data."""
    training, validation, judged = data.load(folder, settings.split)
    network = evaluate.load_run(settings, runs, training)
    run, state = runs / settings.name, evaluate.finished(settings, runs)
    found = evaluate.report(settings, network, validation, judged)
    on_validation = None
    if data.keeps_validation(settings.split):
        on_validation = asdict(evaluate.report(settings, network, validation, validation))
    measured_on = data.measured_on(settings.split, len(judged))
    evaluate.print_report(f"{settings.name} on {measured_on}", found)

    model = run / f"{settings.name}.onnx"
    start = str(state["start"])
    export.write(network, export.card(settings, network, found, start), model)
    difference = export.check(network, model, validation.pictures[: export.CHECKED])
    curve = read_curve(run / "curves.csv")
    seconds = sum(float(row["seconds"]) for row in curve)
    facts = {
        "name": settings.name,
        "title": settings.card.title,
        "network": settings.network.name,
        "input": export.input_of(network),
        "published": settings.card.published,
        "truth": LABELS if settings.only_labels or found.crowd is None else CROWD,
        "measured_on": measured_on,
        "start": start,
        "multiplications": networks.multiplications(network),
        "milliseconds": round(export.milliseconds(model, network), 3),
        "megabytes": round(model.stat().st_size / 1e6, 2),
        "differs_from_pytorch": float(f"{difference:.1e}"),
        "epochs": state["epoch"],
        "minutes": round(seconds / 60, 1),
        **state["made"],
        "validation": on_validation,
        "judged": asdict(found),
        # An early epoch of an old run may lack a figure.
        "curve": [{name: float(v) for name, v in row.items() if v} for row in curve],
    }
    probabilities = torch.softmax(logits_of(network, judged.pictures) / found.temperature, dim=1)
    page = html(settings, facts, found, curve, judged, probabilities)
    (run / "report.html").write_text(page)
    write_json(run / "report.json", facts)
    return facts


def html(
    settings: Recipe,
    facts: dict[str, Any],
    found: Report,
    curve: list[dict[str, str]],
    judged: FaceSet,
    probabilities: Tensor,
) -> str:
    # Each truth with its scores, and the accuracy with the mirror images.
    truths = [(LABELS, found.challenge, found.flip_accuracy)]
    if found.crowd is not None and found.flip_crowd_accuracy is not None:
        truths.append((CROWD, found.crowd, found.flip_crowd_accuracy))
    own = {truth: scores for truth, scores, _ in truths}[facts["truth"]]
    ece = f"Reliability by {facts['truth']}: ECE {own.ece:.3f}, temperature {found.temperature:g}"
    charts = {
        "curves": plots.curves(curve),
        "reliability": plots.reliability(own, ece),
        **{f"confusion {truth}": plots.confusion(s, f"By {truth}") for truth, s, _ in truths},
        **{f"bars {truth}": plots.per_class(s, f"By {truth}, %") for truth, s, _ in truths},
    }
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["percent"] = lambda share: f"{100 * share:.1f} %"
    samples, mistakes = chosen(settings, judged, probabilities)
    return environment.get_template("report.html.j2").render(
        **facts,
        parameters=found.parameters,
        temperature=found.temperature,
        temperature_fitted=data.keeps_validation(settings.split),
        fitted_by=LABELS if settings.only_labels else CROWD,
        truths=truths,
        settings=settings.learned() | {"card": asdict(settings.card)},
        charts={name: source("svg+xml", text.encode()) for name, text in charts.items()},
        samples=samples,
        mistakes=mistakes,
    )


def chosen(
    settings: Recipe, judged: FaceSet, probabilities: Tensor
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Random pictures, and the wrong answers that were given most surely."""
    crowd = data.crowd_labels(judged)
    # Where the crowd has no majority, the label is what there is.
    truth = judged.labels if settings.only_labels else torch.where(crowd < 0, judged.labels, crowd)
    confidence, answer = probabilities.max(dim=1)

    def picture(i: int) -> dict[str, Any]:
        file = io.BytesIO()
        Image.fromarray(judged.pictures[i].numpy()).save(file, "PNG")
        return {
            "source": source("png", file.getvalue()),
            "answer": EXPRESSIONS[int(answer[i])],
            "truth": EXPRESSIONS[int(truth[i])],
            "confidence": float(confidence[i]),
        }

    numbers = torch.Generator().manual_seed(settings.training.seed)
    random = torch.randperm(len(judged), generator=numbers)[:SHOWN].tolist()
    wrong = torch.where(answer == truth, -1.0, confidence)
    worst = [i for i in wrong.argsort(descending=True)[: SHOWN // 2].tolist() if wrong[i] > 0]
    return [picture(i) for i in random], [picture(i) for i in worst]


def source(kind: str, content: bytes) -> str:
    """A picture inside the page."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def write_json(path: Path, facts: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(facts, indent=1, allow_nan=False) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a run's page and its figures")
    parser.add_argument("recipes", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the pictures")
    parser.add_argument("--runs", type=Path, required=True, help="where train.py put its runs")
    args = parser.parse_args()
    for path in args.recipes:
        settings = recipe.load(path)
        facts = report(settings, args.runs, args.data)
        if path.resolve().parent == recipe.RECIPES:
            write_json(RESULTS / f"{settings.name}.json", facts)
        page = args.runs / settings.name / "report.html"
        print(f"{page} shows people: keep it to yourself")


if __name__ == "__main__":
    main()
