"""Another look at each picture, and what a network is fed."""

import math

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, interpolate

from networks.common import FaceNetwork
from recipe import Augmentation

SIDE = 48  # FER-2013's picture size, which pixels to erase are counted in


def augment(pictures: Tensor, settings: Augmentation | None, side: int = SIDE) -> Tensor:
    """Pictures [n, 1, side, side] from 0 to 255, moved and changed: the whole batch in one go.

    With no settings they are only brought to their size.
    """
    if settings is None:
        return resized(pictures, side)
    n = len(pictures)
    grid = affine_grid(moves(n, settings), [n, 1, side, side], align_corners=False)
    # The border is repeated, as the app does where a crop leaves the frame.
    pictures = grid_sample(pictures, grid, padding_mode="border", align_corners=False)
    gamma = spread(n, settings.gamma).exp().view(n, 1, 1, 1)
    pictures = 255 * (pictures / 255).clamp(0, 1) ** gamma
    return erase(pictures, settings)


def moves(n: int, settings: Augmentation) -> Tensor:
    """n affine maps [n, 2, 3] from the new picture to the old; both span -1 to 1."""
    angle = spread(n, math.radians(settings.rotate))
    scale = spread(n, settings.scale).exp()
    flip = torch.randint(2, (n,)) * 2.0 - 1 if settings.flip else torch.ones(n)
    shift = spread(2 * n, 2 * settings.shift).view(n, 2)
    cos, sin = scale * angle.cos(), scale * angle.sin()
    rows = torch.stack([flip * cos, -sin, shift[:, 0], flip * sin, cos, shift[:, 1]], dim=1)
    maps = rows.view(n, 2, 3)
    # What follows draws numbers only where a recipe asks for it: other recipes keep theirs.
    if settings.zoom:
        maps = scaled(maps, 1 + spread(n, settings.zoom), 1 + spread(n, settings.zoom))
    if settings.shear:
        shear = spread(n, math.radians(settings.shear))
        across = maps[..., 1:2] * shear.cos().view(n, 1, 1)
        across = across - maps[..., :1] * shear.sin().view(n, 1, 1)
        maps = torch.cat([maps[..., :1], across, maps[..., 2:]], dim=2)
    if settings.flip_vertical:
        maps = scaled(maps, torch.ones(n), torch.randint(2, (n,)) * 2.0 - 1)
    return maps


def scaled(maps: Tensor, width: Tensor, height: Tensor) -> Tensor:
    return maps * torch.stack([width, height, torch.ones(len(maps))], dim=1)[:, None]


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


def resized(pictures: Tensor, side: int) -> Tensor:
    """Pictures [n, 1, h, w], bilinear, as the app brings a picture to a network's size."""
    if pictures.shape[-1] == side:
        return pictures
    return interpolate(pictures, (side, side), mode="bilinear", antialias=True)


def feed(pictures: Tensor, network: FaceNetwork) -> Tensor:
    """The grey as often as the network has channels."""
    return pictures.expand(-1, network.channels, -1, -1)
