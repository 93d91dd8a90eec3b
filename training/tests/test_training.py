"""The whole way from pictures to a model, on made-up pictures that show nobody."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image
from torch import Tensor

import crop
import data
import evaluate
import export
import networks
import recipe
import train
from data import FaceSet
from expressions import EXPRESSIONS, VOTE_COLUMNS, VOTES
from recipe import Recipe

torch.set_num_threads(1)  # the networks are tiny here; threads would wait for each other
RECIPES = sorted((Path(__file__).parents[1] / "recipes").glob("*.toml"))


def made_up(n: int, seed: int) -> FaceSet:
    """Noise with a bright bar whose height tells the expression: easy to learn, nobody's face."""
    numbers = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % len(EXPRESSIONS)
    pictures = torch.randint(0, 100, (n, data.SIDE, data.SIDE), generator=numbers)
    for picture, label in zip(pictures, labels):
        picture[6 * label + 2 : 6 * label + 7] += 150
    votes = torch.zeros(n, len(VOTES))
    votes[torch.arange(n), torch.tensor(VOTE_COLUMNS)[labels]] = 10
    return FaceSet(pictures.byte(), labels, votes)


@pytest.fixture
def small() -> Recipe:
    """The smallest recipe, made small enough for a test."""
    settings = recipe.load(Path(__file__).parents[1] / "recipes" / "mien-s.toml")
    cycle = replace(settings.training.cycles[0], stages=[[16, 1], [24, 1]])
    return replace(settings, training=replace(settings.training, cycles=[cycle], batch=16))


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


def test_the_label_order_is_the_challenges() -> None:
    assert EXPRESSIONS == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    assert [VOTES[i] for i in VOTE_COLUMNS] == [
        "anger",
        "disgust",
        "fear",
        "happiness",
        "sadness",
        "surprise",
        "neutral",
    ]


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_builds_a_network_of_its_promised_size(path: Path) -> None:
    network = networks.build(recipe.load(path).network)
    size = sum(p.numel() for p in network.parameters())
    promised = {"mien-s": 97_119, "teacher-challenge": 2_719_591}
    assert size == promised.get(path.stem, 976_823)
    assert network(torch.rand(3, 1, 48, 48)).shape == (3, len(EXPRESSIONS))


def test_the_network_does_not_care_for_brightness(small: Recipe) -> None:
    torch.manual_seed(0)
    network = networks.build(small.network).eval()
    pictures = 50 + 100 * torch.rand(2, 1, 48, 48)
    answers = network(pictures)
    torch.testing.assert_close(network(1.5 * pictures + 10), answers, rtol=1e-2, atol=1e-2)


def test_one_step_lowers_the_loss(small: Recipe) -> None:
    torch.manual_seed(0)
    faces = made_up(28, seed=0)
    network = networks.build(small.network)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01)

    def loss() -> Tensor:
        return torch.nn.functional.cross_entropy(
            network(faces.pictures[:, None].float()), faces.labels
        )

    before = loss()
    before.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    assert loss() < before


def test_votes_and_label_are_mixed_and_single_votes_dropped() -> None:
    votes = torch.zeros(3, len(VOTES))
    votes[0, VOTES.index("sadness")] = 6
    votes[0, VOTES.index("neutral")] = 3
    votes[0, VOTES.index("fear")] = 1  # alone: dropped
    votes[1, VOTES.index("nf")] = 10  # nobody saw one of the seven
    votes[2, VOTES.index("happiness")] = 5
    votes[2, VOTES.index("contempt")] = 5  # no majority
    faces = FaceSet(torch.zeros(3, 48, 48).byte(), torch.tensor([0, 3, 3]), votes)
    mixed = data.targets(faces, 0.5)
    assert mixed[0].tolist() == pytest.approx([0.5, 0, 0, 0, 1 / 3, 0, 1 / 6])
    assert mixed[1].tolist() == [0, 0, 0, 1, 0, 0, 0]
    assert data.crowd_labels(faces).tolist() == [EXPRESSIONS.index("sad"), -1, -1]


def test_the_split_keeps_copies_together_and_test_pictures_out() -> None:
    faces = made_up(400, seed=1)
    twice = FaceSet(
        faces.pictures.repeat(2, 1, 1), faces.labels.repeat(2), faces.votes.repeat(2, 1)
    )
    twice.pictures[7] = 128  # a blank
    test = faces.pick([0, 1, 2])
    training, validation = data.split(twice, test)
    assert len(training) + len(validation) == 800 - 2 * 3 - 1
    assert 0 < len(validation) < 120
    assert not set(training.digests()) & set(validation.digests() + test.digests())


def test_augmented_pictures_keep_shape_and_range(small: Recipe) -> None:
    torch.manual_seed(0)
    pictures = made_up(14, seed=0).pictures[:, None].float()
    seen = data.augment(pictures, small.augmentation, side=32)
    assert seen.shape == (14, 1, 32, 32)
    assert seen.min() >= 0 and seen.max() <= 255


def test_a_resumed_run_ends_where_an_unbroken_one_does(small: Recipe, tmp_path: Path) -> None:
    training, validation = made_up(32, seed=0), made_up(14, seed=1)
    unbroken = train.train(small, training, validation, tmp_path / "unbroken")

    def broken_off(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(train, "write_curve", broken_off)  # right after the first checkpoint
        train.train(small, training, validation, tmp_path / "broken")
    resumed = train.train(small, training, validation, tmp_path / "broken")
    for a, b in zip(unbroken.state_dict().values(), resumed.state_dict().values()):
        assert torch.equal(a, b)


def test_scores_are_those_worked_out_by_hand() -> None:
    truth = torch.tensor([0, 0, 3, 6, -1])
    probabilities = torch.full((5, 7), 0.1 / 6)
    probabilities[torch.arange(5), torch.tensor([0, 3, 3, 6, 1])] = 0.9
    scores = evaluate.score(probabilities, truth)
    assert (scores.n, scores.accuracy) == (4, 0.75)
    assert scores.recall["angry"] == 0.5
    assert scores.confusion[0] == [1, 0, 0, 1, 0, 0, 0]
    assert scores.ece == pytest.approx(0.15)
    assert scores.reliability == [[0.9, 0.75, 4]]


def test_temperature_softens_what_is_too_sure() -> None:
    torch.manual_seed(0)
    truth = torch.randint(7, (4000,))
    noisy = torch.where(torch.rand(4000) < 0.5, truth, torch.randint(7, (4000,)))
    logits = torch.nn.functional.one_hot(noisy, 7) * 8.0
    wanted = torch.nn.functional.one_hot(truth, 7).float()
    assert evaluate.fit_temperature(logits, wanted) > 2


def test_the_whole_way_from_pictures_to_a_model_with_its_card(
    small: Recipe, tmp_path: Path
) -> None:
    write_set(tmp_path / data.TRAIN_SET, made_up(140, seed=0), "train")
    write_set(tmp_path / data.TEST_SET, made_up(35, seed=1), "test")
    training, validation, test = data.load(tmp_path)
    train.train(small, training, validation, tmp_path / small.name)
    network = evaluate.load_run(small, tmp_path, training)
    judged = evaluate.report(small, network, validation, test)
    path = tmp_path / f"{small.name}.onnx"
    export.write(network, export.card(small, judged), path)

    assert export.check(network, path, test.pictures) < export.TOLERANCE
    properties = {p.key: p.value for p in onnx.load(path).metadata_props}
    assert properties["mien.labels"] == ",".join(EXPRESSIONS)
    assert json.loads(properties["mien.metrics"])["parameters"] == judged.parameters
    keys = "name title labels input layout color scale output temperature margin"
    keys += " trained_on license metrics source"
    assert properties.keys() == {f"mien.{key}" for key in keys.split()}


def test_golden_crops_are_renewed_unchanged() -> None:
    with Image.open(crop.TESTS_DATA / crop.PICTURE) as picture:
        frame = crop.luma(picture)
        np.testing.assert_array_equal(frame, np.asarray(picture.convert("L")))
    for name, box, margin in crop.CASES:
        with Image.open(crop.TESTS_DATA / "golden" / f"crop-{name}.png") as expected:
            np.testing.assert_array_equal(crop.crop(frame, box, margin), expected)
