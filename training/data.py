"""FER-2013 pictures with both truths: reading, splitting, targets.

The sets are not part of this project: see README.md. `look.py` shows them.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from expressions import EXPRESSIONS, VOTE_COLUMNS
from reading import TABLE, Row, parts, read_pictures, read_table

TRAIN_SET = "fer2013-train.zip"
TEST_SET = "fer2013-public-test.zip"
FOLDERS = ("train", "test")  # Kaggle's
USAGES = ("Training", "PublicTest")  # of the challenge's table; PrivateTest is not read
PUBLIC_AND_PRIVATE = 7178  # pictures in both test sets of the challenge, which Kaggle's test/ is
# 1,915 pictures: a standard error of 1.05 points where 70 % are right.
VALIDATION_SHARE = 0.07
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


def gather(rows: Iterable[Row], whence: str) -> FaceSet:
    pictures, labels, votes = [], [], []
    for picture, label, own in rows:
        pictures.append(picture)
        labels.append(label)
        votes.append(own)
    if not pictures:
        raise ValueError(f"{whence}: no pictures in folders named after expressions")
    return FaceSet(torch.from_numpy(np.stack(pictures)), torch.tensor(labels), torch.tensor(votes))


def read(path: Path) -> FaceSet:
    """A folder or a zip as it lies on disk, in the order of its names."""
    return gather(read_pictures(path), str(path))


def read_both(folder: Path) -> tuple[FaceSet, FaceSet]:
    """All pictures given for training and the test pictures, from what the folder holds."""
    for training, test in ((TRAIN_SET, TEST_SET), FOLDERS):
        if (folder / training).exists() and (folder / test).exists():
            return read(folder / training), read(folder / test)
    for path in (folder / TABLE, *sorted(folder.glob("*.zip"))):
        held = {path.name} if path.suffix == ".csv" else parts(path)
        if path.exists() and TABLE in held:
            sets = [gather(read_table(path, usage), str(path)) for usage in USAGES]
            return sets[0], sets[1]
        if held.issuperset(FOLDERS):
            sets = [gather(read_pictures(path, part), str(path)) for part in FOLDERS]
            return sets[0], sets[1]
    raise SystemExit(
        f"{folder} holds no pictures: there may be {TABLE}, {TRAIN_SET} with {TEST_SET}, "
        f"the folders {FOLDERS[0]}/ and {FOLDERS[1]}/, or a zip of the first or the last"
    )


def blank(faces: FaceSet) -> Tensor:
    """Which pictures hold one grey, [n]."""
    return faces.pictures.flatten(1).float().std(dim=1) < 1


def split(full: FaceSet, test: FaceSet) -> tuple[FaceSet, FaceSet]:
    """Training and validation pictures; neither holds a blank nor a copy of a test picture.

    Copies of one picture fall on the same side: the digest alone decides where it goes, so the
    split does not depend on the order or the number of pictures either.
    """
    digests, forbidden = full.digests(), set(test.digests())
    empty = blank(full)
    sides: tuple[list[int], list[int]] = ([], [])
    for i, digest in enumerate(digests):
        if not empty[i] and digest not in forbidden:
            draw = hashlib.sha256(SPLIT_SEED.to_bytes(4, "big") + digest).digest()
            sides[int.from_bytes(draw[:4], "big") / 2**32 < VALIDATION_SHARE].append(i)
    return full.pick(sides[0]), full.pick(sides[1])


def load(folder: Path, how: str = "digest") -> tuple[FaceSet, FaceSet, FaceSet]:
    """Training, validation and test set, as a recipe's `split` says.

    "digest" is ours: see `split`. "everything" learns from its validation pictures as well, which
    then judge nothing: for a last training, when all is chosen. "random-fifth" is what many
    notebooks do: all given pictures shuffled, four fifths to learn from, the last one to watch and
    to judge by. Copies fall on both sides, and the test set is among the training pictures: no
    other figure compares with its own.
    """
    full, test = read_both(folder)
    if how in ("digest", "everything"):
        training, validation = split(full, test)
        return training if how == "digest" else training.joined(validation), validation, test
    if how != "random-fifth":
        raise ValueError(f"split = {how!r} is none of 'digest', 'everything', 'random-fifth'")
    every = full.joined(test)
    numbers = torch.Generator().manual_seed(SPLIT_SEED)
    order = torch.randperm(len(every), generator=numbers).tolist()
    fifth = every.pick(order[: len(order) // 5])
    return every.pick(order[len(order) // 5 :]), fifth, fifth


def keeps_validation(how: str) -> bool:
    """Whether a split has pictures to choose by, apart from those that it judges by."""
    return how == "digest"


def measured_on(how: str, pictures: int) -> str:
    """What a figure by that split on so many pictures was measured on, in words."""
    if how == "random-fifth":
        return "random fifth"
    return "Public+Private" if pictures == PUBLIC_AND_PRIVATE else "PublicTest"


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


def need_votes(faces: FaceSet, what: str) -> None:
    """Ends the program where something would learn from votes that nobody gave."""
    if not faces.votes.any():
        raise SystemExit(
            f"{what} needs FER+ votes, and not one of {len(faces)} pictures has any: README.md, "
            "section 2, says which table holds them and where it lies"
        )


def crowd_labels(faces: FaceSet) -> Tensor:
    """What most of the ten people saw, [n] as indices of EXPRESSIONS, or -1 where they disagree.

    FER+'s own protocol: single votes are dropped, then one answer needs more than half of the
    votes left; `contempt`, `unknown` and `no face` count among them but are no answer here.
    """
    votes = faces.votes * (faces.votes > 1)
    seven = votes[:, VOTE_COLUMNS]
    most, label = seven.max(dim=1)
    return torch.where(most > votes.sum(dim=1) / 2, label, -1)
