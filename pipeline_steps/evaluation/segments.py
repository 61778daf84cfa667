"""Where a model is worst: the rows of one category, or of a quarter of a number's range."""

from collections.abc import Iterator
from itertools import pairwise
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_steps.problems.report import Losses

FEWEST_ROWS = 30
_MOST = 10
_MOST_CATEGORIES = 50
"""Of one column: the most frequent ones. More would each have few rows, and widen the intervals of all."""


class Segment(NamedTuple):
    """Rows that share something, in words and as a mask."""

    column: str
    rows: str
    mask: NDArray[np.bool_]


def worst_segments(features: pd.DataFrame, losses: Losses, *, confidence: float) -> dict[str, Any]:
    """Give the segments whose mean loss exceeds that of all other rows by most, as far as the rows prove it.

    The intervals are simultaneous: of all segments that were looked at, none is outside of its interval with the
    stated confidence (Bonferroni). Without that, one of a hundred segments would look bad by chance.
    """
    segments = [segment for segment in _segments(features) if FEWEST_ROWS <= segment.mask.sum() < len(features)]
    tail = (1 - confidence) / max(1, len(segments))
    width = NormalDist().inv_cdf(1 - tail / 2)
    found = sorted((_described(segment, losses, width) for segment in segments), key=lambda entry: -entry["worse_by"])
    return {
        "loss": losses.name,
        "mean_loss": float(losses.of_rows.mean()),
        "compared": len(segments),
        "words": (
            f"{len(segments)} segments of at least {FEWEST_ROWS} rows were compared; the intervals hold for all "
            f"of them together at {100 * confidence:g} % confidence"
        ),
        "worst": found[:_MOST],
    }


def _described(segment: Segment, losses: Losses, width: float) -> dict[str, Any]:
    own, others = losses.of_rows[segment.mask], losses.of_rows[~segment.mask]
    error = own.std(ddof=1) / np.sqrt(len(own))
    difference = own.mean() - others.mean()
    of_difference = np.hypot(error, others.std(ddof=1) / np.sqrt(len(others))) if len(others) > 1 else error
    return {
        "column": segment.column,
        "segment": segment.rows,
        "rows": len(own),
        "loss": float(own.mean()),
        "low": float(own.mean() - width * error),
        "high": float(own.mean() + width * error),
        "worse_by": float(difference - width * of_difference),
        "worse_than_others": bool(difference > width * of_difference),
    }


def _segments(features: pd.DataFrame) -> Iterator[Segment]:
    for name in features.columns:
        column = features[name]
        numbers = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        yield from _quarters(str(name), column) if numbers else _categories(str(name), column)


def _categories(name: str, column: "pd.Series[Any]") -> Iterator[Segment]:
    texts = column.astype(str)
    for value in texts.value_counts().head(_MOST_CATEGORIES).index:
        yield Segment(name, str(value) or "(missing)", (texts == value).to_numpy())


def _quarters(name: str, column: "pd.Series[Any]") -> Iterator[Segment]:
    values = column.to_numpy(dtype=np.float64)
    known = np.isfinite(values)
    if not known.all():
        yield Segment(name, "(missing)", ~known)
    if not known.any():
        return
    edges = np.unique(np.quantile(values[known], [0, 0.25, 0.5, 0.75, 1]))
    for low, high in pairwise(edges):
        last = high == edges[-1]
        inside = (values >= low) & ((values <= high) if last else (values < high))
        yield Segment(name, f"{low:g} to {'' if last else 'below '}{high:g}", inside)
    if len(edges) == 1:
        yield Segment(name, f"{edges[0]:g}", values == edges[0])
