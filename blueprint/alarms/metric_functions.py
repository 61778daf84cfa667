"""Metric math's values and functions: scalars, time series and arrays of them."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor

from blueprint.errors import InputError

Points = list[float | None]
"""A time series, the newest last; None where there is no datapoint."""


@dataclass(frozen=True)
class Array:
    """Several time series, as `[m1, m2]` or `METRICS()` gives them."""

    series: tuple[Points, ...]


Value = float | Points | Array


def as_points(value: Value, length: int) -> Points:
    """`value` as one time series; a scalar goes with every datapoint."""
    if isinstance(value, Array):
        raise InputError(f"metric math needs one time series here, got an array of {len(value.series)}")
    return list(value) if isinstance(value, list) else [float(value)] * length


def each(function: Callable[..., float | None], length: int, *values: Value) -> Value:
    """Apply `function` datapoint by datapoint; where an operand has none, neither has the result."""
    rows = zip(*(as_points(value, length) for value in values), strict=True)
    points = [None if None in row else _number(function(*row)) for row in rows]
    scalar = not any(isinstance(value, list) for value in values)
    return points[0] if scalar and points and points[0] is not None else points


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def repeat(points: Points) -> Points:
    last: float | None = None
    filled: Points = []
    for point in points:
        last = last if point is None else point
        filled.append(last)
    return filled


def linear(points: Points) -> Points:
    """Gaps between two datapoints become a straight line; the ends stay open."""
    filled = list(points)
    known = [(i, point) for i, point in enumerate(points) if point is not None]
    for (i, a), (j, b) in pairwise(known):
        for k in range(i + 1, j):
            filled[k] = a + (b - a) * (k - i) / (j - i)
    return filled


def _if(length: int, _period: int, condition: Value, yes: Value, no: Value | None = None) -> Value:
    otherwise = [None] * length if no is None else as_points(no, length)
    chosen = zip(as_points(condition, length), as_points(yes, length), otherwise, strict=True)
    return [None if test is None else a if test else b for test, a, b in chosen]


def _rate(length: int, period: int, value: Value) -> Value:
    pairs = pairwise(as_points(value, length))
    return [None, *(None if a is None or b is None else (b - a) / period for a, b in pairs)]


def _each(function: Callable[[float], float]) -> Callable[..., Value]:
    def applied(length: int, _period: int, value: Value) -> Value:
        return each(function, length, value)

    return applied


def _fold(function: Callable[[list[float]], float]) -> Callable[..., Value]:
    """Of one time series a scalar; of an array a time series. Missing datapoints are left out."""

    def folded(length: int, _period: int, value: Value) -> Value:
        if isinstance(value, Array):
            columns = ([point for point in column if point is not None] for column in zip(*value.series, strict=True))
            return [function(column) if column else None for column in columns]
        known = [point for point in as_points(value, length) if point is not None]
        return float(function(known)) if known else [None] * length

    return folded


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "ABS": _each(abs),
    "CEIL": _each(ceil),
    "FLOOR": _each(floor),
    "IF": _if,
    "RATE": _rate,
    "SUM": _fold(sum),
    "AVG": _fold(lambda values: sum(values) / len(values)),
    "MIN": _fold(min),
    "MAX": _fold(max),
}
