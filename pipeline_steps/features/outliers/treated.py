"""What happens to values beyond two limits."""

from dataclasses import dataclass

import numpy as np

from pipeline_steps.features.method import Feature, Sample, Values
from pipeline_steps.features.transforms.applied import with_trend
from pipeline_steps.graphs.writer import GraphWriter


@dataclass(frozen=True)
class Capped:
    """Columns with the least and the greatest value of each; what is missing stays missing."""

    features: tuple[Feature, ...]
    low: Values
    high: Values

    def transform(self, values: Values) -> Values:
        """Cap rows."""
        return np.minimum(np.maximum(values, self.low), self.high)

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add the nodes."""
        return graph.node("Min", graph.node("Max", block, graph.doubles(self.low)), graph.doubles(self.high))


@dataclass(frozen=True)
class Imputed:
    """A number of each column stands in the place of what lies beyond its limits."""

    features: tuple[Feature, ...]
    low: Values
    high: Values
    numbers: Values

    def transform(self, values: Values) -> Values:
        """Impute in rows."""
        return np.where((values < self.low) | (values > self.high), self.numbers, values)

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add the nodes."""
        below = graph.node("Less", block, graph.doubles(self.low))
        above = graph.node("Greater", block, graph.doubles(self.high))
        return graph.node("Where", graph.node("Or", below, above), graph.doubles(self.numbers), block)


def imputed(sample: Sample, low: Values, high: Values) -> Imputed:
    """Learn the median of the values within the limits; it neither grows nor falls with the column."""
    within = np.where((sample.values < low) | (sample.values > high), np.nan, sample.values)
    known = (column[~np.isnan(column)] for column in within.T)
    medians = np.array([np.median(column) if len(column) else 0.0 for column in known])
    return Imputed(with_trend(sample.features, 0), low, high, medians)


@dataclass(frozen=True)
class Compressed:
    """Beyond its limits a column grows by the logarithm of the distance: unit log(1 + distance / unit)."""

    features: tuple[Feature, ...]
    low: Values
    high: Values
    units: Values

    def transform(self, values: Values) -> Values:
        """Compress rows."""
        inside = np.minimum(np.maximum(values, self.low), self.high)
        distance = values - inside
        return inside + np.sign(distance) * self.units * np.log(1 + np.abs(distance) / self.units)

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add the nodes."""
        inside = Capped(self.features, self.low, self.high).write(graph, block)
        distance = graph.node("Sub", block, inside)
        units = graph.doubles(self.units)
        share = graph.node("Div", graph.node("Abs", distance), units)
        logarithm = graph.node("Log", graph.node("Add", share, graph.doubles(1.0)))
        grown = graph.node("Mul", graph.node("Mul", graph.node("Sign", distance), units), logarithm)
        return graph.node("Add", inside, grown)


def compressed(sample: Sample, low: Values, high: Values) -> Compressed:
    """Take half the width between the limits as the unit of each column; 1 where they are equal or infinite."""
    width = high - low
    return Compressed(sample.features, low, high, np.where(np.isfinite(width) & (width > 0), width / 2, 1.0))
