"""Outliers of one column each: what lies beyond two limits."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from pipeline_steps.errors import StepError
from pipeline_steps.features.method import Fitted, Mask, Sample, Values
from pipeline_steps.features.outliers.treated import Capped, compressed, imputed

CAP, DROP, IMPUTE, TRANSFORM = "cap", "drop", "impute", "transform"
_TREATMENTS = (CAP, DROP, IMPUTE, TRANSFORM)
_NORMAL_MEDIAN_DEVIATION = 0.6744897501960817
_NORMAL_MEAN_DEVIATION = 0.7978845608028654
"""Median and mean of the absolute deviations of a normal distribution with a standard deviation of 1."""


@dataclass(frozen=True)
class Limits(ABC):
    """A method that finds limits; `treat` says what happens to values beyond them, or to training rows with such."""

    treat: str = CAP

    def __post_init__(self) -> None:
        if self.treat not in _TREATMENTS:
            raise StepError(f"features outliers treat must be one of {', '.join(_TREATMENTS)}, got {self.treat}")

    @property
    def drops_rows(self) -> bool:
        return self.treat == DROP

    def kept(self, sample: Sample) -> Mask:
        """Keep the rows whose every value lies within the limits, or is missing."""
        low, high = self.limits(sample.values)
        beyond = (sample.values < low) | (sample.values > high)
        return np.logical_not(beyond.any(axis=1))

    def fit(self, sample: Sample) -> Fitted:
        """Find the limits."""
        low, high = self.limits(sample.values)
        if self.treat == IMPUTE:
            return imputed(sample, low, high)
        if self.treat == TRANSFORM:
            return compressed(sample, low, high)
        return Capped(sample.features, low, high)

    def limits(self, values: Values) -> tuple[Values, Values]:
        """Find the limits of each column by its known values; infinite ones where none is known."""
        known = (column[~np.isnan(column)] for column in values.T)
        found = [self.limits_of(column) if len(column) else (-np.inf, np.inf) for column in known]
        return np.array([low for low, _ in found]), np.array([high for _, high in found])

    @abstractmethod
    def limits_of(self, known: Values) -> tuple[float, float]:
        """Find the limits of one column."""


@dataclass(frozen=True)
class Iqr(Limits):
    """The box plot's: as many interquartile ranges below the first quartile, and above the third."""

    factor: float = 1.5

    def limits_of(self, known: Values) -> tuple[float, float]:
        first, third = np.quantile(known, [0.25, 0.75])
        reach = self.factor * (third - first)
        return float(first - reach), float(third + reach)


@dataclass(frozen=True)
class ZScore(Limits):
    """As many standard deviations from the mean."""

    factor: float = 3.0

    def limits_of(self, known: Values) -> tuple[float, float]:
        return _around(known, float(known.mean()), self.factor * float(known.std()))


@dataclass(frozen=True)
class RobustZScore(Limits):
    """As many standard deviations from the median, by the median absolute deviation; outliers move neither.

    Where half of the values or more are equal, their median deviation is 0, and the mean one takes its place, as
    Iglewicz and Hoaglin (1993) have it.
    """

    factor: float = 3.5

    def limits_of(self, known: Values) -> tuple[float, float]:
        centre = float(np.median(known))
        deviations = np.abs(known - centre)
        deviation = float(np.median(deviations)) / _NORMAL_MEDIAN_DEVIATION
        deviation = deviation or float(deviations.mean()) / _NORMAL_MEAN_DEVIATION
        return _around(known, centre, self.factor * deviation)


def _around(known: Values, centre: float, reach: float) -> tuple[float, float]:
    """A column of one value has this one as both limits: its mean may be another number by rounding."""
    low, high = float(known.min()), float(known.max())
    return (low, high) if low == high else (centre - reach, centre + reach)
