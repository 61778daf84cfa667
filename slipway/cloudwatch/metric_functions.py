"""Metric math's values and functions: scalars, time series and arrays of them."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import ceil, floor, isnan, log, log10, nan
from statistics import pstdev

from slipway.errors import InputError

Points = list[float | None]
"""A time series, the newest last; None where there is no datapoint."""


@dataclass(frozen=True)
class Array:
    """Several time series, as `[m1, m2]` or `METRICS()` gives them."""

    series: tuple[Points, ...]


Value = float | Points | Array
"""A scalar that is not known, because there was no datapoint to take it of, is NaN."""


def as_points(value: Value, length: int) -> Points:
    """`value` as one time series; a scalar goes with every datapoint."""
    if isinstance(value, Array):
        raise InputError(f"metric math needs one time series here, got an array of {len(value.series)}")
    if isinstance(value, list):
        return list(value)
    return [None if isnan(value) else float(value)] * length


def is_scalar(value: Value) -> bool:
    return not isinstance(value, list | Array)


def each(function: Callable[..., float | None], length: int, *values: Value) -> Value:
    """Apply `function` datapoint by datapoint, and series by series where an operand is an array.

    A datapoint that only some of the time series lack is 0 in those ("missing values in a time series are treated as
    0"); where all of them lack it, so does the result.
    """
    if arrays := [value for value in values if isinstance(value, Array)]:
        columns = [value.series if isinstance(value, Array) else [value] * len(arrays[0].series) for value in values]
        if len({len(column) for column in columns}) > 1:
            raise InputError(f"metric math needs arrays of one size, got {[len(array.series) for array in arrays]}")
        rows = zip(*columns, strict=True)
        return Array(tuple(as_points(each(function, length, *row), length) for row in rows))
    if not any(isinstance(value, list) for value in values):
        unknown = any(isnan(value) for value in values if isinstance(value, float))
        answer = None if unknown else function(*values)
        return nan if answer is None else float(answer)
    whole = [as_points(value, length) for value in values]
    # A scalar that is not known counts as a series without datapoints.
    sparse = [points for points, value in zip(whole, values, strict=True) if isinstance(value, list) or None in points]
    there = [any(points[i] is not None for points in sparse) for i in range(length)]
    return [_number(function(*(points[i] or 0.0 for points in whole))) if there[i] else None for i in range(length)]


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
    """Where a condition that is a series holds and the series to take lacks a datapoint, the result is 0."""
    if is_scalar(condition) and is_scalar(yes) and no is not None and is_scalar(no):
        return each(lambda test, a, b: a if test else b, length, condition, yes, no)
    taken = as_points(yes, length)
    if isinstance(condition, list):
        taken = [point or 0.0 for point in taken]
    otherwise = [None] * length if no is None else as_points(no, length)
    chosen = zip(as_points(condition, length), taken, otherwise, strict=True)
    return [None if test is None else a if test else b for test, a, b in chosen]


def _by_series(function: Callable[[Points, int], Points]) -> Callable[..., Value]:
    """A function of a whole time series; of an array, of each."""

    def applied(length: int, period: int, value: Value) -> Value:
        if isinstance(value, Array):
            return Array(tuple(function(points, period) for points in value.series))
        return function(as_points(value, length), period)

    return applied


def _steps(points: Points) -> Points:
    """For each datapoint but the first: how many periods ago the one before it is."""
    known = [i for i, point in enumerate(points) if point is not None]
    gaps: Points = [None] * len(points)
    for before, now in pairwise(known):
        gaps[now] = float(now - before)
    return gaps


def _diff(points: Points, _period: int) -> Points:
    return [
        None if gap is None or point is None else point - (points[i - int(gap)] or 0.0)
        for i, (point, gap) in enumerate(zip(points, _steps(points), strict=True))
    ]


def _rate(points: Points, period: int) -> Points:
    both = zip(_diff(points, period), _steps(points), strict=True)
    return [None if change is None or gap is None else change / (gap * period) for change, gap in both]


def _diff_time(points: Points, period: int) -> Points:
    return [None if gap is None else gap * period for gap in _steps(points)]


def _running_sum(points: Points, _period: int) -> Points:
    sums = accumulate(point or 0.0 for point in points)
    return [None if point is None else total for point, total in zip(points, sums, strict=True)]


def _each(function: Callable[[float], float | None]) -> Callable[..., Value]:
    def applied(length: int, _period: int, value: Value) -> Value:
        return each(function, length, value)

    return applied


def _fold(function: Callable[[list[float]], float], *, zeros: bool = False) -> Callable[..., Value]:
    """Of one time series a scalar; of an array a time series. Missing datapoints are left out, or are 0 in an array."""

    def folded(length: int, _period: int, value: Value) -> Value:
        if not isinstance(value, Array):
            known = [point for point in as_points(value, length) if point is not None]
            return float(function(known)) if known else nan
        rows = zip(*(value.series or ([None] * length,)), strict=True)
        columns = ((len(row), [point for point in row if point is not None]) for row in rows)
        return [
            float(function(known + [0.0] * (width - len(known) if zeros else 0))) if known else None
            for width, known in columns
        ]

    return folded


def _array(value: Value, name: str) -> tuple[Points, ...]:
    if not isinstance(value, Array):
        raise InputError(f"{name} needs an array of time series")
    return value.series


def _first_of(series: tuple[Points, ...], length: int) -> Points:
    return list(series[0]) if series else [None] * length


def _slice(_length: int, _period: int, value: Value, first: Value, end: Value | None = None) -> Value:
    """The time series of an array from number `first` on, the first of all being 0, to the one before `end`."""
    return Array(_array(value, "SLICE")[_number_of_series(first) : None if end is None else _number_of_series(end)])


def _number_of_series(value: Value) -> int:
    if not isinstance(value, float) or isnan(value) or value < 0 or value != int(value):
        raise InputError(f"SLICE needs whole numbers of at least 0 after the array, got {value}")
    return int(value)


def _remove_empty(_length: int, _period: int, value: Value) -> Value:
    """Without the time series that have no datapoint."""
    return Array(tuple(row for row in _array(value, "REMOVE_EMPTY") if any(point is not None for point in row)))


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "ABS": _each(abs),
    "CEIL": _each(ceil),
    "FLOOR": _each(floor),
    "LOG": _each(lambda value: log(value) if value > 0 else None),
    "LOG10": _each(lambda value: log10(value) if value > 0 else None),
    "IF": _if,
    "RATE": _by_series(_rate),
    "DIFF": _by_series(_diff),
    "DIFF_TIME": _by_series(_diff_time),
    "RUNNING_SUM": _by_series(_running_sum),
    "SUM": _fold(sum),
    "AVG": _fold(lambda values: sum(values) / len(values), zeros=True),
    "MIN": _fold(min),
    "MAX": _fold(max),
    "STDDEV": _fold(pstdev, zeros=True),
    "DATAPOINT_COUNT": _fold(len),
    "SLICE": _slice,
    "REMOVE_EMPTY": _remove_empty,
    "METRIC_COUNT": lambda _length, _period, value: float(len(_array(value, "METRIC_COUNT"))),
    "PERIOD": lambda _length, period, _value: float(period),
    "TIME_SERIES": lambda length, _period, value: as_points(value, length),
    "FIRST": lambda length, _period, value: _first_of(_array(value, "FIRST"), length),
    "LAST": lambda length, _period, value: _first_of(_array(value, "LAST")[::-1], length),
}
