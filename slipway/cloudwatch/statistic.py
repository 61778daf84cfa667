"""Samples of one period → the statistic an alarm watches."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import ceil, inf
from typing import Any

from slipway.cloudwatch.trimmed import Trim, trim
from slipway.errors import InputError

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")


@dataclass(frozen=True)
class Samples:
    """What was published for one metric in one period."""

    count: float = 0.0
    total: float = 0.0
    minimum: float = inf
    maximum: float = -inf
    values: tuple[tuple[float, float], ...] | None = ()
    """(value, how often); None once a statistic set, which holds no values, is among them."""

    def __add__(self, other: "Samples") -> "Samples":
        return together((self, other))


def together(parts: Sequence[Samples]) -> Samples:
    """All of `parts`, of which there is at least one."""
    valued = [part.values for part in parts if part.values is not None]
    return Samples(
        sum(part.count for part in parts),
        sum(part.total for part in parts),
        min(part.minimum for part in parts),
        max(part.maximum for part in parts),
        tuple(chain.from_iterable(valued)) if len(valued) == len(parts) else None,
    )


def samples_of(datum: Mapping[str, Any]) -> Samples:
    """The samples in one MetricDatum: a Value, Values with Counts, or StatisticValues."""
    if stats := datum.get("StatisticValues"):
        count, total, low, high = (float(stats[key]) for key in ("SampleCount", "Sum", "Minimum", "Maximum"))
        return Samples(count, total, low, high, ((low, count),) if low == high else None)
    values = [float(v) for v in datum["Values"]] if datum.get("Values") else [float(datum["Value"])]
    counts = [float(c) for c in datum.get("Counts") or ()] or [1.0] * len(values)
    pairs = tuple(zip(values, counts, strict=True))
    return Samples(sum(counts), sum(v * c for v, c in pairs), min(values), max(values), pairs)


def statistic(name: str, samples: Samples | None) -> float | None:
    """`name` of one period's samples, None without any: Average, Sum, Minimum, Maximum, SampleCount, pNN, TM(a:b), …

    Percentiles and trimmed statistics need the values themselves: a statistic set has none, unless it is of one value,
    and gives None, as do negative values.

    Raises:
        InputError: there is no such statistic.
    """
    chosen = _chosen(name)
    if samples is None or samples.count == 0:
        return None
    if not isinstance(chosen, Trim):
        return chosen(samples)
    return None if samples.values is None else chosen(samples.values)


def check_statistic(name: str) -> None:
    """Raise InputError when CloudWatch has no statistic `name`."""
    _chosen(name)


def _chosen(name: str) -> Trim | Callable[[Samples], float]:
    if name in _STATISTICS:
        return _STATISTICS[name]
    found = trim(name)
    if found is None:
        ranges = "pNN, IQM, or TM, WM, TC, TS or PR of a range"
        raise InputError(f"statistic must be one of {', '.join(_STATISTICS)}, {ranges}, got {name}")
    return found


_STATISTICS: dict[str, Callable[[Samples], float]] = {
    "Average": lambda samples: samples.total / samples.count,
    "Sum": lambda samples: samples.total,
    "Minimum": lambda samples: samples.minimum,
    "Maximum": lambda samples: samples.maximum,
    "SampleCount": lambda samples: samples.count,
}


def percentile_share(name: str) -> float:
    """0.9 of "p90"; 0 of what is no percentile."""
    found = _PERCENTILE.fullmatch(name)
    return float(found[1]) / 100 if found else 0.0


def needed_samples(name: str) -> int:
    """Samples below which CloudWatch calls a percentile's data low: 10/(1-p), under the median 10/p."""
    share = percentile_share(name)
    if share == 0 or share >= 1:
        return 0
    # rounded first: in binary, 10 / (1 - 0.999) is a hair above 10,000
    return ceil(round(10 / (1 - share if share >= 0.5 else share), 6))
