"""A number for each column stands in the place of its missing values."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from pipeline_steps.features.fitted import Unchanged
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
class Statistic(ABC):
    """A number that is learnt of each column's known values; 0 where there is none."""

    def fit(self, sample: Sample) -> Filled:
        """Learn the numbers."""
        known = (column[~np.isnan(column)] for column in sample.values.T)
        return Filled(sample.features, np.array([self.number_of(column) if len(column) else 0.0 for column in known]))

    @abstractmethod
    def number_of(self, known: Values) -> float:
        """Find the number of one column."""


@dataclass(frozen=True)
class Median(Statistic):
    """The median of the training rows."""

    def number_of(self, known: Values) -> float:
        return float(np.median(known))


@dataclass(frozen=True)
class Mean(Statistic):
    """The mean of the training rows."""

    def number_of(self, known: Values) -> float:
        return float(known.mean())


@dataclass(frozen=True)
class MostFrequent(Statistic):
    """The value that most training rows have; of several the least one, as scikit-learn has it."""

    def number_of(self, known: Values) -> float:
        values, counts = np.unique(known, return_counts=True)
        return float(values[np.argmax(counts)])


@dataclass(frozen=True)
class Constant:
    """One number for all."""

    value: float = 0.0

    def fit(self, sample: Sample) -> Filled:
        """Take the number."""
        return Filled(sample.features, np.full(len(sample.features), float(self.value)))


@dataclass(frozen=True)
class Native:
    """Missing values stay; the settings refuse it with an algorithm that takes none."""

    def fit(self, sample: Sample) -> Unchanged:
        """Nothing is learnt."""
        return Unchanged(sample.features)
