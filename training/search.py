"""Search for a network of convolutional blocks, as the source of `cnn-tuned` did, with Optuna.

    python search.py --data DIR --runs DIR                      # 10 random trials of 10 epochs
    python search.py --data DIR --runs DIR --sampler tpe --prune --trials 40

RUNS/search-.../ gets study.db, a table and a plot. A search that was broken off goes on: trials
that are done stay, the one that was under way goes on after its last epoch. Trials are judged on
the validation pictures, by the challenge's labels.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import optuna
import torch
from matplotlib.figure import Figure
from optuna.trial import FrozenTrial, Trial, TrialState

import data
import networks
import plots
import recipe
from augment import SIDE
from data import FaceSet
from recipe import Network, Recipe
from train import read_curve, train

BASE = Path(__file__).parent / "recipes" / "cnn-tuned.toml"
DONE = (TrialState.COMPLETE, TrialState.PRUNED)
SEED = 1
BROKEN_OFF = "broken off"  # what a trial says of itself that Ctrl-C ended


def suggest(trial: Trial, widest: int = 512) -> Network:
    """A network of the source's space; `widest` can make it a CPU's."""
    blocks = trial.suggest_int("blocks", 3, 5)
    filters = [trial.suggest_int(f"filters_{i}", 16, widest, step=16) for i in range(1, blocks + 1)]
    kernels = [trial.suggest_categorical(f"kernel_{i}", [3, 5]) for i in range(1, blocks + 1)]
    layers = trial.suggest_int("dense_layers", 1, 3)
    units = [trial.suggest_int(f"units_{i}", 32, 256, step=32) for i in range(1, layers + 1)]
    return Network("blocks", {"filters": filters, "kernels": kernels, "units": units})


def sized(network: Network) -> tuple[int, float]:
    """Parameters, and millions of multiplications, without filling a single weight."""
    with torch.device("meta"):
        built = networks.build(network)
        return networks.parameters(built), networks.multiplications(built) / 1e6


def search(
    study: optuna.Study,
    base: Recipe,
    training: FaceSet,
    validation: FaceSet,
    folder: Path,
    trials: int,
    widest: int,
) -> None:
    """Trials until so many are done."""
    requeue(study)

    def objective(trial: Trial) -> float:
        network = suggest(trial, widest)
        parameters, multiplications = sized(network)
        trial.set_user_attr("parameters", parameters)
        trial.set_user_attr("MMAC", round(multiplications))
        number = run_of(trial)
        run = folder / f"trial-{number}"

        # The pruner hears of the epochs before a break as well.
        for row in read_curve(run / "curves.csv"):
            trial.report(float(row["labels"]), int(row["epoch"]))

        def report(figures: dict[str, float]) -> None:
            trial.report(figures["labels"], int(figures["epoch"]))
            if trial.should_prune():
                raise optuna.TrialPruned

        settings = replace(base, name=f"{folder.name}-{number}", network=network)
        try:
            train(settings, training, validation, run, after_epoch=report)
        except KeyboardInterrupt:
            trial.set_user_attr(BROKEN_OFF, True)
            raise
        finally:
            curve = read_curve(run / "curves.csv")
            trial.set_user_attr("seconds", sum(float(row["seconds"]) for row in curve))
        return max(float(row["labels"]) for row in curve)

    def tidy(study: optuna.Study, ended: FrozenTrial) -> None:
        # What a trial learned is not needed again; its curve is kept.
        (folder / f"trial-{run_of(ended)}" / "checkpoint.pt").unlink(missing_ok=True)
        write(study, folder)

    while len(study.get_trials(states=DONE)) < trials:
        study.optimize(objective, n_trials=1, callbacks=[tidy])


def run_of(trial: Trial | FrozenTrial) -> int:
    """The number of a trial's run: one that goes on has a new number, and its old run."""
    return int(trial.user_attrs.get("run", trial.number))


def requeue(study: optuna.Study) -> None:
    """Puts what was broken off into the queue again.

    Optuna leaves the trial of a killed program marked as running; one that Ctrl-C ended has failed,
    as has one that went wrong by itself, which is not tried again.
    """
    for last in {run_of(trial): trial for trial in study.trials}.values():
        killed = last.state == TrialState.RUNNING
        if killed or (last.state == TrialState.FAIL and BROKEN_OFF in last.user_attrs):
            study.enqueue_trial(last.params, user_attrs={"run": run_of(last)})
        if killed:
            study.tell(last.number, state=TrialState.FAIL)


def table(study: optuna.Study) -> str:
    """Markdown, the best first; a pruned trial shows how far it came."""
    lines = ["| trial | accuracy | epochs | blocks | dense | parameters | MMAC | minutes |"]
    lines.append("| --- |" + " --- |" * 7)
    for t in sorted(study.get_trials(states=DONE), key=lambda t: -(t.value or 0.0)):
        p, facts = t.params, t.user_attrs
        blocks = "-".join(str(p[f"filters_{i}"]) for i in range(1, p["blocks"] + 1))
        kernels = "".join(str(p[f"kernel_{i}"]) for i in range(1, p["blocks"] + 1))
        dense = "-".join(str(p[f"units_{i}"]) for i in range(1, p["dense_layers"] + 1))
        ended = max(t.intermediate_values, default=0)
        accuracy = f"{t.value or 0.0:.1%}" + (" (pruned)" * (t.state == TrialState.PRUNED))
        cells = [
            str(facts.get("run", t.number)),
            *(accuracy, str(ended), f"{blocks}, kernels {kernels}", dense),
            *(f"{facts['parameters']:,}", str(facts["MMAC"]), f"{facts['seconds'] / 60:.1f}"),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def picture(study: optuna.Study) -> str:
    """How the best grew over the trials, and which setting mattered (PED-ANOVA)."""
    figure = Figure(figsize=(9.5, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    done = study.get_trials(states=[TrialState.COMPLETE])
    values = [100 * (t.value or 0.0) for t in done]
    best = [max(values[: i + 1]) for i in range(len(values))]
    numbers = range(1, len(values) + 1)
    left.plot(numbers, values, "o", color=plots.BLUE, label="a trial")
    left.step(numbers, best, where="post", color=plots.ORANGE, label="the best so far")
    left.set(title="Validation accuracy, %", xlabel="trials completed")
    left.xaxis.get_major_locator().set_params(integer=True)
    left.legend()
    right.set_title("Importance (of settings that all trials have)")
    if len(set(values)) >= 4:
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
        names = [name for name in found if all(name in t.params for t in done)][::-1]
        right.barh(names, [found[name] for name in names], color=plots.GREY)
    else:
        right.text(0.5, 0.5, "too few trials to tell", ha="center", transform=right.transAxes)
        right.set(xticks=[], yticks=[])
    return plots.svg(figure)


def write(study: optuna.Study, folder: Path) -> None:
    (folder / "table.md").write_text(table(study) + "\n")
    (folder / "search.svg").write_text(picture(study))


def study_of(folder: Path, sampler: str, prune: bool) -> optuna.Study:
    folder.mkdir(parents=True, exist_ok=True)
    storage = f"sqlite:///{folder / 'study.db'}"
    pruner = optuna.pruners.MedianPruner(4, 2) if prune else optuna.pruners.NopPruner()
    study = optuna.create_study(
        storage=storage,
        study_name=folder.name,
        direction="maximize",
        pruner=pruner,
        load_if_exists=True,
    )
    # A search that goes on must not draw the same numbers again.
    seed = SEED + len(study.trials)
    tpe = optuna.samplers.TPESampler(seed=seed)
    study.sampler = tpe if sampler == "tpe" else optuna.samplers.RandomSampler(seed=seed)
    return study


def main() -> None:
    parser = argparse.ArgumentParser(description="Search for a network of blocks")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the pictures")
    parser.add_argument("--runs", type=Path, required=True, help="where the study goes")
    parser.add_argument("--sampler", choices=("random", "tpe"), default="random")
    parser.add_argument("--prune", action="store_true", help="end what falls behind the median")
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--widest", type=int, default=512, help="filters; 48 suits a CPU")
    parser.add_argument("--threads", type=int, help="default: all cores")
    args = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if args.threads:
        torch.set_num_threads(args.threads)
    base = recipe.load(BASE)
    cycle = replace(base.training.cycles[0], stages=[[SIDE, args.epochs]])
    base = replace(base, training=replace(base.training, cycles=[cycle]))
    training, validation, _ = data.load(args.data, base.split)
    kind = f"{args.sampler}-pruned" if args.prune else args.sampler
    folder = args.runs / f"search-{kind}-{args.epochs}-{args.widest}"
    study = study_of(folder, args.sampler, args.prune)
    search(study, base, training, validation, folder, args.trials, args.widest)
    print(table(study))
    print(f"\nthe plot: {folder / 'search.svg'}")


if __name__ == "__main__":
    main()
