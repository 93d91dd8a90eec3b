"""How the app's detector frames the pictures of FER-2013, and frames to judge a model through it.

    python framing.py --data DIR --mien ../target/release/mien [--pictures 2000]
    python framing.py --data DIR --write DIR

Each picture is enlarged to 240 px and put on a plain 640x480 ground, a little away from the middle.
The first command lets `mien analyze` find the faces and says how their boxes lie on the pictures:
the card's `margin` and the augmentation's `scale` and `shift` come from it. The second writes
PublicTest as such frames, in Kaggle's layout, for `mien eval DIR --through-detector`.
"""

import argparse
import csv
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import data
from data import FaceSet
from expressions import EXPRESSIONS

FRAME = (640, 480)
ENLARGED = 240  # pixels: a face before a webcam
GROUND = 128  # grey
SEED = 1


@dataclass(frozen=True)
class Placed:
    """A frame and where the picture lies in it, in pixels."""

    frame: Image.Image
    left: int
    top: int


def place(picture: NDArray[np.uint8], numbers: np.random.Generator) -> Placed:
    frame = Image.new("L", FRAME, GROUND)
    left, top = (
        int((side - ENLARGED) / 2 + numbers.uniform(-0.2, 0.2) * (side - ENLARGED))
        for side in FRAME
    )
    large = Image.fromarray(picture).resize((ENLARGED, ENLARGED), Image.Resampling.BICUBIC)
    frame.paste(large, (left, top))
    return Placed(frame, left, top)


def boxes(program: Path, placed: list[Placed]) -> dict[int, list[float]]:
    """The largest face of each frame where there is one: x, y, width, height in pixels."""
    with tempfile.TemporaryDirectory() as folder:
        frames, out = Path(folder) / "frames", Path(folder) / "out"
        frames.mkdir()
        for i, p in enumerate(placed):
            p.frame.save(frames / f"{i}.png", compress_level=1)
        command = [str(program), "analyze", str(frames), "--out", str(out), "--quiet"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        found: dict[int, list[float]] = {}
        with next(out.rglob("observations.csv")).open(newline="") as file:
            for row in csv.DictReader(file):
                if row["x"]:
                    i = int(Path(row["source"]).stem or row["source_frame"])
                    box = [float(row[key]) for key in ("x", "y", "width", "height")]
                    if i not in found or box[2] > found[i][2]:
                        found[i] = box
        return found


def measure(faces: FaceSet, program: Path, pictures: int) -> None:
    numbers = np.random.default_rng(SEED)
    chosen = numbers.choice(len(faces), min(pictures, len(faces)), replace=False)
    placed = [place(faces.pictures[int(i)].numpy(), numbers) for i in chosen]
    found = boxes(program, placed)
    print(
        f"a face found in {len(found)} of {len(placed)} pictures ({len(found) / len(placed):.1%})"
    )
    rows = []
    for i, (x, y, width, height) in found.items():
        p, side = placed[i], max(width, height)
        rows.append(
            (
                ENLARGED / side - 1,
                (x + width / 2 - p.left) / ENLARGED - 0.5,
                (y + height / 2 - p.top) / ENLARGED - 0.5,
            )
        )
    margin, right, down = np.array(rows).T
    middle = float(np.median(margin))
    print("percentiles                            5     25     50     75     95")
    for name, values in (
        ("margin that gives back the picture", margin),
        ("log of the scale at the median margin", np.log((1 + margin) / (1 + middle))),
        ("box right of the middle, in sides", right),
        ("box below the middle, in sides", down),
    ):
        print(f"{name:<38}", *(f"{v:6.2f}" for v in np.percentile(values, (5, 25, 50, 75, 95))))


def write(faces: FaceSet, folder: Path) -> None:
    numbers = np.random.default_rng(SEED)
    for name in EXPRESSIONS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for i, (picture, label) in enumerate(zip(faces.pictures, faces.labels)):
        frame = place(picture.numpy(), numbers).frame
        frame.save(folder / EXPRESSIONS[int(label)] / f"{i:05}.png", compress_level=1)
    print(f"{len(faces)} frames in {folder}; they show people: keep them to yourself")


def main() -> None:
    parser = argparse.ArgumentParser(description="How the app's detector frames the pictures")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the pictures")
    parser.add_argument("--mien", type=Path, default=Path("../target/release/mien"))
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--write", type=Path, help="write PublicTest as frames into this folder")
    args = parser.parse_args()
    training, _, test = data.load(args.data)
    if args.write:
        write(test, args.write)
    else:
        measure(training, args.mien, args.pictures)


if __name__ == "__main__":
    main()
