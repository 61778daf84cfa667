"""The report's pictures, as SVG text."""

import html
import io
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from rehearsal.console.svg import AMBER, BLUE, GREEN, GREY, RED
from rehearsal.journey.rollout_result import RolloutResult
from slipway.rounding import rounded

_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "slipway",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
}


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
        axis.scatter([n for n, _ in done], [value for _, value in done], color=BLUE, s=18)
        axis.step([n for n, _ in done], best, where="post", color=GREEN)
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
    palette = [BLUE, GREEN, RED, "#7a5cb8", AMBER]
    axis.stackplot(
        [second - started for second in span],
        [[_at(fleets[config], second) for second in span] for config in order],
        labels=[f"…{config[-12:]}" for config in order],
        colors=[palette[i % len(palette)] for i in range(len(order))],
        alpha=0.75,
        step="post",
    )


def _mark(axis: Axes, rollout: RolloutResult, started: float, ended: float) -> None:
    axis.axvspan(rollout.started_at - started, ended - started, color=GREY, alpha=0.10, linewidth=0)
    label = f"{rollout.type}: {rollout.outcome_in_words}"
    axis.annotate(label, (rollout.started_at - started, 1.02), xycoords=("data", "axes fraction"), fontsize=8)
    for at, moment in rollout.moments:
        if moment in ("alarm", "rolled back"):
            axis.axvline(at - started, color=RED, linestyle="-" if moment == "alarm" else "--", linewidth=1.2)
            axis.annotate(
                moment,
                (at - started, 0.95),
                xytext=(-4 if moment == "alarm" else 4, 0),
                textcoords="offset points",
                xycoords=("data", "axes fraction"),
                color=RED,
                fontsize=8,
                rotation=90,
                va="top",
                ha="right" if moment == "alarm" else "left",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
            )


def _at(points: Sequence[tuple[float, float]], second: int) -> float:
    return sum(requests for at, requests in points if int(at) == second)
