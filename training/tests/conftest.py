"""What the tests share."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import recipe
from recipe import Recipe

torch.set_num_threads(1)  # the networks are tiny here; threads would wait for each other


@pytest.fixture
def small() -> Recipe:
    """The smallest recipe, made small enough for a test."""
    settings = recipe.load(Path(__file__).parents[1] / "recipes" / "mien-s.toml")
    cycle = replace(settings.training.cycles[0], stages=[[16, 1], [24, 1]])
    return replace(settings, training=replace(settings.training, cycles=[cycle], batch=16))
