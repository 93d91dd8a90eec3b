"""FER-2013 pictures with both truths: reading, splitting, augmentation. Run it to look at samples.

A set is a folder or a zip in Kaggle's layout, `.../<label>/NAME.png`, with a table of FER+ votes
beside it (`NAME.csv` for `NAME.zip`). The sets are not part of this project: see README.md.
"""

import argparse
import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import recipe
from augment import SIDE, augment
from expressions import EXPRESSIONS, VOTE_COLUMNS, VOTES
from recipe import Augmentation

TRAIN_SET = "fer2013-train.zip"
TEST_SET = "fer2013-public-test.zip"
VALIDATION_SHARE = 0.07  # about 2,000 pictures: half a point of noise either way
SPLIT_SEED = 2013  # one split for all recipes, so that their figures compare


@dataclass(frozen=True)
class FaceSet:
    pictures: Tensor  # uint8 [n, 48, 48]
    labels: Tensor  # int64 [n], the challenge's, as indices of EXPRESSIONS
    votes: Tensor  # float32 [n, 10], FER+ in the order of VOTES; zeros where nobody was asked

    def __len__(self) -> int:
        return len(self.labels)

    def pick(self, keep: list[int]) -> "FaceSet":
        return FaceSet(self.pictures[keep], self.labels[keep], self.votes[keep])

    def joined(self, other: "FaceSet") -> "FaceSet":
        return FaceSet(
            torch.cat([self.pictures, other.pictures]),
            torch.cat([self.labels, other.labels]),
            torch.cat([self.votes, other.votes]),
        )

    def digests(self) -> list[bytes]:
        """One per picture, equal where the pixels are."""
        return [hashlib.sha256(picture.tobytes()).digest() for picture in self.pictures.numpy()]


def read(path: Path) -> FaceSet:
    """A set as it lies on disk, in the order of its names."""
    votes_of = read_votes(path.with_suffix(".csv"))
    pictures, labels, votes = [], [], []
    for name, data in read_files(path):
        label = PurePosixPath(name).parent.name
        with Image.open(io.BytesIO(data)) as picture:
            if picture.size != (SIDE, SIDE):
                raise ValueError(f"{path}: {name} is {picture.size}, not {SIDE}x{SIDE}")
            pictures.append(np.asarray(picture.convert("L")))
        labels.append(EXPRESSIONS.index(label))
        votes.append(votes_of.get(f"{label}/{PurePosixPath(name).name}", [0.0] * len(VOTES)))
    if not pictures:
        raise ValueError(f"{path}: no pictures in folders named after expressions")
    return FaceSet(torch.from_numpy(np.stack(pictures)), torch.tensor(labels), torch.tensor(votes))


def read_files(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in sorted(path.rglob("*.png")):
            yield file.relative_to(path).as_posix(), file.read_bytes()
        return
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".png"):
                yield name, archive.read(name)


def read_votes(path: Path) -> dict[str, list[float]]:
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {
            "/".join(PurePosixPath(row["path"]).parts[-2:]): [
                float(row[f"votes_{vote}"] or 0) for vote in VOTES
            ]
            for row in csv.DictReader(file)
        }


def split(full: FaceSet, test: FaceSet) -> tuple[FaceSet, FaceSet]:
    """Training and validation pictures; neither holds a blank nor a copy of a test picture.

    Copies of one picture fall on the same side: the digest alone decides where it goes, so the
    split does not depend on the order or the number of pictures either.
    """
    digests, forbidden = full.digests(), set(test.digests())
    blank = full.pictures.flatten(1).float().std(dim=1) < 1
    sides: tuple[list[int], list[int]] = ([], [])
    for i, digest in enumerate(digests):
        if not blank[i] and digest not in forbidden:
            draw = hashlib.sha256(SPLIT_SEED.to_bytes(4, "big") + digest).digest()
            sides[int.from_bytes(draw[:4], "big") / 2**32 < VALIDATION_SHARE].append(i)
    return full.pick(sides[0]), full.pick(sides[1])


def load(folder: Path, how: str = "digest") -> tuple[FaceSet, FaceSet, FaceSet]:
    """Training, validation and test set, as a recipe's `split` says.

    "digest" is ours: see `split`. "random-fifth" is what many notebooks do: all given pictures
    shuffled, four fifths to learn from, the last one to watch and to judge by. Copies fall on both
    sides, and PublicTest is among the training pictures: no other figure compares with its own.
    """
    test = read(folder / TEST_SET)
    full = read(folder / TRAIN_SET)
    if how == "digest":
        return *split(full, test), test
    if how != "random-fifth":
        raise ValueError(f"split = {how!r} is neither 'digest' nor 'random-fifth'")
    every = full.joined(test)
    numbers = torch.Generator().manual_seed(SPLIT_SEED)
    order = torch.randperm(len(every), generator=numbers).tolist()
    fifth = every.pick(order[: len(order) // 5])
    return every.pick(order[len(order) // 5 :]), fifth, fifth


def measured_on(how: str) -> str:
    """What a figure by that split was measured on, in words."""
    return "PublicTest" if how == "digest" else "a random fifth of all pictures"


def targets(faces: FaceSet, labels_share: float) -> Tensor:
    """What a network should answer, [n, 7]: the challenge's label mixed with the crowd's votes.

    A single vote among ten is left out as FER+ does (Barsoum et al. 2016); a picture on which
    nobody voted for one of the seven keeps its label alone.
    """
    labels = torch.nn.functional.one_hot(faces.labels, len(EXPRESSIONS)).float()
    votes = (faces.votes * (faces.votes > 1))[:, VOTE_COLUMNS]
    total = votes.sum(dim=1, keepdim=True)
    crowd = torch.where(total > 0, votes / total.clamp(min=1), labels)
    return labels_share * labels + (1 - labels_share) * crowd


def crowd_labels(faces: FaceSet) -> Tensor:
    """What most of the ten people saw, [n] as indices of EXPRESSIONS, or -1 where they disagree.

    FER+'s own protocol: single votes are dropped, then one answer needs more than half of the
    votes left; `contempt`, `unknown` and `no face` count among them but are no answer here.
    """
    votes = faces.votes * (faces.votes > 1)
    seven = votes[:, VOTE_COLUMNS]
    most, label = seven.max(dim=1)
    return torch.where(most > votes.sum(dim=1) / 2, label, -1)


def class_weights(faces: FaceSet) -> Tensor:
    """Per expression, so that all weigh the same together and a picture one on average, [7]."""
    counts = torch.bincount(faces.labels, minlength=len(EXPRESSIONS))
    return len(faces) / (len(EXPRESSIONS) * counts.clamp(min=1)).float()


def grid_picture(faces: FaceSet, settings: Augmentation | None) -> Image.Image:
    """One row per expression: each picture as it is, then as the network gets it."""
    rows = []
    for label in range(len(EXPRESSIONS)):
        plain = faces.pictures[faces.labels == label][:8, None].float()
        seen = augment(plain, settings)
        rows.append(torch.cat([torch.cat([a, b], dim=-1)[0] for a, b in zip(plain, seen)], -1))
    return Image.fromarray(torch.cat(rows).byte().numpy())


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a grid of samples as the network sees them")
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", type=Path, required=True, help=f"the folder with {TRAIN_SET}")
    parser.add_argument("--out", type=Path, default=Path("samples.png"))
    args = parser.parse_args()
    torch.manual_seed(0)
    training, validation, test = load(args.data)
    print(f"{len(training)} training, {len(validation)} validation, {len(test)} test pictures")
    for name, faces in (("training", training), ("validation", validation), ("test", test)):
        counts = torch.bincount(faces.labels, minlength=len(EXPRESSIONS)).tolist()
        print(f"{name:>11}", *(f"{e} {c}" for e, c in zip(EXPRESSIONS, counts)), sep="  ")
    grid_picture(training, recipe.load(args.recipe).augmentation).save(args.out)
    print(f"samples in {args.out}; they show people: keep them to yourself")


if __name__ == "__main__":
    main()
