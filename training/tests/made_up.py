"""Pictures that show nobody, for the tests."""

import csv
import io
import zipfile
from pathlib import Path

import torch
from PIL import Image

from augment import SIDE
from data import FaceSet
from expressions import EXPRESSIONS, VOTE_COLUMNS, VOTES


def made_up(n: int, seed: int) -> FaceSet:
    """Noise with a bright bar whose height tells the expression: easy to learn, nobody's face."""
    numbers = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % len(EXPRESSIONS)
    pictures = torch.randint(0, 100, (n, SIDE, SIDE), generator=numbers)
    for picture, label in zip(pictures, labels):
        picture[6 * label + 2 : 6 * label + 7] += 150
    votes = torch.zeros(n, len(VOTES))
    votes[torch.arange(n), torch.tensor(VOTE_COLUMNS)[labels]] = 10
    return FaceSet(pictures.byte(), labels, votes)


def write_set(path: Path, faces: FaceSet, usage: str) -> None:
    """A zip in Kaggle's layout with its table of votes beside it."""
    rows = []
    with zipfile.ZipFile(path, "w") as archive:
        for i, (picture, label) in enumerate(zip(faces.pictures, faces.labels)):
            name = f"{usage}/{EXPRESSIONS[int(label)]}/{i:04}.png"
            file = io.BytesIO()
            Image.fromarray(picture.numpy()).save(file, "PNG")
            archive.writestr(name, file.getvalue())
            rows.append([name, usage, EXPRESSIONS[int(label)], *map(int, faces.votes[i])])
    with path.with_suffix(".csv").open("w", newline="") as file_of_votes:
        writer = csv.writer(file_of_votes)
        writer.writerow(["path", "usage", "label", *(f"votes_{vote}" for vote in VOTES)])
        writer.writerows(rows)
