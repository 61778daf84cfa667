"""Pictures of a model's quality: the same numbers give the same bytes."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline_steps.problems.binary.metrics import Confusion

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STYLE: Any = {
    "svg.hashsalt": "slipway",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 11,
}
_LABEL = 16


def draw_roc(path: Path, curve: tuple[Sequence[float], Sequence[float]], *, auc: float) -> None:
    """Draw the receiver operating characteristic on the test split."""
    with _picture(path, width=4.8, height=4.4) as axes:
        axes.fill_between(*curve, alpha=0.12, color="#1f6feb", linewidth=0)
        axes.plot(*curve, color="#1f6feb", linewidth=2, label=f"candidate, AUC {auc:.3f}")
        axes.plot([0, 1], [0, 1], color="#8b949e", linestyle="--", linewidth=1, label="chance")
        axes.set(xlabel="false positive rate", ylabel="true positive rate", xlim=(0, 1), ylim=(0, 1.01))
        axes.set_aspect("equal")
        axes.legend(loc="lower right", frameon=False)
        axes.spines[["top", "right"]].set_visible(False)


def draw_confusion_matrix(path: Path, outcomes: Confusion, *, positive_label: str) -> None:
    """Draw counts and row shares of the four outcomes on the test split."""
    counts = [
        [outcomes.true_negative, outcomes.false_positive],
        [outcomes.false_negative, outcomes.true_positive],
    ]
    shares = [[count / max(1, sum(row)) for count in row] for row in counts]
    label = _label(positive_label)
    names = [f"not {label}", label]
    with _picture(path, width=4.4, height=4.0) as axes:
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
            share = shares[row][column]
            text = f"{counts[row][column]:,}\n{share:.1%}"
            axes.text(column, row, text, ha="center", va="center", color="white" if share > 0.5 else "#24292f")
        axes.set_xticks([0, 1], names)
        axes.set_yticks([0, 1], names, rotation=90, va="center")
        axes.set(xlabel="predicted", ylabel="actual")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)


def _label(text: str) -> str:
    """`text` on one line, and short enough for an axis."""
    plain = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
    return plain if len(plain) <= _LABEL else plain[: _LABEL - 1] + "…"


@contextmanager
def _picture(path: Path, *, width: float, height: float) -> "Iterator[Axes]":
    """Axes of `width` by `height` inches; what was drawn there is in `path` at the end."""
    import matplotlib as mpl  # noqa: PLC0415 — half a second of modules, as below
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # Text stays text in the SVG: the viewer has the fonts.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure.subplots()
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
