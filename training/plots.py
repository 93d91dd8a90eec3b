"""The charts of a run's report, each as an SVG picture."""

import io
from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluate import ECE_BINS, Scores
from expressions import EXPRESSIONS

BLUE, ORANGE, GREEN, GREY = "#2563a8", "#d97706", "#3a8f5c", "#8a8f98"

mpl.rcParams.update(
    {
        "svg.fonttype": "path",
        "svg.hashsalt": "mien",  # the same chart is the same file
        "font.size": 9.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": GREY,
        "axes.titlesize": 10.5,
        "axes.titlelocation": "left",
        "legend.frameon": False,
    }
)


def svg(figure: Figure) -> str:
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None}, bbox_inches="tight")
    return file.getvalue()


def curves(rows: Sequence[dict[str, str]]) -> str:
    """Loss and accuracy over the epochs, of training and validation."""
    figure = Figure(figsize=(9.5, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = [int(float(row["epoch"])) for row in rows]
    lines = (
        (left, "loss", "training (augmented)", ORANGE, 1.0),
        (left, "validation_loss", "validation", BLUE, 1.0),
        (right, "training_labels", "training (augmented)", ORANGE, 100.0),
        (right, "labels", "validation, by the labels", BLUE, 100.0),
        (right, "crowd", "validation, by the crowd", GREEN, 100.0),
    )
    for axes, name, label, color, unit in lines:
        if all(row.get(name) for row in rows):
            values = [unit * float(row[name]) for row in rows]
            axes.plot(epochs, values, color=color, label=label, lw=1.6, marker=".", ms=4)
    left.set(title="Loss", xlabel="epoch")
    right.set(title="Accuracy, %", xlabel="epoch")
    for axes in (left, right):
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(axis="y", color="#e5e7eb")
        axes.legend()
    return svg(figure)


def confusion(scores: Scores, title: str) -> str:
    """Counts; the shade is the share of the true expression."""
    figure = Figure(figsize=(4.6, 4.3), layout="constrained")
    axes = figure.subplots()
    totals = [max(1, sum(row)) for row in scores.confusion]
    shares = [[n / total for n in row] for row, total in zip(scores.confusion, totals)]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, row in enumerate(scores.confusion):
        for j, n in enumerate(row):
            color = "white" if shares[i][j] > 0.55 else "#1f2937"
            axes.text(j, i, str(n), ha="center", va="center", color=color, fontsize=9)
    axes.set_xticks(range(len(EXPRESSIONS)), EXPRESSIONS, rotation=40, ha="right")
    axes.set_yticks(range(len(EXPRESSIONS)), EXPRESSIONS)
    axes.set(title=title, xlabel="answer", ylabel="truth")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return svg(figure)


def per_class(scores: Scores, title: str) -> str:
    """Precision, recall and F1 of each expression."""
    figure = Figure(figsize=(9.5, 2.9), layout="constrained")
    axes = figure.subplots()
    width = 0.26
    table = class_table(scores)
    for i, (name, color) in enumerate((("precision", GREY), ("recall", BLUE), ("F1", ORANGE))):
        places = [x + (i - 1) * width for x in range(len(table))]
        bars = axes.bar(places, [100 * row[i] for row in table], width * 0.92, color=color)
        bars.set_label(name)
        axes.bar_label(bars, fmt="%.0f", fontsize=7.5, padding=1)
    axes.set_xticks(range(len(EXPRESSIONS)), EXPRESSIONS)
    axes.set(title=title, ylim=(0, 108), yticks=range(0, 101, 25))
    axes.legend(ncols=3, loc="lower left", bbox_to_anchor=(0.6, 1.0))
    axes.grid(axis="y", color="#e5e7eb")
    axes.set_axisbelow(True)
    return svg(figure)


def class_table(scores: Scores) -> list[tuple[float, float, float]]:
    """Precision, recall and F1 of each expression; 0 where there is nothing to divide by."""
    answers = [sum(row[i] for row in scores.confusion) for i in range(len(EXPRESSIONS))]
    table = []
    for i, row in enumerate(scores.confusion):
        right, truths = row[i], sum(row)
        precision, recall = right / max(1, answers[i]), right / max(1, truths)
        table.append((precision, recall, 2 * right / max(1, answers[i] + truths)))
    return table


def reliability(scores: Scores, title: str) -> str:
    """How often an answer is right against how sure it was; the size tells how many pictures."""
    figure = Figure(figsize=(4.6, 4.3), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=GREY, lw=1, ls="--", label="as sure as right")
    for sure, right, n in scores.reliability:
        middle = (min(int(sure * ECE_BINS), ECE_BINS - 1) + 0.5) / ECE_BINS
        axes.bar(middle, right, 0.9 / ECE_BINS, color=BLUE, alpha=0.18 + 0.72 * n / scores.n)
    points = list(zip(*scores.reliability))
    axes.plot(points[0], points[1], color=BLUE, lw=1.4, marker="o", ms=3.5, label="measured")
    axes.set(title=title, xlabel="mean confidence", ylabel="share right", xlim=(0, 1), ylim=(0, 1))
    axes.legend(loc="upper left")
    return svg(figure)


def trade(axes: Axes, points: Sequence[tuple[float, float, float]], label: str) -> None:
    """One run's way from accuracy to mean recall: (shift, accuracy, mean recall)."""
    xs, ys = [100 * p[1] for p in points], [100 * p[2] for p in points]
    (line,) = axes.plot(xs, ys, marker="o", ms=4, lw=1.5, label=label)
    # Only the ends are named: the others lie between them in order, and may lie close.
    for i in (0, -1):
        axes.annotate(
            f"{points[i][0]:g}", (xs[i], ys[i]), textcoords="offset points", xytext=(5, 4),
            fontsize=8, color=line.get_color(),
        )  # fmt: skip
        if (xs[0], ys[0]) == (xs[-1], ys[-1]):
            break
