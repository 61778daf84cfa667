"""How the candidate's algorithm does with fewer training rows."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_FRACTIONS = (0.125, 0.25, 0.5)
"""In all less than one more fit of the whole: the last point, all rows, is the candidate itself."""
_MOST_ROWS = 20_000
_FEWEST_ROWS = 50


class Point(NamedTuple):
    """The metric on the rows that were fitted, and on the validation rows."""

    train: float
    validation: float


def learning_curve(
    strata: NDArray[np.int64], fit: Callable[[NDArray[np.int64]], Point] | None, *, whole: Point
) -> list[Mapping[str, float]]:
    """Fit on parts of the training rows, each within the next, with every stratum in its share.

    Args:
        strata: of each training row.
        fit: on the rows at some places; None where that cannot be done, and the candidate is the only point.
        whole: of the candidate, which was fitted on all of them.
    """
    last = {"rows": len(strata), "train": whole.train, "validation": whole.validation}
    if fit is None:
        return [last]
    order = np.random.default_rng(0).permutation(len(strata))
    ranks = np.empty(len(strata))
    for stratum in np.unique(strata):
        own = order[strata[order] == stratum]
        ranks[own] = np.arange(len(own)) / len(own)
    base = min(1.0, _MOST_ROWS / len(strata))
    curve = []
    for fraction in _FRACTIONS:
        rows = np.flatnonzero(ranks < fraction * base)
        if len(rows) >= _FEWEST_ROWS:
            point = fit(rows)
            curve.append({"rows": len(rows), "train": point.train, "validation": point.validation})
    return [*curve, last]
