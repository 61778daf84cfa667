"""What the numbers of a target look like."""

import numpy as np
from numpy.typing import NDArray

_FEWEST_FROM_ZERO, _FEWEST = 5, 10
_EARLY = 1 / 3
_RARE = 1 / 5
_FALLING = 2 / 3
_LONG_TAIL = 2.0

_Numbers = NDArray[np.float64]


def are_counts(numbers: _Numbers) -> bool:
    """Whether they are how often something happened: whole, few mostly, and the rarer the larger.

    Codes and grades are not: their frequencies do not fall with the number.
    """
    values, rows = np.unique(numbers, return_counts=True)
    if values[0] < 0 or (values % 1 != 0).any() or len(values) < (_FEWEST_FROM_ZERO if values[0] == 0 else _FEWEST):
        return False
    most = int(rows.argmax())
    falling = float((np.diff(rows[most:]) <= 0).mean()) if most < len(rows) - 1 else 0.0
    return bool(most < _EARLY * len(values) and rows[-1] < _RARE * rows[most] and falling >= _FALLING)


def has_long_tail(numbers: _Numbers) -> bool:
    """Whether they are amounts above zero, a few of them far larger than most."""
    low, median, high = np.quantile(numbers, [0.05, 0.5, 0.95])
    return bool(numbers.min() >= 0 and median > 0 and high - median > _LONG_TAIL * 1.5 * (median - low))
