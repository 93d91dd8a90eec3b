"""Sets of pictures as they lie on disk: Kaggle's folders, the challenge's table, a zip of either.

A table of FER+ votes may lie beside a folder or a zip: `NAME.csv` for `NAME.zip`, `train.csv` for
the folder `train` and for a zip that holds one. Beside `fer2013.csv`, zipped or not, it is FER+'s
own `fer2013new.csv`, whose rows are in the same order.
"""

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from augment import SIDE
from expressions import EXPRESSIONS, VOTE_COLUMNS, VOTES

Pictures = NDArray[np.uint8]  # [48, 48]
Row = tuple[Pictures, int, list[float]]  # picture, label, votes in the order of VOTES

TABLE = "fer2013.csv"  # the challenge's
PRIVATE = "PrivateTest_"  # what the names of the challenge's last part begin with in Kaggle's test/
NO_VOTES = [0.0] * len(VOTES)
# Kaggle's and others' names of the folders, beside our own.
OTHER_NAMES = {
    **{VOTES[column]: name for name, column in zip(EXPRESSIONS, VOTE_COLUMNS)},
    "fearful": "fear",
    "disgusted": "disgust",
    "surprised": "surprise",
}


def read_pictures(path: Path, part: str = "") -> Iterator[Row]:
    """The pictures of a folder or zip in the order of their names; other folders are an error.

    The challenge's PrivateTest is left out where names tell it, as `mien eval --usage PublicTest`
    does. With a part those of a zip that lie in a folder of that name.
    """
    table = path.with_name(f"{part}.csv") if part else path.with_suffix(".csv")
    votes_of, asked = read_votes(table), False
    for name, content in read_files(path, part):
        folder, file = PurePosixPath(name).parts[-2:]
        if file.startswith(PRIVATE):
            continue
        label = folder.lower()
        label = OTHER_NAMES.get(label, label)
        if label not in EXPRESSIONS:
            raise ValueError(f"{path}: {name} lies in a folder that is named after no expression")
        with Image.open(io.BytesIO(content)) as picture:
            if picture.size != (SIDE, SIDE):
                raise ValueError(f"{path}: {name} is {picture.size}, not {SIDE}x{SIDE}")
            grey = np.asarray(picture.convert("L"))
        votes = votes_of.get(f"{folder}/{file}")
        asked = asked or votes is not None
        yield grey, EXPRESSIONS.index(label), votes or NO_VOTES
    if votes_of and not asked:
        raise SystemExit(f"{table} names not one picture of {path}: its votes would be lost")


def read_files(path: Path, part: str) -> Iterator[tuple[str, bytes]]:
    kinds = (".png", ".jpg", ".jpeg")
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.suffix.lower() in kinds:
                yield f"{path.name}/{file.relative_to(path).as_posix()}", file.read_bytes()
        return
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if name.lower().endswith(kinds) and (not part or part in PurePosixPath(name).parts):
                yield f"{path.stem}/{name}", archive.read(name)


def parts(path: Path) -> set[str]:
    """What a zip holds: the names of its folders and files, without their places."""
    if not zipfile.is_zipfile(path):
        return set()
    with zipfile.ZipFile(path) as archive:
        return {part for name in archive.namelist() for part in PurePosixPath(name).parts}


def read_votes(path: Path) -> dict[str, list[float]]:
    """By folder and name of the picture."""
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {
            "/".join(PurePosixPath(row["path"]).parts[-2:]): [
                float(row[f"votes_{vote}"] or 0) for vote in VOTES
            ]
            for row in csv.DictReader(file)
        }


def read_table(path: Path, usage: str) -> Iterator[Row]:
    """The rows of one usage (Training, PublicTest) of the challenge's `fer2013.csv`, or a zip's."""
    beside = path.with_name("fer2013new.csv")
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            name = next(name for name in names if PurePosixPath(name).name == TABLE)
            with io.TextIOWrapper(archive.open(name), newline="") as file:
                rows = list(csv.DictReader(file))
    else:
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
    votes = [NO_VOTES] * len(rows)
    if beside.exists():
        with beside.open(newline="") as file:
            # FER+ spells the columns as VOTES does, but for the last one, NF.
            asked = [{k.lower(): v for k, v in row.items()} for row in csv.DictReader(file)]
        if len(asked) != len(rows):
            raise ValueError(f"{beside} has {len(asked)} rows, {path} has {len(rows)}")
        votes = [[float(row[vote] or 0) for vote in VOTES] for row in asked]
    for number, (row, own) in enumerate(zip(rows, votes), start=2):
        if row["Usage"] != usage:
            continue
        grey = np.array(row["pixels"].split(), dtype=np.uint8)
        if grey.size != SIDE * SIDE:
            raise ValueError(f"{path}, line {number}: {grey.size} pixels, not {SIDE * SIDE}")
        yield grey.reshape(SIDE, SIDE), int(row["emotion"]), own
