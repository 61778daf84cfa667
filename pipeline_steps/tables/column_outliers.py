"""How many values of a number column are outliers, by each method that looks at one column."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

IQR, Z_SCORE, ROBUST_Z = 1.5, 3.0, 3.5
"""Interquartile ranges outside of the quartiles; standard deviations; scaled deviations from the median."""
_SCALE = 1.4826
"""Of a normal distribution, its standard deviation over its median absolute deviation."""


def outlier_counts(values: NDArray[np.floating]) -> Mapping[str, int]:
    """Count by box plot, z-score and robust z-score; a spread of 0 makes no outliers of the two scores."""
    if len(values) <= 1:
        return {"iqr": 0, "z_score": 0, "robust_z": 0}
    quartiles = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
    low, high = whisker_limits(quartiles)
    deviation, std = np.abs(values - quartiles[1]), float(values.std(ddof=1))
    robust = _SCALE * float(np.median(deviation))
    return {
        "iqr": int(((values < low) | (values > high)).sum()),
        "z_score": int((np.abs(values - values.mean()) > Z_SCORE * std).sum()) if std > 0 else 0,
        "robust_z": int((deviation > ROBUST_Z * robust).sum()) if robust > 0 else 0,
    }


def whisker_limits(quartiles: Sequence[float]) -> tuple[float, float]:
    """How far the whiskers of a box plot may reach."""
    reach = IQR * (quartiles[2] - quartiles[0])
    return quartiles[0] - reach, quartiles[2] + reach


def whiskers(known: NDArray[np.floating], quartiles: Sequence[float]) -> list[float]:
    """Give the ends of a box plot's whiskers: the outermost values within the limits."""
    low, high = whisker_limits(quartiles)
    within = known[(known >= low) & (known <= high)]
    return [float(within.min()), float(within.max())] if len(within) else [quartiles[0], quartiles[2]]
