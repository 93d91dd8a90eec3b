"""The search: its space, a tiny study, and one that was broken off."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest
from made_up import made_up

import recipe
import search
import train
from recipe import Recipe

TINY = {"blocks": 3, "dense_layers": 1, "units_1": 32} | {
    f"{name}_{i}": value for i in (1, 2, 3) for name, value in (("filters", 16), ("kernel", 3))
}


@pytest.fixture
def base() -> Recipe:
    settings = recipe.load(search.BASE)
    cycle = replace(settings.training.cycles[0], stages=[[48, 2]])
    return replace(settings, training=replace(settings.training, cycles=[cycle], batch=16))


def test_the_space_is_its_sources() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(200):
        options = search.suggest(study.ask()).options
        assert 3 <= len(options["filters"]) == len(options["kernels"]) <= 5
        assert all(16 <= n <= 512 for n in options["filters"])
        assert set(options["kernels"]) <= {3, 5}
        assert all(n <= 48 for n in search.suggest(study.ask(), 48).options["filters"])
        assert 1 <= len(options["units"]) <= 3 and all(32 <= n <= 256 for n in options["units"])


def test_sizes_are_known_without_weights() -> None:
    tuned = recipe.Network("blocks", {"filters": [32, 128, 128, 32], "units": [64]})
    assert search.sized(tuned)[0] == 557_799


@pytest.mark.parametrize(("broken", "killed"), [(1, False), (2, False), (1, True)])
def test_a_search_that_was_broken_off_goes_on(
    base: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: int, killed: bool
) -> None:
    faces, others = made_up(32, seed=0), made_up(14, seed=1)
    folder = tmp_path / "search"

    save = train.save

    def broken_off(run: Path, state: dict[str, Any]) -> None:
        save(run, state)
        raise KeyboardInterrupt

    study = search.study_of(folder, "random", prune=False)
    study.enqueue_trial(TINY)
    study.enqueue_trial(TINY)
    for _ in range(broken):
        study = search.study_of(folder, "random", prune=False)
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(train, "save", broken_off)
            search.search(study, base, faces, others, folder, trials=2, widest=512)
    assert len(list(folder.glob("trial-*"))) == broken
    if killed:
        # A killed program leaves its trial marked as running.
        first = study.trials[0]
        study.add_trial(
            optuna.trial.create_trial(
                state=optuna.trial.TrialState.RUNNING,
                params=first.params,
                distributions=first.distributions,
                user_attrs={"run": 0},
            )
        )

    study = search.study_of(folder, "random", prune=False)
    search.search(study, base, faces, others, folder, trials=2, widest=512)
    done = study.get_trials(states=search.DONE)
    assert sorted(search.run_of(trial) for trial in done) == [0, 1]
    for number in (0, 1):
        run = folder / f"trial-{number}"
        assert [row["epoch"] for row in train.read_curve(run / "curves.csv")] == ["1", "2"]
        assert not (run / "checkpoint.pt").exists()
    assert (folder / "table.md").read_text().count("16-16-16, kernels 333 | 32 |") == 2
    assert "<svg" in (folder / "search.svg").read_text()


def test_what_went_wrong_by_itself_is_not_tried_again() -> None:
    study = optuna.create_study()
    for known in ({}, {search.BROKEN_OFF: True}):
        trial = optuna.trial.create_trial(state=optuna.trial.TrialState.FAIL, user_attrs=known)
        study.add_trial(trial)
    search.requeue(study)
    search.requeue(study)
    waiting = study.get_trials(states=[optuna.trial.TrialState.WAITING])
    assert [search.run_of(trial) for trial in waiting] == [1]


def test_what_falls_behind_is_pruned(
    base: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four good trials, then a bad one: it ends after the second epoch."""
    accuracies = iter([0.6] * 4 * 5 + [0.1] * 5)

    def fake(settings: Recipe, _a: object, _b: object, run: Path, after_epoch: object) -> None:
        run.mkdir(parents=True)
        for epoch in range(1, 6):
            figures = {"epoch": epoch, "seconds": 0.0, "labels": next(accuracies)}
            train.write_curve(run / "curves.csv", figures)
            assert callable(after_epoch)
            after_epoch(figures)

    monkeypatch.setattr(search, "train", fake)
    study = search.study_of(tmp_path, "tpe", prune=True)
    search.search(study, base, made_up(7, 0), made_up(7, 1), tmp_path, trials=5, widest=512)
    states = [t.state for t in study.trials]
    assert states == [optuna.trial.TrialState.COMPLETE] * 4 + [optuna.trial.TrialState.PRUNED]
    assert "| 10.0% (pruned) | 2 |" in search.table(study)


def test_the_plot_tells_what_mattered() -> None:
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    few = search.picture(study).count("<path")

    def more_blocks_are_better(trial: optuna.Trial) -> float:
        search.suggest(trial)
        return 0.1 * float(trial.params["blocks"]) + trial.number / 1000

    study.optimize(more_blocks_are_better, n_trials=6)
    assert search.picture(study).count("<path") > few, "bars and their names"
