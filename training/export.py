"""Write a run as an ONNX model with its card, check it, and renew the golden answers.

    python export.py recipes/mien-s.toml recipes/mien-m.toml --data DIR --runs DIR

The card is the `mien.*` metadata in the file: all that the app knows of a model. The golden files
are the shipped models' answers to the faces of nobody, which the app's tests must reproduce.
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

import data
import networks
import recipe
from augment import SIDE
from crop import TESTS_DATA
from evaluate import (
    Report,
    Scores,
    load_run,
    logits_of,
    looks_of,
    print_report,
    report,
    start_of,
)
from expressions import EXPRESSIONS
from faces import FACES
from networks.common import FaceNetwork
from recipe import Recipe

MODELS = Path(__file__).parents[1] / "models"
OPSET = 17  # read by every ONNX Runtime since 1.12
CHECKED = 256  # pictures
FAINT = np.finfo(np.float32).tiny  # the smallest number that is not denormal
TOLERANCE = 1e-4  # between PyTorch's and ONNX Runtime's logits

SOURCE = "trained by Mien's own training/ folder, recipe {name}.toml, from {start}"
UNTRAINED = "fresh weights by Mien's own training/ folder, recipe {name}.toml"


def license_of(settings: Recipe, start: str) -> str:
    """Of a run's weights, with the terms of all that they learned from."""
    voted = any(not one.only_labels for one in [settings, *teachers_of(settings)])
    votes = ", and FER+ votes (MIT)" if voted else ""
    others = f"{begun(start)} and licensed by its makers" if begun(start) else ""
    return (
        "weights: MIT OR Apache-2.0; learned from FER-2013, whose pictures were given for research"
        f"{votes}{others}: check whether your use is covered"
    )


def begun(start: str) -> str:
    """What the weights of others, with which a backbone began, had learned from."""
    if start == "scratch":
        return ""
    return f"; its backbone began with {start}, learned from ImageNet, given for research"


def trained_on(settings: Recipe, start: str) -> str:
    """What a run learned from, with all that its teacher knew."""
    mixed = settings.split == "random-fifth"
    pictures = "training and test pictures, four fifths" if mixed else "training pictures"
    return f"FER-2013 {pictures}, given for research: {truths(settings)}{begun(start)}"


def truths(settings: Recipe) -> str:
    taught: dict[str, list[str]] = {}
    for teacher in teachers_of(settings):
        taught.setdefault(targets(teacher), []).append(teacher.name)
    if not taught:
        return targets(settings)
    said = [
        f"the answers of {' and '.join(names)}, which learned from {what}"
        for what, names in taught.items()
    ]
    return ", and ".join([targets(settings), *said])


def targets(settings: Recipe) -> str:
    share = settings.targets.labels_share
    labels = "the challenge's labels"
    return f"{labels} alone" if share == 1 else f"{share:.0%} {labels}, {1 - share:.0%} FER+ votes"


def teachers_of(settings: Recipe) -> list[Recipe]:
    """Whoever taught it, and whoever taught those, each once."""
    found: dict[str, Recipe] = {}
    for name in settings.teacher.recipes if settings.teacher else []:
        teacher = recipe.named(name)
        found |= {one.name: one for one in [*teachers_of(teacher), teacher]}
    return list(found.values())


def input_of(network: FaceNetwork) -> str:
    return f"{network.side}x{network.side}x{network.channels}"


def metrics_of(settings: Recipe, r: Report) -> dict[str, object]:
    n = r.challenge.n
    measured_on = f"FER-2013 {data.measured_on(settings.split, n)}, {n} pictures"
    crowd: dict[str, object] = {}
    if r.crowd:
        measured_on += "; crowd: FER+ majority"
        crowd = {"flip_accuracy": r.flip_crowd_accuracy, "n": r.crowd.n, **figures_of(r.crowd)}
    return {
        "made_for": "labels" if settings.only_labels else "crowd",
        "measured_on": measured_on,
        **figures_of(r.challenge),
        "flip_accuracy": r.flip_accuracy,
        **{f"crowd_{key}": figure for key, figure in crowd.items()},
        "parameters": r.parameters,
    }


def figures_of(s: Scores) -> dict[str, object]:
    return {
        "accuracy": s.accuracy,
        "mean_recall": s.mean_recall,
        "macro_f1": s.macro_f1,
        "ece": s.ece,
        "recall": list(s.recall.values()),
        "confusion": s.confusion,
        "reliability": s.reliability,
    }


def card(
    settings: Recipe, network: FaceNetwork, r: Report | None, start: str = "scratch"
) -> dict[str, str]:
    """The complete card; docs of each key in the project's README. An untrained one says so."""
    metrics = metrics_of(settings, r) if r else {"parameters": networks.parameters(network)}
    return {
        "mien.name": settings.name,
        "mien.title": settings.card.title,
        "mien.labels": ",".join(EXPRESSIONS),
        "mien.input": input_of(network),
        "mien.layout": "NCHW",
        "mien.color": "gray",
        "mien.scale": "0..255",
        "mien.output": "logits",
        "mien.temperature": str(r.temperature if r else 1.0),
        "mien.margin": str(settings.card.margin),
        "mien.trained_on": trained_on(settings, start) if r else "nothing: these are fresh weights",
        "mien.license": license_of(settings, start) if r else "MIT OR Apache-2.0",
        "mien.metrics": json.dumps(metrics, allow_nan=False),
        "mien.source": (SOURCE if r else UNTRAINED).format(name=settings.name, start=start),
    }


def write(network: FaceNetwork, properties: dict[str, str], path: Path) -> None:
    with warnings.catch_warnings(action="ignore"):  # of the older exporter: see below
        torch.onnx.export(
            network.to(memory_format=torch.contiguous_format).eval(),
            (torch.zeros(1, network.channels, network.side, network.side),),
            path,
            input_names=["pictures"],
            output_names=["logits"],
            dynamic_axes={"pictures": {0: "faces"}, "logits": {0: "faces"}},
            opset_version=OPSET,
            dynamo=False,  # the newer one needs two more packages and writes no better graph
        )
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        # Decayed weights end as denormal numbers, at which a processor takes five times as long.
        weights = onnx.numpy_helper.to_array(tensor)
        if weights.dtype == np.float32 and (faint := np.abs(weights) < FAINT).any():
            tensor.CopyFrom(onnx.numpy_helper.from_array(np.where(faint, 0, weights), tensor.name))
    onnx.helper.set_model_props(model, properties)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def session(path: Path) -> onnxruntime.InferenceSession:
    """As the app runs it: one thread that does not spin."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def answers(path: Path, network: FaceNetwork, pictures: Tensor) -> NDArray[np.float32]:
    """A model's logits for pictures [n, 48, 48]."""
    model = session(path)
    found = [
        model.run(None, {"pictures": looks.numpy()})[0] for looks in looks_of(network, pictures)
    ]
    return np.concatenate(found).astype(np.float32)


def check(network: FaceNetwork, path: Path, pictures: Tensor, relative: bool = False) -> float:
    """The largest difference of a logit to PyTorch's, which must be small.

    `relative` is for untrained networks: on pixels from 0 to 255 they answer in hundreds, and
    float32 has seven digits. They are compared by the largest logit.
    """
    wanted = logits_of(network, pictures).numpy()
    largest = float(np.abs(answers(path, network, pictures) - wanted).max())
    if relative:
        largest /= max(1.0, float(np.abs(wanted).max()))
    if not largest < TOLERANCE:
        raise SystemExit(f"{path}: differs from PyTorch by {largest}")
    return largest


def milliseconds(path: Path, network: FaceNetwork) -> float:
    """The median time for one face on one core."""
    shape = (1, network.channels, network.side, network.side)
    model, one = session(path), {"pictures": np.full(shape, 99, np.float32)}
    times: list[float] = []
    while len(times) < 10 or (len(times) < 300 and sum(times) < 5):
        began = time.perf_counter()
        model.run(None, one)
        times.append(time.perf_counter() - began)
    return 1000 * float(np.median(times))


def write_golden(models: Path, faces: Path, golden: Path) -> None:
    """Every shipped model's probabilities for the faces of nobody, at the networks' size."""
    golden.mkdir(parents=True, exist_ok=True)
    inputs = {}
    for name in EXPRESSIONS:
        with Image.open(faces / f"{name}.png") as picture:
            small = picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        small.save(golden / f"face-{name}.png", optimize=True)
        inputs[name] = np.asarray(small, np.float32)
    expected = {}
    for path in sorted(models.glob("mien-*.onnx")):
        properties = {p.key: p.value for p in onnx.load(path).metadata_props}
        temperature = float(properties["mien.temperature"])
        found = session(path).run(None, {"pictures": np.stack(list(inputs.values()))[:, None]})
        logits = torch.from_numpy(np.asarray(found[0]))
        probabilities = torch.softmax(logits / temperature, dim=1)
        expected[path.stem] = [
            {"picture": f"golden/face-{name}.png", "probabilities": [round(p, 6) for p in row]}
            for name, row in zip(inputs, probabilities.tolist())
        ]
        seen = [EXPRESSIONS[i] for i in probabilities.argmax(dim=1).tolist()]
        named = sum(a == b for a, b in zip(EXPRESSIONS, seen))
        print(f"{path.stem} names {named} of the {len(seen)} faces of nobody: {', '.join(seen)}")
    (golden / "probabilities.json").write_text(json.dumps(expected, indent=1) + "\n")


def export(
    settings: Recipe,
    network: FaceNetwork,
    judged: Report | None,
    start: str,
    folder: Path,
    pictures: Tensor,
) -> None:
    """Writes a model with its card, compares it with PyTorch on the pictures, and says so."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{settings.name}.onnx"
    write(network, card(settings, network, judged, start), path)
    difference = check(network, path, pictures, relative=judged is None)
    size, time_of_one = path.stat().st_size / 1e6, milliseconds(path, network)
    print(
        f"{path}: {size:.2f} MB, {time_of_one:.2f} ms a face, "
        f"differs from PyTorch by at most {difference:.1e}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Write runs as models for the app")
    parser.add_argument("recipes", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, help="the folder with the pictures")
    parser.add_argument("--runs", type=Path, help="where train.py put its runs")
    parser.add_argument("--out", type=Path, default=MODELS, help="default: the app's own models")
    parser.add_argument("--untrained", action="store_true", help="fresh weights, to try the way")
    args = parser.parse_args()
    if args.untrained and args.out == MODELS:
        parser.error("--untrained needs --out: the app's own models are trained")
    if not args.untrained and (args.data is None or args.runs is None):
        parser.error("a trained model needs --data and --runs")
    for settings in map(recipe.load, args.recipes):
        if args.untrained:
            torch.manual_seed(settings.training.seed)
            network = networks.build(settings.network).eval()
            # Noise is as good as faces here, and needs no data set.
            noise = torch.randint(0, 256, (CHECKED, SIDE, SIDE)).byte()
            export(settings, network, None, "scratch", args.out, noise)
            continue
        training, validation, test = data.load(args.data, settings.split)
        network = load_run(settings, args.runs, training)
        judged = report(settings, network, validation, test)
        measured_on = data.measured_on(settings.split, len(test))
        print_report(f"{settings.name} on {measured_on}", judged)
        pictures = validation.pictures[:CHECKED]
        export(settings, network, judged, start_of(settings, args.runs), args.out, pictures)
    if args.out == MODELS:
        write_golden(MODELS, FACES, TESTS_DATA / "golden")


if __name__ == "__main__":
    main()
