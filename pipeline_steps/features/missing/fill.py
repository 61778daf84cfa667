"""A number for each column stands in the place of its missing values."""

from dataclasses import dataclass

import numpy as np

from pipeline_steps.features.method import Feature, Sample, Values
from pipeline_steps.graphs.writer import GraphWriter


@dataclass(frozen=True)
class Filled:
    """Columns with the number that each gets where it is missing."""

    features: tuple[Feature, ...]
    numbers: Values

    def transform(self, values: Values) -> Values:
        """Fill rows."""
        return np.where(np.isnan(values), self.numbers, values)

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add the nodes."""
        return graph.node("Where", graph.node("IsNaN", block), graph.doubles(self.numbers), block)


@dataclass(frozen=True)
class Median:
    """The median of the training rows; 0 where these have none."""

    def fit(self, sample: Sample) -> Filled:
        """Learn the medians."""
        known = (column[~np.isnan(column)] for column in sample.values.T)
        return Filled(sample.features, np.array([np.median(column) if len(column) else 0.0 for column in known]))


@dataclass(frozen=True)
class Constant:
    """One number for all."""

    value: float = 0.0

    def fit(self, sample: Sample) -> Filled:
        """Take the number."""
        return Filled(sample.features, np.full(len(sample.features), float(self.value)))
