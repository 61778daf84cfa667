"""Pictures of a model's quality as SVG: the same numbers give the same bytes."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.rounding import counted, exact, rounded

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, GREEN, RED, GREY = "#1f6feb", "#2f9e62", "#c63d3d", "#8b949e"

_STYLE: Any = {
    "svg.hashsalt": "slipway",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_LABEL = 16
_MARGIN_INCHES = 0.85
_MOST_POINTS = 1000
_MOST_CLASSES = 20
_TENTHS = 10
_SMALL_CELLS = 8
"""Classes above which counts are written small."""


@contextmanager
def picture(
    path: Path, *, width: float, height: float, across: int = 1, long_labels: bool = False
) -> "Iterator[list[Axes]]":
    """Give `across` axes of `width` by `height` inches in all; what was drawn there is in `path` at the end.

    Where labels may be long the margins are fitted to them, which takes as long as drawing all once more.
    """
    import matplotlib as mpl  # noqa: PLC0415 (half a second of modules, as below)
    from matplotlib.figure import Figure  # noqa: PLC0415
    from matplotlib.ticker import FuncFormatter, ScalarFormatter  # noqa: PLC0415

    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # Text stays text in the SVG: the viewer has the fonts.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=(width, height), layout="constrained" if long_labels else None)
        axes = list(figure.subplots(1, across, squeeze=False)[0])
        if not long_labels:
            left, bottom = _MARGIN_INCHES / width, _MARGIN_INCHES / height
            figure.subplots_adjust(left=left, right=1 - 0.25 * left, bottom=bottom, top=1 - 0.45 * bottom, wspace=0.3)
        yield axes
        for axis in (each for one in axes for each in (one.xaxis, one.yaxis)):
            if isinstance(axis.get_major_formatter(), ScalarFormatter):
                axis.set_major_formatter(FuncFormatter(lambda value, _: exact(value)))
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def label(text: str, *, longest: int = _LABEL) -> str:
    """Give `text` on one line, and short enough for an axis."""
    plain = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def labels(names: Sequence[str], *, longest: int = _LABEL) -> list[str]:
    """Give each name's label; names that only their ends distinguish are numbered."""
    short = [label(name, longest=longest) for name in names]
    if len(set(short)) == len(set(names)):
        return short
    return [label(f"{place} {name}", longest=longest) for place, name in enumerate(names)]


def some(rows: int) -> NDArray[np.int64]:
    """Choose the rows of a scatter plot: evenly, so that it stays small."""
    return np.unique(np.linspace(0, rows - 1, min(rows, _MOST_POINTS)).astype(np.int64))


def draw_confusion_matrix(path: Path, counts: NDArray[np.int64], names: Sequence[str]) -> None:
    """Draw counts and row shares of actual by predicted label; of many classes, the most frequent ones."""
    shown = np.sort(np.argsort(-counts.sum(axis=1), kind="stable")[:_MOST_CLASSES])
    cells = counts[np.ix_(shown, shown)]
    shares = cells / np.maximum(1, counts[shown].sum(axis=1, keepdims=True))
    named = labels(names)
    ticks = [named[place] for place in shown]
    size, size_of_text = 3.2 + 0.5 * len(shown), 11 if len(shown) <= _SMALL_CELLS else 8
    with picture(path, width=size + 0.3, height=size, long_labels=True) as (axes,):
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for (row, column), share in np.ndenumerate(shares):
            count = f"{cells[row, column]:,}"
            text = count if len(shown) > 2 else f"{count}\n{share:.1%}"
            if cells[row, column] or len(shown) == 2:
                colour = "white" if share > 0.5 else "#24292f"
                axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=size_of_text)
        axes.set_xticks(range(len(shown)), ticks, rotation=90 if len(shown) > 2 else 0)
        axes.set_yticks(range(len(shown)), ticks, rotation=0 if len(shown) > 2 else 90, va="center")
        rest = f" ({len(shown)} most frequent of {len(counts)})" if len(shown) < len(counts) else ""
        axes.set(xlabel=f"predicted{rest}", ylabel="actual")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)


def draw_histograms(
    path: Path, values: Sequence[NDArray[np.floating]], names: Sequence[str], *, of: str, mark: float | None = None
) -> None:
    """Draw the distributions of one number over each other, each as shares of its own rows; `mark` is a threshold."""
    joined = np.concatenate([each.astype(np.float64) for each in values])
    edges = np.linspace(joined.min(), max(joined.max(), joined.min() + 1e-9), 41)
    with picture(path, width=5.2, height=3.6) as (axes,):
        for each, name, colour in zip(values, names, (GREY, BLUE, GREEN), strict=False):
            shares = np.histogram(each, edges)[0] / max(1, len(each))
            axes.stairs(
                shares, edges, fill=True, alpha=0.45, color=colour, label=f"{label(name)}, {counted(len(each), 'row')}"
            )
        if mark is not None:
            axes.axvline(mark, color=RED, linestyle="--", linewidth=1, label=f"threshold {rounded(mark)}")
        axes.set(xlabel=of, ylabel="share of rows")
        axes.legend(frameon=False, fontsize=9)


def draw_calibration(
    path: Path, scores: NDArray[np.floating], right: NDArray[np.bool_], *, of: str, share: str
) -> None:
    """Draw the share of rows that are right in tenths of the rows by score, with its 95 % interval."""
    tenths = [rows for rows in np.array_split(np.argsort(scores, kind="stable"), _TENTHS) if len(rows)]
    means = [float(scores[rows].mean()) for rows in tenths]
    true = [float(right[rows].mean()) for rows in tenths]
    errors = [1.96 * np.sqrt(part * (1 - part) / len(rows)) for part, rows in zip(true, tenths, strict=True)]
    most = max(*means, *true, 0.05) * 1.08
    with picture(path, width=4.6, height=4.2) as (axes,):
        axes.plot([0, most], [0, most], color=GREY, linestyle="--", linewidth=1)
        axes.errorbar(means, true, yerr=errors, fmt="o-", color=BLUE, markersize=4, linewidth=1, capsize=2)
        axes.set(xlabel=of, ylabel=share, xlim=(0, most), ylim=(0, most))
