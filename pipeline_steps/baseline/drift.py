"""How far counts have drifted from a baseline: the population stability index, less what chance alone gives."""

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.float64] | NDArray[np.int64]

_PRIOR_ROWS = 0.5
"""A bin, in both samples, so that no bin is ever empty and no logarithm infinite."""

_FEW_ROWS = 20.0
"""Below so many expected rows a bin's share of the expectation is summed, above it a series is exact enough."""

_SUMMED = np.arange(81.0)
"""Counts of a rare bin that have a chance worth summing."""


def stability_index(baseline: Counts, counts: Counts) -> float:
    """Sum (p - q) ln(p / q) over the bins: 0 for equal shares; by custom, above 0.25 is major drift.

    Smoothing: the baseline gets half a row a bin; the sample gets as many in all, spread as the baseline is. A bin
    that is empty in both adds nothing.
    """
    kept = (baseline > 0) | (counts > 0)
    base, found = baseline[kept], counts[kept]
    prior = _PRIOR_ROWS * len(base)
    expected = (base + _PRIOR_ROWS) / (base.sum() + prior)
    share = (found + prior * expected) / (found.sum() + prior)
    return float(np.sum((share - expected) * np.log(share / expected)))


def expected_index(baseline: Counts, rows: int) -> float:
    """What `stability_index` gives on average for `rows` rows when nothing has changed.

    Both counts are samples of one population, and the index is symmetric, so each adds its part: about
    (bins - 1) / rows and (bins - 1) / baseline rows where every bin is well filled, less where some are rare.
    """
    filled = baseline[baseline > 0]
    total = float(filled.sum())
    if not (rows and total):
        return 0.0
    shares = filled / total
    return _sampling_part(shares, float(rows)) + _sampling_part(shares, total)


def drift_index(baseline: Counts, counts: Counts) -> float:
    """Give the index less its expectation: about 0 on average without a change, whatever the sample's size."""
    return stability_index(baseline, counts) - expected_index(baseline, int(counts.sum()))


def published(index: float) -> float:
    """Round a drift index for a metric; below zero is chance: the correction is right on average only."""
    return round(max(0.0, index), 6)


def _sampling_part(shares: NDArray[np.float64], rows: float) -> float:
    """Expect the index of a sample of `rows` rows against the true `shares`.

    With x = p / q - 1 a bin adds q x ln(1 + x) = q (x² - x³/2 + x⁴/3 - …), and x's moments are the binomial ones,
    shrunk by the smoothing. For rare bins the series does not converge: there the terms are summed count by count.
    """
    shrunk = rows / (rows + _PRIOR_ROWS * len(shares))
    few = rows * shares < _FEW_ROWS
    share = shares[~few]
    mean, variance = rows * share, (1 - share) / (rows * share)
    series = shrunk**2 * variance - shrunk**3 * variance * (1 - 2 * share) / (2 * mean) + shrunk**4 * variance**2
    return float(np.sum(share * series)) + (_rare_part(shares[few], rows, shrunk) if few.any() else 0.0)


def _rare_part(shares: NDArray[np.float64], rows: float, shrunk: float) -> float:
    counts = _SUMMED[: int(rows) + 1]
    ways = np.concatenate([[0.0], np.cumsum(np.log((rows + 1 - counts[1:]) / counts[1:]))])
    share = np.minimum(shares, 1 - 1e-12)[:, np.newaxis]
    chance = np.exp(ways + counts * np.log(share) + (rows - counts) * np.log1p(-share))
    x = shrunk * (counts / (rows * share) - 1)
    return float(np.sum(share * chance * x * np.log1p(x)))
