"""The page of a run, its figures, the table of all runs, and the trade of a moved prior."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from made_up import made_up, write_set

import data
import evaluate
import export
import plots
import recipe
import report
import table
import trade
import train
from evaluate import Scores
from recipe import Recipe


@pytest.fixture
def trained(small: Recipe, tmp_path: Path) -> Recipe:
    """A finished run in tmp_path, beside the pictures it learned from."""
    write_set(tmp_path / data.TRAIN_SET, made_up(140, seed=0), "train")
    write_set(tmp_path / data.TEST_SET, made_up(35, seed=1), "test")
    training, validation, _ = data.load(tmp_path)
    train.train(small, training, validation, tmp_path / small.name)
    return small


def test_a_runs_page_holds_all_of_it_and_needs_nothing_else(
    trained: Recipe, tmp_path: Path
) -> None:
    facts = report.report(trained, tmp_path, tmp_path)
    page = (tmp_path / trained.name / "report.html").read_text()
    titles = ("Learning", "Confusion", "Each expression", "Confidence", "at random", "mistakes")
    assert all(title in page for title in titles)
    assert page.count("data:image/svg+xml") == 6
    wrong = 35 - sum(facts["judged"]["crowd"]["confusion"][i][i] for i in range(7))
    assert page.count('class="wrong"') == wrong + min(wrong, report.SHOWN // 2)
    assert page.count('class="right"') == 35 - wrong
    assert "http" not in page.replace("http://www.w3.org", ""), "nothing is fetched"
    assert json.loads((tmp_path / trained.name / "report.json").read_text()) == facts
    assert facts["minutes"] >= 0 and facts["epochs"] == 2 and facts["commit"]


def test_the_table_has_a_row_for_every_recipe(trained: Recipe, tmp_path: Path) -> None:
    facts = report.report(trained, tmp_path, tmp_path)
    recipes, results = tmp_path / "recipes", tmp_path / "results"
    recipes.mkdir()
    for name in ("mien-s", "vgg-small"):
        original = recipe.RECIPES / f"{name}.toml"
        (recipes / original.name).write_text(original.read_text())
    report.write_json(results / "mien-s.json", facts)
    lines = table.table(recipes, results).splitlines()
    assert len(lines) == 4
    assert {line.count("|") for line in lines} == {len(table.COLUMNS) + 1}
    assert lines[2].startswith("| `mien-s` | 97,743 | 10 | ")
    assert "PublicTest | scratch" in lines[2]
    assert lines[3].startswith("| `vgg-small` | 528,295 | ")
    assert "not trained: `python train.py recipes/vgg-small.toml" in lines[3]


def test_the_table_in_the_project_is_that_of_its_results() -> None:
    rows = table.table(recipe.RECIPES, report.RESULTS)
    assert table.TABLE.read_text() == table.HEADING + rows + "\n", "run `python table.py`"


def test_without_pictures_to_fit_it_the_recipe_says_the_temperature(
    trained: Recipe, tmp_path: Path
) -> None:
    training, validation, test = data.load(tmp_path)
    network = evaluate.load_run(trained, tmp_path, training)
    card = replace(trained.card, temperature=0.7)
    for split in ("random-fifth", "everything"):
        unkept = replace(trained, split=split, card=card)
        assert evaluate.report(unkept, network, validation, test).temperature == 0.7
    assert evaluate.report(trained, network, validation, test).temperature != 1


def test_without_votes_there_are_no_figures_by_the_crowd(small: Recipe, tmp_path: Path) -> None:
    settings = replace(small, targets=replace(small.targets, labels_share=1.0))
    for name, n, usage in ((data.TRAIN_SET, 140, "train"), (data.TEST_SET, 35, "test")):
        write_set(tmp_path / name, made_up(n, seed=0), usage)
        (tmp_path / name).with_suffix(".csv").unlink()
    training, validation, test = data.load(tmp_path)
    assert not training.votes.any()
    train.train(settings, training, validation, tmp_path / settings.name)
    rows = train.read_curve(tmp_path / settings.name / "curves.csv")
    assert len(rows) == 2 and all(float(row["labels"]) >= 0 for row in rows)
    assert "crowd" not in rows[0]

    network = evaluate.load_run(settings, tmp_path, training)
    found = evaluate.report(settings, network, validation, test)
    assert found.crowd is None and found.challenge.n == 35
    evaluate.print_report("without votes", found)
    metrics = json.loads(export.card(settings, network, found)["mien.metrics"])
    assert metrics["made_for"] == "labels" and "crowd" not in metrics["measured_on"]
    assert not any(key.startswith("crowd") for key in metrics)

    facts = report.report(settings, tmp_path, tmp_path)
    written = (tmp_path / settings.name / "report.json").read_text()
    assert json.loads(written) == facts and "NaN" not in written
    assert facts["truth"] == report.LABELS
    page = (tmp_path / settings.name / "report.html").read_text()
    assert page.count("data:image/svg+xml") == 4 and "the crowd" not in page.split("Settings")[0]
    (recipes := tmp_path / "recipes").mkdir()
    (recipes / "mien-s.toml").write_text((recipe.RECIPES / "mien-s.toml").read_text())
    report.write_json(tmp_path / "results" / "mien-s.json", facts)
    row = table.table(recipes, tmp_path / "results").splitlines()[2]
    assert row.count("|") == len(table.COLUMNS) + 1
    with pytest.raises(SystemExit, match="needs FER"):
        trade.scores_at(tmp_path / settings.name, tmp_path)


def test_a_moved_prior_moves_the_answers(trained: Recipe, tmp_path: Path) -> None:
    found = trade.scores_at(tmp_path / trained.name, tmp_path)
    assert len(trade.table(found).splitlines()) == 2 + len(trade.SHIFTS)
    training, *_ = data.load(tmp_path)
    plain = evaluate.load_run(trained, tmp_path, training)
    card = replace(trained.card, prior_shift=1.0)
    moved = evaluate.load_run(replace(trained, card=card), tmp_path, training)
    assert plain.head.bias is not None and moved.head.bias is not None
    own = data.targets(training, trained.targets.labels_share).mean(dim=0).log()
    crowd = data.targets(training, 0.0).mean(dim=0).log()
    difference = (moved.head.bias - plain.head.bias).tolist()
    assert difference == pytest.approx((crowd - own).tolist(), abs=1e-5)


def test_precision_recall_and_f1_are_those_worked_out_by_hand() -> None:
    confusion = [[0] * 7 for _ in range(7)]
    confusion[0][0], confusion[0][3], confusion[3][3] = 3, 1, 4
    scores = Scores(8, 0.0, 0.0, 0.0, 0.0, 0.0, {}, confusion, [])
    rows = plots.class_table(scores)
    assert rows[0] == pytest.approx((1.0, 0.75, 6 / 7))
    assert rows[3] == pytest.approx((0.8, 1.0, 8 / 9))
    assert rows[1] == (0, 0, 0)
