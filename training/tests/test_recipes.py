"""Recipes: what they may say, and that each runs as it is."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
import torch
from made_up import made_up

import evaluate
import export
import networks
import origin
import recipe
import train
from recipe import Recipe, Teacher
from schedule import Patience, learning_rate

RECIPES = Path(__file__).parents[1] / "recipes"
NAMES = sorted(path.stem for path in RECIPES.glob("*.toml"))


def shortened(settings: Recipe) -> Recipe:
    """One epoch of each cycle, in batches for a few pictures, which are no larger than 64."""
    cycles = [replace(c, stages=[[min(c.stages[-1][0], 64), 1]]) for c in settings.training.cycles]
    return replace(settings, training=replace(settings.training, batch=8, cycles=cycles))


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Recipe]:
    """The project's recipes, shortened, for all who ask for them by name."""
    named = recipe.named
    monkeypatch.setattr(recipe, "named", lambda name: shortened(named(name)))
    return lambda name: recipe.named(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_runs_as_it_is(
    name: str, tmp_path: Path, short: Callable[[str], Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = short(name)
    for teacher in settings.teacher.recipes if settings.teacher else []:
        train.train(short(teacher), made_up(16, 0), made_up(7, 1), tmp_path / teacher)
    monkeypatch.setattr(train, "save", lambda *_: None)  # up to half a gigabyte that nobody reads
    network = train.train(settings, made_up(16, 0), made_up(7, 1), tmp_path / name)
    rows = (tmp_path / name / "curves.csv").read_text().splitlines()
    assert len(rows) == 1 + settings.training.epochs
    assert all(torch.isfinite(value).all() for value in network.state_dict().values())


def test_a_network_learns_from_another_one_of_another_input(
    tmp_path: Path, short: Callable[[str], Recipe]
) -> None:
    faces, others = made_up(16, 0), made_up(7, 1)
    own = short("cnn-tuned-ours")
    taught = replace(own, teacher=Teacher(["mien-s"], looks=2, share=0.5, temperature=2.0))
    with pytest.raises(SystemExit, match="train mien-s first"):
        train.train(taught, faces, others, tmp_path / "taught")
    train.train(short("mien-s"), faces, others, tmp_path / "mien-s")
    with_teacher = train.train(taught, faces, others, tmp_path / "taught")
    alone = train.train(own, faces, others, tmp_path / "alone")
    assert not torch.equal(with_teacher.head.weight, alone.head.weight)


def broken_off(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_run_that_is_not_at_its_end_teaches_nobody_and_is_not_judged(
    small: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe, "named", lambda _: small)
    faces, others, runs = made_up(16, 0), made_up(7, 1), tmp_path / "runs"
    taught = replace(small, name="pupil", teacher=Teacher([small.name], 1, 0.5, 2.0))
    with pytest.raises(KeyboardInterrupt):
        train.train(small, faces, others, runs / small.name, after_epoch=broken_off)
    unfinished = "broke off after epoch 1 of 2: train mien-s to its end"
    with pytest.raises(SystemExit, match=unfinished):
        train.train(taught, faces, others, runs / taught.name)
    with pytest.raises(SystemExit, match=unfinished):
        evaluate.load_run(small, runs, faces)
    other = replace(small, training=replace(small.training, seed=7))
    train.train(other, faces, others, tmp_path / "others" / small.name)
    with pytest.raises(SystemExit, match="other settings than the recipe mien-s has"):
        train.train(taught, faces, others, tmp_path / "others" / taught.name)


def test_a_run_that_stopped_early_is_at_its_end(tmp_path: Path) -> None:
    settings = shortened(recipe.named("mien-s"))
    state = {"epoch": 1, "stopping": (0.5, 2)}
    (tmp_path / "mien-s").mkdir()
    for patience, ends in ((2, True), (3, False)):
        stopping = recipe.EarlyStopping("loss", patience)
        cycles = [replace(settings.training.cycles[0], stages=[[48, 9]])]
        training = replace(settings.training, cycles=cycles, early_stopping=stopping)
        own = replace(settings, training=training)
        torch.save({**state, "recipe": own.learned()}, tmp_path / "mien-s" / "checkpoint.pt")
        if ends:
            assert evaluate.finished(own, tmp_path)["epoch"] == 1
        else:
            with pytest.raises(SystemExit, match="broke off after epoch 1 of 9"):
                evaluate.finished(own, tmp_path)


def test_mistakes_in_a_recipe_are_named(tmp_path: Path) -> None:
    text = (RECIPES / "vgg-small.toml").read_text()
    path = tmp_path / "x.toml"
    for wrong, what in (
        (text.replace("batch = 32", "bach = 32"), "bach"),
        (text.replace("batch = 32\n", ""), "batch"),
        ("splitt = 1\n" + text, "splitt"),
    ):
        path.write_text(wrong)
        with pytest.raises(SystemExit, match=what):
            recipe.load(path)


def test_an_older_run_that_names_fewer_settings_is_still_the_same() -> None:
    settings = recipe.named("mien-s")
    learned = settings.learned()
    del learned["split"], learned["targets"]["label_smoothing"], learned["training"]["plateau"]
    plain = replace(settings, targets=replace(settings.targets, label_smoothing=0.0))
    assert plain.made(learned) and not settings.made(learned)
    learned["training"]["batch"] += 1
    assert not plain.made(learned)
    assert not settings.made({**settings.learned(), "targets": {"weights": "old"}})


def test_a_run_with_other_settings_or_another_start_is_not_continued(tmp_path: Path) -> None:
    settings = shortened(recipe.load(RECIPES / "mien-s.toml"))
    faces, others = made_up(16, 0), made_up(7, 1)
    train.train(settings, faces, others, tmp_path)
    other = replace(settings, training=replace(settings.training, seed=7))
    with pytest.raises(SystemExit, match="other settings"):
        train.train(other, faces, others, tmp_path)
    with pytest.raises(SystemExit, match="no backbone"):
        train.train(settings, faces, others, tmp_path, start=train.Start(pretrained=True))


def test_a_run_of_other_data_or_of_a_teacher_trained_again_is_not_continued(
    tmp_path: Path, short: Callable[[str], Recipe]
) -> None:
    faces, others = made_up(16, 0), made_up(7, 1)
    teacher = short("mien-s")
    settings = replace(short("vgg-small"), teacher=Teacher([teacher.name], 1, 0.5, 2.0))
    train.train(teacher, faces, others, tmp_path / teacher.name)
    train.train(settings, faces, others, tmp_path / settings.name)
    train.train(settings, faces, others, tmp_path / settings.name)
    renamed = replace(faces, labels=faces.labels.roll(1))
    for trained, watched in ((made_up(16, 2), others), (renamed, others), (faces, made_up(7, 3))):
        with pytest.raises(SystemExit, match="learned from other data"):
            train.train(settings, trained, watched, tmp_path / settings.name)
    (tmp_path / teacher.name / "checkpoint.pt").unlink()
    train.train(teacher, made_up(16, 4), others, tmp_path / teacher.name)
    with pytest.raises(SystemExit, match="from teachers that were trained again since"):
        train.train(settings, faces, others, tmp_path / settings.name)


def test_a_run_of_a_changed_checkout_says_so(
    small: Recipe,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for commit, warned in (("0123456789-dirty", True), ("0123456789", False)):
        monkeypatch.setattr(origin, "commit", lambda commit=commit: commit)
        train.train(small, made_up(16, 0), made_up(7, 1), tmp_path / commit)
        assert ("changes that are in no commit" in capsys.readouterr().err) == warned


def test_patience_waits_as_keras_does() -> None:
    patience = Patience("loss", epochs=2, least_gain=1e-4)
    seen = []
    for loss in (1.0, 0.9, 0.95, 0.89995, 0.5):  # the fourth gains less than the least
        better = patience.improves(loss, accuracy=0.0)
        seen.append((better, patience.over))
    nothing, good = (False, False), (True, False)
    assert seen == [good, good, nothing, (False, True), good]
    with pytest.raises(ValueError, match="'los'"):
        Patience("los", 1)


def test_the_rate_goes_up_and_then_down_or_stays() -> None:
    cycle = recipe.Cycle(stages=[[48, 4]], learning_rate=0.2)
    assert learning_rate(0.5, cycle, warmup=1.0) == pytest.approx(0.1)
    assert learning_rate(1.0, cycle, warmup=1.0) == pytest.approx(0.2)
    assert learning_rate(2.0, cycle, warmup=0.0) == pytest.approx(0.1)
    assert learning_rate(4.0, cycle, warmup=1.0) == pytest.approx(0.0)
    constant = replace(cycle, rate="constant")
    assert learning_rate(3.9, constant, warmup=1.0) == pytest.approx(0.2)


def test_l2_pulls_only_the_layers_that_a_network_names() -> None:
    network = networks.build(recipe.Network("mini-xception"))
    groups = train.decayed_and_not(network, decay=0.0, l2=0.01)
    assert [group["weight_decay"] for group in groups] == [0.0, 0.0, 0.02]
    held = groups[2]["params"]
    assert isinstance(held, list) and [p.shape for p in held] == [(8, 1, 3, 3), (8, 8, 3, 3)]
    total = sum(len(group["params"]) for group in groups if isinstance(group["params"], list))
    assert total == len(list(network.parameters()))


def test_a_card_names_all_who_taught_and_what_they_learned_from() -> None:
    said = export.trained_on(recipe.named("mien-m-challenge"), "scratch")
    assert said.endswith(
        "the challenge's labels alone, and the answers of teacher-challenge and "
        "teacher-challenge-2, which learned from the challenge's labels alone"
    )


def test_a_licence_names_votes_and_the_weights_of_others_where_they_were_learned_from() -> None:
    by_labels, by_both = recipe.named("mien-m-challenge"), recipe.named("mien-m")
    assert "votes" not in export.license_of(by_labels, "scratch")
    assert ", and FER+ votes (MIT): check" in export.license_of(by_both, "scratch")
    pupil = replace(by_labels, teacher=Teacher(["mien-s"], looks=1, share=0.5, temperature=1.0))
    assert "FER+ votes" in export.license_of(pupil, "scratch"), "its teacher learned from them"
    backbone = recipe.named("mobilenet-transfer")
    for start in ("ImageNet weights", "weights of mobilenet.pth"):
        for said in (export.license_of(backbone, start), export.trained_on(backbone, start)):
            assert f"began with {start}, learned from ImageNet, given for research" in said
    assert "ImageNet" not in export.license_of(backbone, "scratch")


def test_an_untrained_card_claims_nothing() -> None:
    settings = recipe.named("mien-s")
    card = export.card(settings, networks.build(settings.network), None)
    assert card["mien.trained_on"].startswith("nothing") and "trained by" not in card["mien.source"]


@pytest.mark.parametrize("path", sorted(export.MODELS.glob("*.onnx")), ids=lambda path: path.stem)
def test_a_shipped_models_card_says_what_its_recipe_says(path: Path) -> None:
    properties = {p.key: p.value for p in onnx.load(path).metadata_props}
    settings = recipe.named(path.stem)
    assert properties["mien.license"] == export.license_of(settings, "scratch")
    assert properties["mien.trained_on"] == export.trained_on(settings, "scratch")
    assert properties["mien.source"] == export.SOURCE.format(name=path.stem, start="scratch")
