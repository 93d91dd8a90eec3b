"""A table of all networks and recipes, in Markdown: what was measured, or how to measure it.

    python table.py            # renews results/README.md

Trained rows come from results/*.json, which report.py writes; the others are built to be counted.
"""

import json
from pathlib import Path
from typing import Any

import networks
import recipe
from recipe import RECIPES, Recipe
from report import LABELS, RESULTS

TABLE = RESULTS / "README.md"
HEADING = """# All networks on the same data

*Labels*: accuracy by the challenge's labels; *crowd*: by FER+'s majority; *flips*: with the mirror
image of each picture. Macro F1 and ECE are by the truth that a network was made for. *Minutes* of
one core, which did other work as well; *ms a face*: one face, one core of a Sapphire Rapids server.
`python table.py` makes this from the files beside it.

"""

COLUMNS = (
    *("recipe", "parameters", "MMAC", "ms a face"),
    *("labels", "with flips", "crowd", "with flips", "crowd, mean recall", "macro F1", "ECE"),
    *("measured on", "from", "minutes", "published by its source"),
)


def trained(facts: dict[str, Any]) -> list[str]:
    judged = facts["judged"]
    crowd = judged["crowd"]
    own = judged["challenge"] if facts["truth"] == LABELS else crowd
    return [
        f"`{facts['name']}`",
        f"{judged['parameters']:,}",
        f"{facts['multiplications'] / 1e6:.0f}",
        f"{facts['milliseconds']:.2f}",
        percent(judged["challenge"]["accuracy"]),
        percent(judged["flip_accuracy"]),
        percent(crowd["accuracy"]) if crowd else "",
        percent(judged["flip_crowd_accuracy"]) if crowd else "",
        percent(crowd["mean_recall"]) if crowd else "",
        percent(own["macro_f1"]),
        f"{own['ece']:.3f}",
        facts["measured_on"],
        facts["start"],
        f"{facts['minutes']:.0f}",
        facts["published"],
    ]


def untrained(settings: Recipe) -> list[str]:
    network = networks.build(settings.network)
    more = " --device cuda --pretrained" if hasattr(network, "backbone") else ""
    return [
        f"`{settings.name}`",
        f"{networks.parameters(network):,}",
        f"{networks.multiplications(network) / 1e6:.0f}",
        *[""] * (COLUMNS.index("measured on") - 3),
        f"not trained: `python train.py recipes/{settings.name}.toml{more} "
        "--data $FER --runs $RUNS`",
        "",
        "",
        settings.card.published,
    ]


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def table(recipes: Path, results: Path) -> str:
    """Trained ones first, the best by the crowd before the others."""
    done, others = [], []
    for path in sorted(recipes.glob("*.toml")):
        facts = results / f"{path.stem}.json"
        if facts.exists():
            done.append(json.loads(facts.read_text()))
        else:
            others.append(recipe.load(path))
    done.sort(key=lambda facts: -(facts["judged"]["crowd"] or {"accuracy": 0})["accuracy"])
    rows = [trained(facts) for facts in done] + [untrained(settings) for settings in others]
    lines = [COLUMNS, ["---"] * len(COLUMNS), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    TABLE.write_text(HEADING + table(RECIPES, RESULTS) + "\n")
    print(f"{TABLE} is renewed")
