"""Weighted means over many resamples at once: what the metrics of every problem are made of."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.problem import Resamples

PerResample = NDArray[np.float64]


def once(rows: int) -> Resamples:
    """Count every row once, in one resample."""
    return np.ones((1, rows))


def defined(measured: Mapping[str, PerResample]) -> dict[str, float]:
    """Take the one resample's metrics, without those that it leaves undefined."""
    single = {name: float(values[0]) for name, values in measured.items()}
    return {name: value for name, value in single.items() if np.isfinite(value)}


def ratio(above: PerResample, below: PerResample, *, empty: float = np.nan) -> PerResample:
    """Divide; `empty` where there is nothing below."""
    found: PerResample = np.divide(above, below, out=np.full(np.broadcast(above, below).shape, empty), where=below != 0)
    return found


def mean(resamples: Resamples, values: NDArray[np.floating]) -> PerResample:
    """Give the weighted mean of one number a row."""
    return ratio(resamples @ values.astype(np.float64), resamples.sum(axis=1))


def one_hot(places: NDArray[np.int64], width: int) -> NDArray[np.float64]:
    """Give [rows, width] with a 1 in each row's place."""
    found: NDArray[np.float64] = (places[:, None] == np.arange(width)).astype(np.float64)
    return found
