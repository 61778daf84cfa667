"""The report's pictures, as SVG text."""

import html
import io
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, MaxNLocator

from rehearsal.console.picture_labels import labels
from rehearsal.journey.rollout_result import RolloutResult
from slipway.rounding import rounded

_BLUE, _GREEN, _RED, _GREY, _AMBER = "#2f6fb2", "#2f9e62", "#c63d3d", "#8a8f98", "#c98a1b"
_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "slipway",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _GREY,
    "xtick.color": _GREY,
    "ytick.color": _GREY,
}
_ACROSS = 6
_MOST_COLUMNS = 120
"""More would make the page unreadable."""
_LARGE = 10_000


@contextmanager
def _figure(width: float, height: float, rows: int = 1, columns: int = 1) -> Iterator["_Drawing"]:
    """A figure to draw on; inside, every text is literal, and no font needs to have its characters."""
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # Text stays text in the SVG: the browser has the fonts.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False)
        drawing = _Drawing([axis for row in axes for axis in row])
        yield drawing
        sink = io.StringIO()
        figure.savefig(sink, format="svg", metadata={"Date": None}, transparent=True)
        text = sink.getvalue()
        drawing.svg = text[text.index("<svg") :]


@dataclass
class _Drawing:
    axes: list[Axes]
    svg: str = ""


def data_profile(profile: Mapping[str, Any]) -> str:
    """A histogram for each number, the most frequent values of each category: training rows only."""
    columns: Sequence[Mapping[str, Any]] = profile["columns"][:_MOST_COLUMNS]
    titles = labels([column["name"] for column in columns], width=22)
    down = max(1, math.ceil(len(columns) / _ACROSS))
    with _figure(11, 1.6 * down, down, _ACROSS) as drawing:
        for axis, column, title in zip(drawing.axes, columns, titles, strict=False):
            axis.set_title(title, fontsize=8)
            axis.tick_params(labelsize=6)
            (_histogram if column["kind"] in {"number", "datetime"} else _most_frequent)(axis, column)
        for axis in drawing.axes[len(columns) :]:
            axis.set_axis_off()
    cut = f"<p>The first {len(columns)} of {len(profile['columns'])} columns.</p>"
    return (cut if len(columns) < len(profile["columns"]) else "") + drawing.svg


def _histogram(axis: Axes, column: Mapping[str, Any]) -> None:
    """Bars with logarithmic counts; one bar for a constant, a remark if no value is known."""
    edges = column.get("histogram", {}).get("edges", ())
    if not edges or not all(isinstance(edge, int | float) and math.isfinite(edge) for edge in edges):
        _remark(axis, "no known value")
    elif edges[0] == edges[-1]:
        axis.bar([0], column["histogram"]["counts"], color=_BLUE)
        axis.set_xticks([0], [f"always {_value(edges[0], column['kind'])}"])
    else:
        axis.stairs(column["histogram"]["counts"], edges, fill=True, color=_BLUE)
        axis.set_yscale("symlog")
        axis.yaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.0f}"))  # its own needs formulas
        if column["kind"] == "datetime":
            ends = [edges[0], (edges[0] + edges[-1]) / 2, edges[-1]]
            axis.set_xticks(ends, [_value(end, "datetime") for end in ends])
        elif max(abs(edges[0]), abs(edges[-1])) >= _LARGE:
            axis.xaxis.set_major_formatter(EngFormatter(sep=""))  # 10M: the axis is too short for all digits


def _value(number: float, kind: str) -> str:
    """A number as it is, or days since 2000-01-01 as a date."""
    return f"{number:g}" if kind == "number" else (date(2000, 1, 1) + timedelta(days=number)).isoformat()


def _most_frequent(axis: Axes, column: Mapping[str, Any]) -> None:
    top = column.get("top", ())[:8]
    if not top:
        _remark(axis, "no known value")
        return
    places = range(len(top))
    axis.bar(places, [item["count"] for item in top], color=_GREEN)
    axis.set_xticks(places, labels([item["value"] for item in top], width=12))
    axis.tick_params(axis="x", rotation=60)


def _remark(axis: Axes, text: str) -> None:
    axis.set(xticks=[], yticks=[])
    axis.text(0.5, 0.5, text, transform=axis.transAxes, ha="center", va="center", fontsize=7)


def captioned(drawn: Mapping[str, str]) -> str:
    """Pictures that a job has drawn, SVG text by what each shows."""
    figures = [
        f"<figure>{svg[svg.index('<svg') :]}<figcaption>{html.escape(caption)}</figcaption></figure>"
        for caption, svg in drawn.items()
    ]
    return f'<div class="row">{"".join(figures)}</div>' if figures else ""


def tuning_history(trials: Sequence[Mapping[str, Any]], metric: str, *, minimized: bool) -> str:
    """The objective of each trial in the order they started, and the best so far."""
    done = [(number, trial["objective"]) for number, trial in enumerate(trials, 1) if trial["objective"] is not None]
    better = min if minimized else max
    best = [better(value for _, value in done[: i + 1]) for i in range(len(done))]
    with _figure(5.2, 3.6) as drawing:
        (axis,) = drawing.axes
        axis.scatter([n for n, _ in done], [value for _, value in done], color=_BLUE, s=18)
        axis.step([n for n, _ in done], best, where="post", color=_GREEN)
        axis.set(xlabel="training job", ylabel=f"validation {metric}")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        axis.set_title(f"best {rounded(best[-1])}" if best else "no finished job")
    return drawing.svg


def traffic_split(
    fleets: Mapping[str, Sequence[tuple[float, float]]],
    rollouts: Sequence[RolloutResult],
    *,
    started: float,
    ended: float,
) -> str:
    """Requests a second by fleet, with every rollout, alarm and rollback marked."""
    with _figure(11, 3.4) as drawing:
        (axis,) = drawing.axes
        if fleets:
            _stack(axis, fleets, started)
        for rollout in rollouts:
            _mark(axis, rollout, started, rollout.ended_at or max(ended, rollout.started_at))
        axis.set(xlabel="seconds since the start", ylabel="requests a second")
        if fleets:
            axis.legend(fontsize=6, loc="lower left", title="endpoint config", title_fontsize=7)
    return drawing.svg


def _stack(axis: Axes, fleets: Mapping[str, Sequence[tuple[float, float]]], started: float) -> None:
    seconds = sorted({int(at) for points in fleets.values() for at, _ in points})
    order = sorted(fleets, key=lambda config: min((at for at, _ in fleets[config]), default=math.inf))
    span = list(range(seconds[0], seconds[-1] + 1)) if seconds else [int(started)]
    palette = [_BLUE, _GREEN, _RED, "#7a5cb8", _AMBER]
    axis.stackplot(
        [second - started for second in span],
        [[_at(fleets[config], second) for second in span] for config in order],
        labels=[f"…{config[-12:]}" for config in order],
        colors=[palette[i % len(palette)] for i in range(len(order))],
        alpha=0.75,
        step="post",
    )


def _mark(axis: Axes, rollout: RolloutResult, started: float, ended: float) -> None:
    axis.axvspan(rollout.started_at - started, ended - started, color=_GREY, alpha=0.10, linewidth=0)
    label = f"{rollout.type}: {rollout.outcome_in_words}"
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


def _at(points: Sequence[tuple[float, float]], second: int) -> float:
    return sum(requests for at, requests in points if int(at) == second)
