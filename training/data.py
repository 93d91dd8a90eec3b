"""FER-2013 pictures with both truths: reading, splitting, augmentation. Run it to look at samples.

A set is a folder or a zip in Kaggle's layout, `.../<label>/NAME.png`, with a table of FER+ votes
beside it (`NAME.csv` for `NAME.zip`). The sets are not part of this project: see README.md.
"""

import argparse
import csv
import hashlib
import io
import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import recipe
from expressions import EXPRESSIONS, VOTE_COLUMNS, VOTES
from recipe import Augmentation

SIDE = 48  # FER-2013's picture size, and every network's input
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


def load(folder: Path) -> tuple[FaceSet, FaceSet, FaceSet]:
    """Training, validation and test set."""
    test = read(folder / TEST_SET)
    training, validation = split(read(folder / TRAIN_SET), test)
    return training, validation, test


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


def augment(pictures: Tensor, settings: Augmentation, side: int = SIDE) -> Tensor:
    """Another look at each picture, [n, 1, side, side] from 0 to 255: the whole batch in one go."""
    n = len(pictures)
    angle = spread(n, math.radians(settings.rotate))
    scale = spread(n, settings.scale).exp()
    flip = torch.randint(2, (n,)) * 2.0 - 1
    shift = spread(2 * n, 2 * settings.shift).view(n, 2)  # the grid spans -1 to 1
    cos, sin = scale * angle.cos(), scale * angle.sin()
    rows = torch.stack([flip * cos, -sin, shift[:, 0], flip * sin, cos, shift[:, 1]], dim=1)
    grid = torch.nn.functional.affine_grid(
        rows.view(n, 2, 3), [n, 1, side, side], align_corners=False
    )
    # The border is repeated, as the app does where a crop leaves the frame.
    pictures = torch.nn.functional.grid_sample(
        pictures, grid, padding_mode="border", align_corners=False
    )
    gamma = spread(n, settings.gamma).exp().view(n, 1, 1, 1)
    pictures = 255 * (pictures / 255).clamp(0, 1) ** gamma
    return erase(pictures, settings)


def erase(pictures: Tensor, settings: Augmentation) -> Tensor:
    """A rectangle of one grey over some pictures: no single part of a face may decide."""
    n, side = len(pictures), pictures.shape[-1]
    size = torch.randint(settings.erase_min, settings.erase_max + 1, (n, 2)) * side // SIDE
    start = (torch.rand(n, 2) * (side + 1 - size)).long()
    line = torch.arange(side)
    inside = (line >= start[..., None]) & (line < (start + size)[..., None])  # [n, 2, side]
    chosen = (torch.rand(n) < settings.erase).view(n, 1, 1)
    mask = (inside[:, 0, :, None] & inside[:, 1, None, :] & chosen)[:, None]
    return torch.where(mask, 255 * torch.rand(n, 1, 1, 1), pictures)


def spread(n: int, most: float) -> Tensor:
    """n numbers, even between -most and most."""
    return (torch.rand(n) * 2 - 1) * most


def grid_picture(faces: FaceSet, settings: Augmentation) -> Image.Image:
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
