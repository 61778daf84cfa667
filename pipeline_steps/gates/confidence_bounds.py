"""Lower confidence bounds: the least that a sample proves, so that a small one refuses no candidate by chance."""

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_RESAMPLES = 200
_FEWEST = 20
"""Below so many, a mean is not distributed normally enough."""


def quantile_of_normal(error: float) -> float:
    """How many standard errors leave `error` of a normal distribution beyond them, on one side."""
    return NormalDist().inv_cdf(1 - error)


def share_at_least(share: float, size: int, *, error: float) -> float:
    """Wilson's lower bound of a share seen in `size` trials."""
    if size <= 0:
        return 0.0
    z = quantile_of_normal(error)
    centre = share + z * z / (2 * size)
    width = z * math.sqrt(share * (1 - share) / size + z * z / (4 * size * size))
    return max(0.0, (centre - width) / (1 + z * z / size))


def mean_at_least(values: NDArray[np.float64], *, error: float) -> float:
    """Bound the absolute mean of independent values from below; fewer than twenty bound nothing."""
    if len(values) < _FEWEST:
        return 0.0
    standard_error = float(values.std(ddof=1)) / math.sqrt(len(values))
    return max(0.0, abs(float(values.mean())) - quantile_of_normal(error / 2) * standard_error)


def resampled_at_least(statistic: Callable[[NDArray[np.int64]], float], groups: int, *, error: float) -> float:
    """Bound a statistic from below by resampling groups; `statistic` takes how often each group is drawn.

    The resamples' mean gives the statistic's upward bias, which is subtracted, and their spread its standard error.
    """
    if groups < _FEWEST:
        return 0.0
    draws = np.random.default_rng(0).multinomial(groups, np.full(groups, 1 / groups), size=_RESAMPLES)
    found = statistic(np.ones(groups, dtype=np.int64))
    drawn = np.array([statistic(draw) for draw in draws])
    bias = float(drawn.mean()) - found
    return max(0.0, found - max(0.0, bias) - quantile_of_normal(error) * float(drawn.std(ddof=1)))


def quantile_bounds(values: NDArray[np.float64], quantile: float, *, error: float) -> tuple[float, float]:
    """Bound a quantile by the sample's own order, whatever its distribution; each side with `error`."""
    ordered, size = np.sort(values), len(values)
    reach = quantile_of_normal(error) * math.sqrt(size * quantile * (1 - quantile))
    low, high = math.floor(size * quantile - reach) - 1, math.ceil(size * quantile + reach)
    return float(ordered[low]) if low >= 0 else -math.inf, float(ordered[high]) if high < size else math.inf
