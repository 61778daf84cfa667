"""The report's pictures, as SVG text."""

import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rehearsal.journey.rollouts import Rollout

_BLUE, _GREEN, _RED, _GREY, _AMBER = "#2f6fb2", "#2f9e62", "#c63d3d", "#8a8f98", "#c98a1b"
_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "slipway",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _GREY,
    "xtick.color": _GREY,
    "ytick.color": _GREY,
}


def _svg(figure: Figure) -> str:
    sink = io.StringIO()
    with mpl.rc_context(_STYLE):
        figure.savefig(sink, format="svg", metadata={"Date": None}, transparent=True)
    text = sink.getvalue()
    return text[text.index("<svg") :]


def _figure(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, list[Axes]]:
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False)
    return figure, [axis for row in axes for axis in row]


def data_profile(profile: Mapping[str, Any]) -> str:
    """A histogram for each number, the commonest values of each category: training rows only."""
    columns: Sequence[Mapping[str, Any]] = profile["columns"]
    across = 6
    down = math.ceil(len(columns) / across)
    figure, axes = _figure(11, 1.6 * down, down, across)
    for axis, column in zip(axes, columns, strict=False):
        axis.set_title(column["name"], fontsize=8)
        axis.tick_params(labelsize=6)
        if column["kind"] == "number":
            edges = column["histogram"]["edges"]
            axis.stairs(column["histogram"]["counts"], edges, fill=True, color=_BLUE)
            axis.set_yscale("symlog")
        else:
            top = column["top"][:8]
            axis.bar([str(item["value"])[:10] for item in top], [item["count"] for item in top], color=_GREEN)
            axis.tick_params(axis="x", rotation=60)
    for axis in axes[len(columns) :]:
        axis.set_axis_off()
    return _svg(figure)


def roc(evaluation: Mapping[str, Any]) -> str:
    """True against false positive rate of the candidate on the test split."""
    curve = evaluation["binary_classification_metrics"]["receiver_operating_characteristic_curve"]
    figure, (axis,) = _figure(4.2, 3.6)
    axis.plot(curve["false_positive_rates"], curve["true_positive_rates"], color=_BLUE)
    axis.plot([0, 1], [0, 1], color=_GREY, linestyle=":", linewidth=1)
    axis.set(xlabel="false positive rate", ylabel="true positive rate", title=f"AUC {evaluation['metrics']['auc']:.4f}")
    return _svg(figure)


def confusion_matrix(evaluation: Mapping[str, Any]) -> str:
    """Actual against predicted label of the candidate on the test split."""
    counts = evaluation["binary_classification_metrics"]["confusion_matrix"]
    cells = [[counts[actual][predicted] for predicted in ("0", "1")] for actual in ("0", "1")]
    figure, (axis,) = _figure(3.8, 3.6)
    axis.imshow(cells, cmap="Blues", vmin=0, vmax=max(map(max, cells)) * 1.6)
    for row, numbers in enumerate(cells):
        for column, number in enumerate(numbers):
            axis.text(column, row, f"{number:,}", ha="center", va="center")
    axis.set(xlabel="predicted", ylabel="actual", xticks=[0, 1], yticks=[0, 1])
    axis.set_title(f"accuracy {evaluation['metrics']['accuracy']:.4f}")
    return _svg(figure)


def tuning_history(trials: Sequence[Mapping[str, Any]]) -> str:
    """The objective of each trial in the order they started, and the best so far."""
    done = [(number, trial["objective"]) for number, trial in enumerate(trials, 1) if trial["objective"] is not None]
    figure, (axis,) = _figure(5.2, 3.6)
    axis.scatter([n for n, _ in done], [value for _, value in done], color=_BLUE, s=18)
    best = [max(value for _, value in done[: i + 1]) for i in range(len(done))]
    axis.step([n for n, _ in done], best, where="post", color=_GREEN)
    axis.set(
        xlabel="training job", ylabel="validation AUC", title=f"best {best[-1]:.4f}" if best else "no finished job"
    )
    return _svg(figure)


def traffic_split(
    fleets: Mapping[str, Sequence[tuple[float, float]]], rollouts: Sequence[Rollout], *, started: float
) -> str:
    """Requests a second by fleet, with every rollout, alarm and rollback marked."""
    figure, (axis,) = _figure(11, 3.4)
    seconds = sorted({int(at) for points in fleets.values() for at, _ in points})
    order = sorted(fleets, key=lambda config: min((at for at, _ in fleets[config]), default=math.inf))
    if seconds:
        span = list(range(seconds[0], seconds[-1] + 1))
        stacks = [[_at(fleets[config], second) for second in span] for config in order]
        palette = [_BLUE, _GREEN, _RED, "#7a5cb8", _AMBER]
        colors = [palette[i % len(palette)] for i in range(len(order))]
        axis.stackplot(
            [s - started for s in span],
            stacks,
            labels=[f"…{config[-12:]}" for config in order],
            colors=colors,
            alpha=0.75,
            step="post",
        )
    for rollout in rollouts:
        axis.axvspan(rollout.started_at - started, rollout.ended_at - started, color=_GREY, alpha=0.10, linewidth=0)
        label = f"{rollout.type}: {rollout.verdict.replace('_', ' ')}"
        axis.annotate(label, (rollout.started_at - started, 1.02), xycoords=("data", "axes fraction"), fontsize=8)
        for at, moment in rollout.moments:
            if moment in ("alarm", "rolled back"):
                axis.axvline(at - started, color=_RED, linestyle="-" if moment == "alarm" else "--", linewidth=1.2)
                axis.annotate(
                    moment,
                    (at - started, 0.95),
                    xycoords=("data", "axes fraction"),
                    color=_RED,
                    fontsize=8,
                    rotation=90,
                    va="top",
                )
    axis.set(xlabel="seconds since the start", ylabel="requests a second")
    if order:
        axis.legend(fontsize=6, loc="lower left", title="endpoint config", title_fontsize=7)
    return _svg(figure)


def _at(points: Sequence[tuple[float, float]], second: int) -> float:
    return sum(requests for at, requests in points if int(at) == second)
