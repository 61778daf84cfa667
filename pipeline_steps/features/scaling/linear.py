"""One number subtracted from each column, and another that it is divided by."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from pipeline_steps.features.fitted import Unchanged
from pipeline_steps.features.method import Feature, Sample, Values
from pipeline_steps.graphs.writer import GraphWriter


@dataclass(frozen=True)
class Scaled:
    """Columns with the centre and the scale of each."""

    features: tuple[Feature, ...]
    centres: Values
    scales: Values

    def transform(self, values: Values) -> Values:
        """Scale rows."""
        return (values - self.centres) / self.scales

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add the nodes."""
        return graph.node("Div", graph.node("Sub", block, graph.doubles(self.centres)), graph.doubles(self.scales))


def scaled(sample: Sample, centres: Values, scales: Values) -> Scaled:
    """Scale columns by what was learnt; algorithms do not standardise them again."""
    known = np.nan_to_num(centres)  # of a column without a known value
    return Scaled(ready(sample.features), known, np.where(np.isfinite(scales) & (scales > 0), scales, 1.0))


def ready(features: tuple[Feature, ...]) -> tuple[Feature, ...]:
    """Describe columns that algorithms take as they are."""
    return tuple(replace(feature, is_ready=True) for feature in features)


@dataclass(frozen=True)
class Standard:
    """A mean of 0 and a standard deviation of 1."""

    def fit(self, sample: Sample) -> Scaled:
        """Learn means and deviations."""
        found = StandardScaler().fit(sample.values)
        return scaled(sample, found.mean_, found.scale_)


@dataclass(frozen=True)
class MinMax:
    """The training rows' least value becomes 0, and their greatest 1."""

    def fit(self, sample: Sample) -> Scaled:
        """Learn the ranges."""
        found = MinMaxScaler().fit(sample.values)
        return scaled(sample, found.data_min_, found.data_range_)


@dataclass(frozen=True)
class MaxAbs:
    """The training rows' value farthest from 0 becomes 1 or -1; 0 stays 0."""

    def fit(self, sample: Sample) -> Scaled:
        """Learn the sizes."""
        found = MaxAbsScaler().fit(sample.values)
        return scaled(sample, np.zeros(len(sample.features)), found.max_abs_)


@dataclass(frozen=True)
class Robust:
    """The median becomes 0, and the range of the middle rows 1: outliers do not move either."""

    middle_percent: float = 50.0

    def fit(self, sample: Sample) -> Scaled:
        """Learn medians and ranges."""
        apart = (100 - self.middle_percent) / 2
        found = RobustScaler(quantile_range=(apart, 100 - apart)).fit(_with_values(sample.values))
        return scaled(sample, found.center_, found.scale_)


def _with_values(values: Values) -> Values:
    """Put 0 into columns without a known value, which have no quantiles."""
    return np.where(np.isnan(values).all(axis=0), 0.0, values)


@dataclass(frozen=True)
class Unscaled:
    """Numbers stay as they are, in linear models and neural networks too, which else standardise them."""

    def fit(self, sample: Sample) -> Unchanged:
        """Nothing is learnt."""
        return Unchanged(ready(sample.features))
