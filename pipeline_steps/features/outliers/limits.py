"""Outliers of one column each: what lies beyond two limits."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from pipeline_steps.features.method import Feature, Mask, Sample, Values
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
class Limits(ABC):
    """A method that finds limits; `treat` is `cap` or `drop`, of training rows with a value beyond them."""

    treat: str = "cap"

    @property
    def drops_rows(self) -> bool:
        return self.treat == "drop"

    def kept(self, sample: Sample) -> Mask:
        """Keep the rows whose every value lies within the limits, or is missing."""
        low, high = self.limits(sample.values)
        beyond = (sample.values < low) | (sample.values > high)
        return np.logical_not(beyond.any(axis=1))

    def fit(self, sample: Sample) -> Capped:
        """Find the limits to cap at."""
        return Capped(sample.features, *self.limits(sample.values))

    @abstractmethod
    def limits(self, values: Values) -> tuple[Values, Values]:
        """Find the limits of each column by its known values; infinite ones where none is known."""


@dataclass(frozen=True)
class Iqr(Limits):
    """The box plot's: as many interquartile ranges below the first quartile, and above the third."""

    factor: float = 1.5

    def limits(self, values: Values) -> tuple[Values, Values]:
        low, high = [], []
        for column in values.T:
            known = column[~np.isnan(column)]
            first, third = np.quantile(known, [0.25, 0.75]) if len(known) else (-np.inf, np.inf)
            reach = self.factor * (third - first) if len(known) else 0.0
            low.append(first - reach)
            high.append(third + reach)
        return np.array(low), np.array(high)
