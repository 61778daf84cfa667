"""Training rows that are far from the others in several columns at once; they can only be left out.

A detector is no part of the graph: a request's row always gets an answer.
"""

import math
import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pipeline_steps.errors import DataError, StepError
from pipeline_steps.features.fitted import Unchanged
from pipeline_steps.features.method import Mask, Sample, Values

_DROP = "drop"
_MOST_PAIRED_ROWS = 20_000


@dataclass(frozen=True)
class RowDetector(ABC):
    """A detector of rows, by all columns that have it with the same options.

    Columns are standardised; a missing value counts as the median.
    """

    name: ClassVar[str]
    most_rows: ClassVar[int | None] = None
    """Rows that it takes, where time or memory grows with their square."""

    treat: str = _DROP

    def __post_init__(self) -> None:
        if self.treat != _DROP:
            raise StepError(
                f"features outliers treat must be {_DROP} with {self.name}, whose outliers are rows and not values, "
                f"got {self.treat}"
            )

    @property
    def drops_rows(self) -> bool:
        return True

    def kept(self, sample: Sample) -> Mask:
        """Keep the rows that are no outliers."""
        rows = len(sample.values)
        if self.most_rows and rows > self.most_rows:
            raise DataError(
                f"features: outliers {self.name} must have at most {self.most_rows} training rows, which it compares "
                f"with each other, got {rows}: use isolation_forest"
            )
        values = _standardised(sample.values)
        if not values.shape[1]:
            return np.ones(rows, np.bool_)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                return self.inliers(values, sample.seed)
            except (
                UserWarning,
                RuntimeWarning,
                ValueError,
            ) as exc:  # scikit-learn's, of columns that say the same or of equal rows
                reason = str(exc).splitlines()[0].partition(";")[0].rstrip(".")
                raise DataError(
                    f"features: outliers {self.name} must have rows that it can compare, got {rows} of "
                    f"{values.shape[1]} columns: {reason}; use isolation_forest, or name fewer columns"
                ) from exc

    def fit(self, sample: Sample) -> Unchanged:
        """Nothing stays in the graph."""
        return Unchanged(sample.features)

    @abstractmethod
    def inliers(self, values: Values, seed: int) -> Mask:
        """Find the rows that are no outliers."""


def _standardised(values: Values) -> Values:
    known = values[:, ~np.isnan(values).all(axis=0)]
    filled = np.where(np.isnan(known), np.nanmedian(known, axis=0) if known.size else 0.0, known)
    varied = filled[:, filled.min(axis=0) < filled.max(axis=0)]
    standardised: Values = (varied - varied.mean(axis=0)) / varied.std(axis=0)
    return standardised


@dataclass(frozen=True)
class DbscanRows(RowDetector):
    """Rows that have too few others near them, and are near none that has enough."""

    name = "dbscan"
    most_rows = _MOST_PAIRED_ROWS

    radius: float = 1.0
    neighbors: int = 5

    def inliers(self, values: Values, seed: int) -> Mask:  # noqa: ARG002 (nothing is drawn)
        """A column's part of the radius does not depend on the number of columns."""
        from sklearn.cluster import DBSCAN  # noqa: PLC0415 (0.5 s in all, and only here)

        reach = self.radius * math.sqrt(values.shape[1])
        found: Mask = DBSCAN(eps=reach, min_samples=self.neighbors).fit(values).labels_ != -1
        return found


@dataclass(frozen=True)
class IsolationForestRows(RowDetector):
    """The share of the rows that random splits isolate soonest."""

    name = "isolation_forest"

    share: float = 0.01

    def inliers(self, values: Values, seed: int) -> Mask:
        from sklearn.ensemble import IsolationForest  # noqa: PLC0415 (as above)

        return _within(IsolationForest(contamination=self.share, random_state=seed), values)


@dataclass(frozen=True)
class LocalOutlierFactorRows(RowDetector):
    """The share of the rows whose neighborhood is sparsest beside those of their neighbors."""

    name = "local_outlier_factor"

    share: float = 0.01
    neighbors: int = 20

    def inliers(self, values: Values, seed: int) -> Mask:  # noqa: ARG002 (nothing is drawn)
        from sklearn.neighbors import LocalOutlierFactor  # noqa: PLC0415 (as above)

        detector = LocalOutlierFactor(min(self.neighbors, len(values) - 1), contamination=self.share)
        return _within(detector, values)


@dataclass(frozen=True)
class EllipticEnvelopeRows(RowDetector):
    """The share of the rows that are farthest from the others by a robust covariance: of one normal distribution."""

    name = "elliptic_envelope"

    share: float = 0.01

    def inliers(self, values: Values, seed: int) -> Mask:
        from sklearn.covariance import EllipticEnvelope  # noqa: PLC0415 (as above)

        return _within(EllipticEnvelope(contamination=self.share, random_state=seed), values)


@dataclass(frozen=True)
class OneClassSvmRows(RowDetector):
    """The share of the rows, more or less, outside of a boundary around the others."""

    name = "one_class_svm"
    most_rows = _MOST_PAIRED_ROWS

    share: float = 0.01

    def inliers(self, values: Values, seed: int) -> Mask:  # noqa: ARG002 (nothing is drawn)
        from sklearn.svm import OneClassSVM  # noqa: PLC0415 (as above)

        return _within(OneClassSVM(nu=self.share), values)


def _within(detector: Any, values: Values) -> Mask:
    """The rows that scikit-learn's detector calls inliers: 1, where outliers are -1."""
    found: Mask = detector.fit_predict(values) > 0
    return found
