"""Folds of cross-validation."""

import numpy as np
from numpy.typing import NDArray


def deal_folds(
    strata: NDArray[np.int64], folds: int, *, seed: int, alike: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Give each row the fold that holds it out: every stratum in equal shares.

    Rows with the same number in `alike` go to one fold. A stratum with fewer rows than folds is held out by none (-1),
    so that each fold is fitted on all of it.
    """
    if alike is None:
        return _deal(strata, folds, seed)
    _, first, places = np.unique(alike, return_index=True, return_inverse=True)
    return _deal(strata[first], folds, seed)[places]


def _deal(strata: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.int64]:
    dealt = np.full(len(strata), -1, dtype=np.int64)
    generator = np.random.default_rng(seed)
    start = 0
    for stratum in np.unique(strata):
        rows = generator.permutation(np.flatnonzero(strata == stratum))
        if len(rows) >= folds:
            dealt[rows] = (start + np.arange(len(rows))) % folds
            start += len(rows)  # the next stratum goes on where this one ended: folds of the same size
    return dealt
