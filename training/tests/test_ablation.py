"""One recipe, one change at a time."""

import tomllib
from pathlib import Path

import pytest
from made_up import made_up, write_set

import ablation

TRAINING = Path(__file__).parents[1]
PLANS = sorted((TRAINING / "ablations").glob("*.toml"))


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_every_change_of_a_plan_changes_its_recipe(path: Path) -> None:
    plan = tomllib.loads(path.read_text())
    base = TRAINING / "recipes" / path.name
    plain = ablation.changed(base, plan, ablation.BASE, 1).learned()
    for change in plan["changes"]:
        other = ablation.changed(base, plan, change, 1).learned()
        assert {**other, "name": plain["name"]} != plain, change


def test_a_table_is_trained_once_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_set(tmp_path / "fer2013-train.zip", made_up(140, seed=0), "train")
    write_set(tmp_path / "fer2013-public-test.zip", made_up(14, seed=1), "test")
    plan = tmp_path / "plan.toml"
    plan.write_text(
        "seeds = [1, 2]\n"
        "[budget.training]\nbatch = 16\n"
        "cycles = [{ stages = [[16, 1]], learning_rate = 0.1 }]\n"
        '[changes."labels only"]\ntargets.labels_share = 1.0\n'
    )
    monkeypatch.setattr(ablation, "RESULTS", tmp_path / "results" / "ablation.csv")
    arguments = ["ablation.py", str(TRAINING / "recipes" / "mien-s.toml"), str(plan)]
    arguments += ["--data", str(tmp_path), "--runs", str(tmp_path / "runs")]
    monkeypatch.setattr("sys.argv", arguments)
    ablation.main()
    first = capsys.readouterr().out
    assert first.count("epoch 1") == 4
    assert "| as it is | 2 |" in first and "| labels only | 2 |" in first

    ablation.main()
    again = capsys.readouterr().out
    assert "epoch" not in again, "what is done is not trained again"
    assert again.strip() == first[first.index("| |") :].strip()


def test_means_spread_and_gain_are_those_worked_out_by_hand() -> None:
    rows = [
        dict(zip(ablation.COLUMNS, ("r", "b", change, seed, labels, "0.5", "0.5")))
        for change, seed, labels in (
            ("worse", "1", "0.58"),
            ("as it is", "1", "0.60"),
            ("as it is", "2", "0.62"),
        )
    ]
    lines = ablation.table(rows).splitlines()
    assert lines[2] == "| as it is | 2 | 61.0 ± 1.0 | 50.0 ± 0.0 | 50.0 ± 0.0 |"
    assert lines[3] == "| worse | 1 | 58.0 ± 0.0 (-3.0) | 50.0 ± 0.0 (+0.0) | 50.0 ± 0.0 (+0.0) |"
    unasked = [{**row, "crowd": "", "crowd_mean_recall": ""} for row in rows]
    assert ablation.table(unasked).splitlines()[3] == "| worse | 1 | 58.0 ± 0.0 (-3.0) |  |  |"
