"""The whole way from pictures to a model, on made-up pictures that show nobody."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from made_up import made_up, write_set
from PIL import Image
from torch import Tensor

import augment
import crop
import data
import evaluate
import export
import networks
import recipe
import train
from data import FaceSet
from expressions import EXPRESSIONS, VOTE_COLUMNS, VOTES
from networks.common import without_floor
from recipe import Recipe

MIEN = {
    "mien-s": 97_743,
    "mien-m": 683_159,
    "mien-m-challenge": 979_095,
    "teacher-challenge": 2_723_111,
    "teacher-challenge-2": 3_904_807,
}
RECIPES = Path(__file__).parents[1] / "recipes"


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


@pytest.mark.parametrize("name", MIEN)
def test_every_network_of_ours_has_its_promised_size(name: str) -> None:
    network = networks.build(recipe.load(RECIPES / f"{name}.toml").network)
    assert networks.parameters(network) == MIEN[name]
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


def test_votes_that_a_recipe_wants_and_nobody_gave_are_asked_for(
    small: Recipe, tmp_path: Path
) -> None:
    faces = made_up(32, seed=0)
    unasked = FaceSet(faces.pictures, faces.labels, torch.zeros_like(faces.votes))
    with pytest.raises(SystemExit, match="and not one of 32 pictures has any"):
        train.train(small, unasked, unasked, tmp_path / small.name)
    train.train(small, faces, faces, tmp_path / small.name)
    with pytest.raises(SystemExit, match="mien-s needs FER"):
        evaluate.load_run(small, tmp_path, unasked)


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
    seen = augment.augment(pictures, small.augmentation, side=32)
    assert seen.shape == (14, 1, 32, 32)
    assert seen.min() >= 0 and seen.max() <= 255


@pytest.mark.parametrize("way", ["ours", "keras"])
def test_a_resumed_run_ends_where_an_unbroken_one_does(
    small: Recipe, tmp_path: Path, way: str
) -> None:
    """Ours averages; Keras's has a rate that falls, a best epoch, and stops by itself."""
    if way != "ours":
        settings = replace(
            small.training,
            optimizer="adam",
            ema=0.0,
            l2=0.01,
            cycles=[recipe.Cycle(stages=[[48, 6]], learning_rate=0.01, rate="constant")],
            plateau=recipe.Plateau("loss", factor=0.5, patience=1),
            early_stopping=recipe.EarlyStopping("accuracy", patience=2),
        )
        small = replace(small, training=settings, split="random-fifth")
    training, validation = made_up(32, seed=0), made_up(14, seed=1)
    unbroken = train.train(small, training, validation, tmp_path / "unbroken")

    save = train.save

    def broken_off(before: bool) -> Callable[[Path, dict[str, Any]], None]:
        def saving(run: Path, state: dict[str, Any]) -> None:
            if not before:
                save(run, state)
            raise KeyboardInterrupt

        return saving

    with pytest.MonkeyPatch.context() as patch:
        # Right after a checkpoint, and between a row of the curves and its checkpoint.
        for before in (False, True) if way == "ours" else (False, True, False):
            patch.setattr(train, "save", broken_off(before))
            with pytest.raises(KeyboardInterrupt):
                train.train(small, training, validation, tmp_path / "broken")
    resumed = train.train(small, training, validation, tmp_path / "broken")
    for a, b in zip(unbroken.state_dict().values(), resumed.state_dict().values()):
        assert torch.equal(a, b)
    rows, wanted = (
        [{**row, "seconds": ""} for row in train.read_curve(tmp_path / name / "curves.csv")]
        for name in ("broken", "unbroken")
    )
    assert rows == wanted


def test_the_figures_of_six_faces_equal_those_worked_out_by_hand() -> None:
    """The six of src/evaluation/metrics/tests.rs, half of them answered less surely."""
    happy, sad, neutral, angry = (
        EXPRESSIONS.index(e) for e in ("happy", "sad", "neutral", "angry")
    )
    faces = [
        *((happy, happy, 0.9), (happy, happy, 0.9), (happy, sad, 0.9)),
        *((sad, sad, 0.65), (sad, neutral, 0.65), (neutral, neutral, 0.65)),
    ]
    probabilities = torch.zeros(6, 7)
    for row, (_, answer, confidence) in zip(probabilities, faces):
        row[answer], row[angry] = confidence, 1 - confidence
    scores = evaluate.score(probabilities, torch.tensor([truth for truth, _, _ in faces]))
    assert scores.accuracy == pytest.approx(4 / 6, abs=1e-6)
    assert scores.mean_recall == pytest.approx((2 / 3 + 1 / 2 + 1) / 3, abs=1e-6)
    assert scores.macro_f1 == pytest.approx((0.8 + 0.5 + 2 / 3) / 3, abs=1e-6)
    assert [scores.recall[e] for e in ("happy", "sad", "neutral", "fear")] == [0.667, 0.5, 1, 0]
    assert scores.confusion[happy] == [0, 0, 0, 2, 1, 0, 0]
    assert scores.confusion[sad] == [0, 0, 0, 0, 1, 0, 1]
    assert scores.reliability == [[0.65, 0.6667, 3], [0.9, 0.6667, 3]]
    # Two of three right at 65 %, two of three at 90 %.
    assert scores.ece == pytest.approx((abs(2 - 1.95) + abs(2 - 2.7)) / 6, abs=1e-6)
    # Two truths were given nothing: 2 to the power of -23 is the least that is believed.
    surprise = -2 * math.log(0.9) - 2 * math.log(0.65) + 2 * 23 * math.log(2)
    assert scores.loss == pytest.approx(surprise / 6, abs=1e-4)


def test_an_expression_that_never_occurs_and_is_never_answered_spoils_no_average() -> None:
    probabilities = torch.tensor([[0.0, 0, 0, 0.9, 0.1, 0, 0]])
    scores = evaluate.score(probabilities, torch.tensor([EXPRESSIONS.index("happy")]))
    assert (scores.mean_recall, scores.macro_f1) == (1, 1)


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


def test_without_its_floor_a_network_is_surer_and_answers_the_same() -> None:
    smoothed = torch.tensor([[0.88, *[0.02] * 6], [0.4, 0.3, 0.2, 0.04, 0.02, 0.02, 0.02]])
    before = smoothed.log()
    after = torch.softmax(without_floor(before, 0.02), dim=1)
    assert after[0, 0] > 0.98
    assert torch.equal(after.argmax(dim=1), smoothed.argmax(dim=1))
    assert (after > 0).all()
    network = networks.build(recipe.load(RECIPES / "mien-s.toml").network).eval()
    pictures = torch.rand(2, 1, 48, 48) * 255
    with torch.no_grad():
        before = network(pictures)
        network.floor = 0.02
        torch.testing.assert_close(network(pictures), without_floor(before, 0.02))


def test_an_expression_without_pictures_leaves_all_answers_finite(small: Recipe) -> None:
    network = networks.build(small.network)
    faces = made_up(70, seed=0)
    happy = (faces.labels == EXPRESSIONS.index("happy")).nonzero()[:, 0].tolist()
    evaluate.shift_prior(network, faces.pick(happy), small)
    assert network.head.bias is not None and network.head.bias.isfinite().all()


def test_temperature_softens_what_is_too_sure() -> None:
    torch.manual_seed(0)
    truth = torch.randint(7, (4000,))
    noisy = torch.where(torch.rand(4000) < 0.5, truth, torch.randint(7, (4000,)))
    logits = torch.nn.functional.one_hot(noisy, 7) * 5.0
    temperature = evaluate.fit_temperature(logits, truth)
    assert temperature > 2
    softened = torch.softmax(logits / temperature, dim=1)
    assert evaluate.score(softened, truth).ece < 0.01


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
    export.write(network, export.card(small, network, judged), path)

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


def test_an_export_holds_no_denormal_weights(tmp_path: Path) -> None:
    network = networks.build(recipe.load(RECIPES / "mien-s.toml").network).eval()
    with torch.no_grad():
        network.head.weight[0, 0] = 1e-40
    export.write(network, {}, tmp_path / "m.onnx")
    model = onnx.load(tmp_path / "m.onnx")
    weights = [onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer]
    floats = np.concatenate([w.ravel() for w in weights if w.dtype == np.float32])
    assert (floats != 0).any()
    assert not ((floats != 0) & (np.abs(floats) < export.FAINT)).any()
