"""Functions that learn nothing; training refuses a column with values that they give no number for."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from pipeline_steps.features.method import Feature, Sample, Trend, Values
from pipeline_steps.graphs.writer import GraphWriter


@dataclass(frozen=True)
class Applied:
    """A function in numpy and as nodes; it gives NaN, which is missing, where it is not defined."""

    features: tuple[Feature, ...]
    calculate: Callable[[Values], Values]
    add_nodes: Callable[[GraphWriter, str], str]

    def transform(self, values: Values) -> Values:
        """Apply the function."""
        with np.errstate(all="ignore"):
            return self.calculate(values)

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add the nodes."""
        return self.add_nodes(graph, block)


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


@dataclass(frozen=True)
class Log1p:
    """The logarithm of 1 + x: for amounts and counts, 0 included."""

    def fit(self, sample: Sample) -> Applied:
        """Nothing is learnt."""
        return Applied(sample.features, _log1p, _write_log1p)


def _log1p(values: Values) -> Values:
    logarithms: Values = np.log(1 + values)
    return logarithms


def _write_log1p(graph: GraphWriter, block: str) -> str:
    return graph.node("Log", graph.node("Add", block, graph.doubles(1.0)))
