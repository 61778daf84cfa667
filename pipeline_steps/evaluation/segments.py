"""Where a model is worst: the rows of one category, or of a quarter of a number's range."""

import math
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_steps.problems.report import Losses
from pipeline_steps.rounding import counted, exact

FEWEST_ROWS = 30
_MOST = 10
_MOST_CATEGORIES = 50
"""Of one column: the most frequent ones. More would each have few rows, and widen the intervals of all."""
_FEW_VALUES = 10
"""Numbers of at most so many values are compared one by one."""
_MISSING = "(missing)"


class _Sums(NamedTuple):
    """Of the losses of some rows."""

    rows: float
    total: float
    squares: float

    def less(self, other: "_Sums") -> "_Sums":
        return _Sums(self.rows - other.rows, self.total - other.total, self.squares - other.squares)

    @property
    def mean(self) -> float:
        return self.total / self.rows

    @property
    def error(self) -> float:
        """The standard error of the mean."""
        if self.rows < 2:
            return math.inf
        return math.sqrt(max(0.0, self.squares - self.rows * self.mean**2) / (self.rows - 1) / self.rows)


class _Segment(NamedTuple):
    column: str
    rows: str
    sums: _Sums


def worst_segments(
    features: pd.DataFrame, losses: Losses, *, confidence: float, datetimes: Collection[str] = ()
) -> dict[str, Any]:
    """Give the segments whose mean loss exceeds that of all other rows by most, as far as the rows prove it.

    The intervals are simultaneous: of all segments that were looked at, none is outside of its interval with the
    stated confidence (Bonferroni). Without that, one of a hundred segments would look bad by chance. Where no loss is
    negative, no interval reaches below 0.

    `datetimes` are the columns whose numbers are days since 2000.
    """
    middle = float(losses.of_rows.mean())
    loss = losses.of_rows - middle  # sums of squares then keep their digits
    everything = _Sums(len(loss), float(loss.sum()), float((loss**2).sum()))
    segments = [each for each in _segments(features, loss, datetimes) if FEWEST_ROWS <= each.sums.rows < len(loss)]
    tail = (1 - confidence) / max(1, len(segments))
    width = NormalDist().inv_cdf(1 - tail / 2)
    lowest = 0.0 if losses.of_rows.min() >= 0 else -math.inf
    found = [_described(each, everything, middle=middle, width=width, lowest=lowest) for each in segments]
    return {
        "loss": losses.name,
        "is_error": losses.is_error,
        "mean_loss": middle,
        "compared": len(segments),
        "words": (
            f"{counted(len(segments), 'segment')} of at least {FEWEST_ROWS} rows were compared; the intervals hold for "
            f"all of them together at {100 * confidence:g} % confidence"
        ),
        "worst": sorted(found, key=lambda entry: -entry["worse_by"])[:_MOST],
    }


def _described(segment: _Segment, everything: _Sums, *, middle: float, width: float, lowest: float) -> dict[str, Any]:
    own = segment.sums
    others = everything.less(own)
    error = own.error if math.isinf(others.error) else math.hypot(own.error, others.error)
    worse_by = own.mean - others.mean - width * error
    return {
        "column": segment.column,
        "segment": segment.rows,
        "rows": int(own.rows),
        "loss": middle + own.mean,
        "low": max(lowest, middle + own.mean - width * own.error),
        "high": middle + own.mean + width * own.error,
        "worse_by": worse_by,
        "worse_than_others": worse_by > 0,
    }


def _segments(features: pd.DataFrame, loss: NDArray[np.float64], datetimes: Collection[str]) -> Iterator[_Segment]:
    for name in features.columns:
        column = features[name]
        numbers = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        if not numbers:
            names, codes = _categories(column.fillna("").astype(str))
        elif column.nunique() <= _FEW_VALUES:
            names, codes = _categories(column.map(_number, na_action="ignore").fillna(""))
        else:
            names, codes = _quarters(column, _date if name in datetimes else _number)
        sums = (np.bincount(codes, weights, minlength=len(names)) for weights in (None, loss, loss**2))
        for text, *of_rows in zip(names, *(each.tolist() for each in sums), strict=False):
            yield _Segment(str(name), text, _Sums(*of_rows))


def _categories(texts: "pd.Series[str]") -> tuple[list[str], NDArray[np.int64]]:
    """Number the most frequent values; the others have a number without a name."""
    kept = texts.value_counts().head(_MOST_CATEGORIES).index
    codes = kept.get_indexer(pd.Index(texts))
    return [str(value) or _MISSING for value in kept], np.where(codes < 0, len(kept), codes).astype(np.int64)


def _quarters(column: "pd.Series[float]", written: Callable[[float], str]) -> tuple[list[str], NDArray[np.int64]]:
    """Number the quarters of the rows by size, and those without a number."""
    values = column.to_numpy(dtype=np.float64)
    known = np.isfinite(values)
    edges = np.unique(np.quantile(values[known], [0, 0.25, 0.5, 0.75, 1]))
    last = edges[-1]
    names = [f"{written(low)} to {'' if high == last else 'below '}{written(high)}" for low, high in pairwise(edges)]
    codes = np.clip(np.searchsorted(edges, np.where(known, values, edges[0]), side="right") - 1, 0, len(names) - 1)
    return [*names, _MISSING], np.where(known, codes, len(names)).astype(np.int64)


def _number(value: float) -> str:
    """Six digits distinguish the quarters of most columns."""
    return exact(float(f"{value:.6g}"))


def _date(days: float) -> str:
    return f"{datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=days):%Y-%m-%d %H:%M}"
