"""Pictures that every problem has."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline_steps.problems.drawing import BLUE, GREY, label, labels, picture

_MOST_COLUMNS = 20


def draw_importance(path: Path, importance: Mapping[str, Any]) -> None:
    """Draw the columns with the greatest importance, with their intervals."""
    shown = importance["columns"][:_MOST_COLUMNS]
    values = np.array([each["importance"] for each in shown])
    errors = np.array([[each["importance"] - each["low"], each["high"] - each["importance"]] for each in shown]).T
    with picture(path, width=5.6, height=1.0 + 0.28 * len(shown), long_labels=True) as (axes,):
        axes.barh(range(len(shown)), values, xerr=errors, color=BLUE, error_kw={"linewidth": 1, "ecolor": GREY})
        axes.set_yticks(range(len(shown)), labels([each["column"] for each in shown], longest=28))
        axes.invert_yaxis()
        axes.set(xlabel=f"increase of {importance['loss']}")


def draw_learning_curve(path: Path, curve: Sequence[Mapping[str, float]], metric: str) -> None:
    """Draw the metric on training and validation rows by the number of rows that were fitted."""
    rows = [each["rows"] for each in curve]
    with picture(path, width=5.2, height=3.6) as (axes,):
        axes.plot(rows, [each["train"] for each in curve], "o--", color=GREY, markersize=4, label="training rows")
        axes.plot(rows, [each["validation"] for each in curve], "o-", color=BLUE, markersize=4, label="validation rows")
        axes.set(xlabel="rows that were fitted", ylabel=label(metric, longest=28))
        axes.legend(frameon=False, fontsize=9)
