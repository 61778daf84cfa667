"""Statistics that need the values themselves: percentiles and the trimmed family of CloudWatch.

Source: "CloudWatch statistics definitions" in the CloudWatch user guide. A range of values excludes its lower and
includes its upper boundary; a range of percentages keeps whole samples, and drops fewer rather than more.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, inf

from slipway.errors import InputError

_NUMBER = r"\d+(?:\.\d{1,10})?"
_ONE = re.compile(rf"(p|tm|wm|tc|ts)({_NUMBER})")
_TWO = re.compile(rf"(TM|WM|TC|TS|PR)\((?:({_NUMBER})(%?))?:(?:({_NUMBER})(%?))?\)")
_HAIR = 1e-9
"""A share of a whole number of samples is a whole number too, but for its binary representation."""

Weighted = Sequence[tuple[float, float]]
"""(value, how often)."""


@dataclass(frozen=True)
class Trim:
    """One statistic: which of the samples it takes, and what it makes of them."""

    kind: str
    low: float = -inf
    high: float = inf
    percent: bool = False

    def __call__(self, values: Weighted) -> float | None:
        """The statistic of `values`; None where CloudWatch has none: no value is left, or one is negative."""
        ordered = sorted(values)
        if not ordered or ordered[0][0] < 0:
            return None
        count = sum(often for _, often in ordered)
        if self.kind == "P":
            return _at(ordered, ceil(self.high / 100 * count - _HAIR))
        kept = _winsorized(self, ordered, count) if self.kind == "WM" else _kept(self, ordered, count)
        return _MADE[self.kind](kept, count)


def trim(name: str) -> Trim | None:
    """What `name` stands for: pNN, tmNN, TM(a:b), TM(a%:b%), PR(a:b), IQM, …; None where it is no such statistic.

    Raises:
        InputError: it begins like one and is none.
    """
    if name == "IQM":
        return Trim("TM", 25.0, 75.0, percent=True)
    if one := _ONE.fullmatch(name):
        found = Trim(one[1].upper(), 0.0, float(one[2]), percent=True)
    elif two := _TWO.fullmatch(name):
        found = _range(name, two)
    else:
        return None
    if found.percent and max(found.high, found.low) > 100:
        raise InputError(f"statistic must have percentages in 0..100, got {name}")
    if found.low > found.high:
        raise InputError(f"statistic must have its lower boundary first, got {name}")
    return found


def _range(name: str, match: re.Match[str]) -> Trim:
    kind, low, low_sign, high, high_sign = match.groups()
    if low is None and high is None:
        raise InputError(f"statistic must have one boundary or two, got {name}")
    signs = {sign for number, sign in ((low, low_sign), (high, high_sign)) if number is not None}
    if len(signs) > 1:
        raise InputError(f"statistic must have two percentages or two values, got {name}")
    percent = signs == {"%"}
    if percent and kind == "PR":
        raise InputError(f"statistic PR must have values for boundaries, got {name}")
    first, last = (0.0, 100.0) if percent else (-inf, inf)
    return Trim(kind, first if low is None else float(low), last if high is None else float(high), percent=percent)


def _ranks(rule: Trim, count: float) -> tuple[float, float]:
    """How many of the lowest samples are dropped, and up to which rank they are kept."""
    return floor(rule.low / 100 * count + _HAIR), ceil(rule.high / 100 * count - _HAIR)


def _kept(rule: Trim, ordered: Weighted, count: float) -> Weighted:
    if not rule.percent:
        return [(value, often) for value, often in ordered if rule.low < value <= rule.high]
    first, last = _ranks(rule, count)
    kept, seen = [], 0.0
    for value, often in ordered:
        within = min(seen + often, last) - max(seen, first)
        seen += often
        if within > 0:
            kept.append((value, within))
    return kept


def _winsorized(rule: Trim, ordered: Weighted, count: float) -> Weighted:
    """Every sample, those outside moved to the boundary."""
    if not rule.percent:
        return [(min(max(value, rule.low), rule.high), often) for value, often in ordered]
    first, last = _ranks(rule, count)
    low, high = _at(ordered, first + 1), _at(ordered, last)
    return [(min(max(value, low), high), often) for value, often in ordered]


def _at(ordered: Weighted, rank: float) -> float:
    """The value at `rank`, counted from 1: the nearest-rank percentile."""
    seen = 0.0
    for value, often in ordered:
        seen += often
        if seen >= rank:
            return value
    return ordered[-1][0]


def _count(kept: Weighted) -> float:
    return float(sum(often for _, often in kept))


def _sum(kept: Weighted) -> float:
    return float(sum(value * often for value, often in kept))


def _mean(kept: Weighted, _count_of_all: float) -> float | None:
    return _sum(kept) / _count(kept) if kept else None


_MADE: dict[str, Callable[[Weighted, float], float | None]] = {
    "TM": _mean,
    "WM": _mean,
    "TC": lambda kept, _: _count(kept),
    "TS": lambda kept, _: _sum(kept),
    "PR": lambda kept, count: 100 * _count(kept) / count,
}
