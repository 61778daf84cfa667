"""Arithmetic on one number or, element by element, on an array of them.

One rollout is analysed with plain floats, thousands of simulated ones with arrays: the same formulas serve both. Arrays
bring their functions along (the array API standard's `__array_namespace__`), so that this needs no numpy.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers: TypeAlias = float | NDArray[np.float64]
    Truths: TypeAlias = bool | NDArray[np.bool_]
else:
    Numbers: TypeAlias = Any
    Truths: TypeAlias = Any

_NUMBER = (int, float)  # numpy's scalars of 64 bits are floats too


def log(x: Numbers) -> Numbers:
    return math.log(x) if isinstance(x, _NUMBER) else _functions(x).log(x)


def exp(x: Numbers) -> Numbers:
    return math.exp(x) if isinstance(x, _NUMBER) else _functions(x).exp(x)


def sqrt(x: Numbers) -> Numbers:
    return math.sqrt(x) if isinstance(x, _NUMBER) else _functions(x).sqrt(x)


def cos(x: Numbers) -> Numbers:
    return math.cos(x) if isinstance(x, _NUMBER) else _functions(x).cos(x)


def acos(x: Numbers) -> Numbers:
    return math.acos(x) if isinstance(x, _NUMBER) else _functions(x).acos(x)


def clip(x: Numbers, low: float, high: float) -> Numbers:
    return smaller(larger(x, low), high)


def larger(x: Numbers, y: Numbers) -> Numbers:
    if isinstance(x, _NUMBER) and isinstance(y, _NUMBER):
        return max(x, y)
    greater: Numbers = _functions(x, y).maximum(x, y)
    return greater


def smaller(x: Numbers, y: Numbers) -> Numbers:
    return -larger(-x, -y)


def where(chosen: Truths, x: Numbers, y: Numbers) -> Numbers:
    """`x` where `chosen`, else `y`; both must be defined everywhere."""
    if isinstance(chosen, bool):
        return x if chosen else y
    taken: Numbers = _functions(chosen).where(chosen, x, y)
    return taken


def everywhere(truths: Truths) -> bool:
    return truths if isinstance(truths, bool) else bool(truths.all())


def stacked(numbers: Sequence[Numbers]) -> Sequence[Numbers]:
    """Arrays as one with a row for each, so that a formula is computed once for all of them; numbers as they are."""
    return numbers if isinstance(numbers[0], _NUMBER) else [_functions(*numbers).stack(numbers)]


def rows(x: Numbers, *, of: Numbers) -> Sequence[Numbers]:
    """What was computed from `stacked` arrays of the shape of `of`, taken apart again."""
    if isinstance(of, _NUMBER):
        return [x]
    array: Any = x
    return list(array)


def log_mean(logs: Sequence[Numbers], weights: Sequence[float] = ()) -> Numbers:
    """Log of the mean of exp(logs), weighted if given: a mixture of e-processes is one (Robbins 1970)."""
    top = logs[0]
    for each in logs[1:]:
        top = larger(top, each)
    shares = weights or (1.0,) * len(logs)
    total = shares[0] * exp(logs[0] - top)
    for share, each in zip(shares[1:], logs[1:], strict=True):
        total = total + share * exp(each - top)
    return top + log(total / sum(shares))


def log_sum(x: Numbers, y: Numbers) -> Numbers:
    """Log of exp(x) + exp(y)."""
    return log_mean((x, y)) + math.log(2)


def _functions(*numbers: object) -> Any:
    for each in numbers:
        if not isinstance(each, _NUMBER):
            array: Any = each
            return array.__array_namespace__()
    raise TypeError("one at least must be an array")
