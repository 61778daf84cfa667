"""The targets of each category, and how alike those of two categories are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, t

from pipeline_steps.features.encoding.code_table import MISSING, all_codes
from pipeline_steps.features.method import Feature, Sample, Values


@dataclass(frozen=True)
class Targets:
    """Rows and targets of some sets of categories.

    Attributes:
        counts: rows of each set.
        sums: of each set the rows of each class, [sets, classes]; of numbers their sum, [sets, 1].
        variance: of numbers within categories; None for classes.
        freedom: the degrees of freedom of the variance.
    """

    counts: Values
    sums: Values
    variance: float | None
    freedom: int

    def pooled(self, sets: Sequence[NDArray[np.int64]]) -> "Targets":
        """Put sets together, by their places."""
        counts = np.array([self.counts[places].sum() for places in sets])
        return replace(self, counts=counts, sums=np.array([self.sums[places].sum(axis=0) for places in sets]))

    def joined(self, one: int, other: int) -> "Targets":
        """Add one set to another, whose place it leaves."""
        counts, sums = self.counts.copy(), self.sums.copy()
        counts[one] += counts[other]
        sums[one] += sums[other]
        return replace(self, counts=np.delete(counts, other), sums=np.delete(sums, other, axis=0))

    def likeness(self, count: float, total: Values) -> Values:
        """Give the logarithm of the p-value that a set of rows has the targets of each of these sets.

        Classes by the chi-squared test, numbers by Student's t test with the variance within all categories.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.variance is None:
                both = self.sums + total
                terms = (self.sums * count - np.outer(self.counts, total)) ** 2 / both
                statistic = np.nansum(terms, axis=1) / (self.counts * count)
                freedom = np.maximum((both > 0).sum(axis=1) - 1, 1)
                found = chi2.logsf(statistic, freedom)
            else:
                differences = np.abs(self.sums[:, 0] / self.counts - total[0] / count)
                errors = np.sqrt(self.variance * (1 / self.counts + 1 / count))
                ratios = np.where(differences == 0, 0.0, differences / errors)
                found = np.log(2) + t.logsf(ratios, self.freedom)
        return np.where(np.isnan(found), -np.inf, found)


def targets_of(sample: Sample, codes: Values, feature: Feature) -> Targets:
    """Count rows and targets of each code of a column, the missing one first."""
    places = (np.clip(codes, MISSING, len(feature.labels) - 1) - MISSING).astype(np.int64)
    size = len(all_codes(feature))
    counts = np.bincount(places, minlength=size).astype(np.float64)
    if sample.likelihood == "normal":
        sums = np.bincount(places, weights=sample.target, minlength=size).astype(np.float64)
        means = sums / np.maximum(counts, 1)
        freedom = max(len(codes) - int((counts > 0).sum()), 1)
        variance = float(((sample.target - means[places]) ** 2).sum() / freedom)
        return Targets(counts, sums[:, np.newaxis], variance, freedom)
    classes = np.zeros((size, max(sample.classes, int(sample.target.max()) + 1)))
    np.add.at(classes, (places, sample.target.astype(np.int64)), 1)
    return Targets(counts, classes, None, 0)
