"""A function of each column, with the domain that training rows must lie in and that requests are brought into."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from pipeline_steps.errors import DataError
from pipeline_steps.features.method import Feature, Mask, Sample, Trend, Values
from pipeline_steps.graphs.writer import GraphWriter


@dataclass(frozen=True)
class Applied:
    """A function in numpy and as nodes, of values that are brought between two limits first; NaN stays."""

    features: tuple[Feature, ...]
    low: Values
    high: Values
    calculate: Callable[[Values], Values]
    add_nodes: Callable[[GraphWriter, str], str]

    def transform(self, values: Values) -> Values:
        """Apply the function."""
        with np.errstate(all="ignore"):
            return self.calculate(np.minimum(np.maximum(values, self.low), self.high))

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add the nodes."""
        if np.isfinite(self.low).any():
            block = graph.node("Max", block, graph.doubles(self.low))
        if np.isfinite(self.high).any():
            block = graph.node("Min", block, graph.doubles(self.high))
        return self.add_nodes(graph, block)


@dataclass(frozen=True)
class Domain:
    """The values that a function is defined for.

    Attributes:
        low: the least value, or where it is `open` what all are above.
        high: the greatest value: its result is the largest that a model takes.
    """

    low: float = -np.inf
    high: float = np.inf
    open: bool = False

    def __str__(self) -> str:
        if np.isfinite([self.low, self.high]).all():
            return f"in {self.low:g}..{self.high:g}"
        if np.isfinite(self.high):
            return f"of at most {self.high:g}"
        return f"above {self.low:g}" if self.open else f"of {self.low:g} or more"

    def has(self, values: Values) -> Mask:
        """Say which values it has; missing ones are in it."""
        below = values <= self.low if self.open else values < self.low
        return np.logical_not(below | (values > self.high))

    def limits(self, values: Values) -> tuple[Values, Values]:
        """Give what requests are capped to: its ends, or the training rows' least value, where it is above its end."""
        low = least(values) if self.open else np.full(values.shape[1], self.low)
        return low, np.full(values.shape[1], self.high)


def least(values: Values) -> Values:
    """Give each column's least known value; 1 where there is none."""
    found: Values = np.fmin.reduce(values, axis=0)
    return np.where(np.isnan(found), 1.0, found)


def refuse_outside(sample: Sample, inside: Mask, *, method: str, allowed: object) -> None:
    """Refuse training rows that a function gives no number for.

    Raises:
        DataError: there is one; the text names column and value.
    """
    if inside.all():
        return
    row, place = np.argwhere(~inside)[0]
    raise DataError(
        f"features: transform {method} must have values {allowed} in training, got {sample.values[row, place]:g} "
        f"in column {sample.features[place].name}: choose another method for it by [[features.rules]]"
    )


def applied(
    sample: Sample,
    method: str,
    domain: Domain,
    calculate: Callable[[Values], Values],
    add_nodes: Callable[[GraphWriter, str], str],
    *,
    trend: Trend = 1,
) -> Applied:
    """Fit a function to training rows, all of which must lie in its domain."""
    refuse_outside(sample, domain.has(sample.values), method=method, allowed=domain)
    return Applied(with_trend(sample.features, trend), *domain.limits(sample.values), calculate, add_nodes)


def with_trend(features: tuple[Feature, ...], trend: Trend) -> tuple[Feature, ...]:
    """Describe what a function makes of columns: it grows with them, falls, or neither."""
    return tuple(
        feature if feature.trend is None else replace(feature, trend=_product(feature.trend, trend))
        for feature in features
    )


def _product(one: Trend, other: Trend) -> Trend:
    if 0 in (one, other):
        return 0
    return 1 if one == other else -1
