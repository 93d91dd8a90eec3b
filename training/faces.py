"""Faces of nobody: one average face per expression, the demo's cast and the models' self-test.

    python faces.py --data DIR

Each is the mean of the pictures on whose expression the crowd agrees most, moved a little until
they resemble their mean, so that eyes and mouths stay sharp. No person is in them.
"""

import argparse
from pathlib import Path

import torch
from PIL import Image, ImageFilter
from torch import Tensor
from torch.nn.functional import affine_grid, avg_pool2d, grid_sample

import augment
import data
from augment import spread
from data import FaceSet
from expressions import EXPRESSIONS, VOTE_COLUMNS

FACES = Path(__file__).parents[1] / "assets" / "faces"
SIDE = 96  # twice the pictures': the mean of many shifted ones holds finer detail than any
PICTURES = 150  # per expression: fewer would show single people, many more are flat
ROUNDS = 120  # moves tried per picture; the means hardly change after that
CARICATURE = 1.1  # distance from the mean of all seven, 1 being the plain mean; chosen by eye
SHARPEN = ImageFilter.UnsharpMask(radius=2.0, percent=70, threshold=0)  # chosen by eye
SEED = 1


def clearest(faces: FaceSet, label: int) -> Tensor:
    """The pictures of one expression on which label and crowd agree most, [PICTURES, 1, 48, 48]."""
    share = faces.votes[:, VOTE_COLUMNS[label]] / faces.votes.sum(dim=1).clamp(min=1)
    share = torch.where(faces.labels == label, share, -1.0)
    return faces.pictures[share.argsort(descending=True, stable=True)[:PICTURES], None].float()


def moved(pictures: Tensor, moves: Tensor, side: int) -> Tensor:
    """The pictures under moves [n, 5] (flip, angle, log of scale, x, y), normalised."""
    flip, angle, scale = moves[:, 0], moves[:, 1], moves[:, 2].exp()
    cos, sin = scale * angle.cos(), scale * angle.sin()
    rows = torch.stack([flip * cos, -sin, moves[:, 3], flip * sin, cos, moves[:, 4]], dim=1)
    grid = affine_grid(rows.view(-1, 2, 3), [len(moves), 1, side, side], align_corners=False)
    mode = "bilinear" if side == augment.SIDE else "bicubic"
    return normalised(grid_sample(pictures, grid, mode, "border", align_corners=False))


def normalised(pictures: Tensor) -> Tensor:
    pictures = pictures - pictures.mean(dim=(1, 2, 3), keepdim=True)
    return pictures / pictures.std(dim=(1, 2, 3), keepdim=True).clamp(min=1e-3)


def symmetric(mean: Tensor) -> Tensor:
    return (mean + mean.flip(-1)) / 2


def detail(pictures: Tensor) -> Tensor:
    """Without the light and shade of large areas, which would outweigh eyes and mouths."""
    return pictures - avg_pool2d(pictures, 13, stride=1, padding=6, count_include_pad=False)


def align(pictures: Tensor, moves: Tensor, reach: float) -> Tensor:
    """Moves that make the pictures resemble their own mean: tries at random, keeps what helps."""
    pictures, n = detail(pictures), len(pictures)
    line = torch.linspace(-1, 1, augment.SIDE)
    window = torch.exp(-1.5 * (line[:, None] ** 2 + line**2))  # the face counts, not the corners
    for i in range(ROUNDS):
        mean = symmetric(moved(pictures, moves, augment.SIDE).mean(dim=0)) * window
        most = reach * (1 - 0.8 * i / ROUNDS)  # large moves first
        tried = moves.clone()
        tried[:, 0] *= (torch.rand(n) < 0.8) * 2.0 - 1
        tried[:, 1] += spread(n, 0.15 * most)
        tried[:, 2] += spread(n, 0.1 * most)
        tried[:, 3:] += spread(2 * n, 0.15 * most).view(n, 2)
        tried[:, 1].clamp_(-0.3, 0.3)
        tried[:, 2].clamp_(-0.2, 0.2)
        tried[:, 3:].clamp_(-0.25, 0.25)
        better = likeness(pictures, tried, mean) > likeness(pictures, moves, mean)
        moves = torch.where(better[:, None], tried, moves)
    return moves


def likeness(pictures: Tensor, moves: Tensor, mean: Tensor) -> Tensor:
    return (moved(pictures, moves, augment.SIDE) * mean).sum(dim=(1, 2, 3))


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the faces of nobody into assets/faces/")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the pictures")
    args = parser.parse_args()
    torch.manual_seed(SEED)
    training, _, _ = data.load(args.data)
    data.need_votes(training, "an average face of the pictures on which the crowd agrees")

    pictures = torch.cat([clearest(training, label) for label in range(len(EXPRESSIONS))])
    still = torch.tensor([1.0, 0.0, 0.0, 0.0, 0.0]).repeat(len(pictures), 1)
    # All together first, so that the seven agree on where the eyes are and can be morphed.
    moves = align(pictures, still, 1.0)
    means = []
    for own, start in zip(torch.split(pictures, PICTURES), torch.split(moves, PICTURES)):
        end = align(own, start, 0.4)
        means.append(symmetric(moved(own, end, SIDE).mean(dim=0)))
    seven = torch.stack(means)
    seven = normalised(seven.mean(dim=0) + CARICATURE * (seven - seven.mean(dim=0)))

    FACES.mkdir(parents=True, exist_ok=True)
    low, high = -2.7, 2.4  # deviations that become black and white
    for name, face in zip(EXPRESSIONS, seven):
        grey = (255 * (face[0] - low) / (high - low)).round().clamp(0, 255).byte()
        picture = Image.fromarray(grey.numpy()).filter(SHARPEN)
        picture.save(FACES / f"{name}.png", optimize=True)
    print(f"{len(seven)} faces in {FACES}")


if __name__ == "__main__":
    main()
