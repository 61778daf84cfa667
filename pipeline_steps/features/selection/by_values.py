"""The columns that say something that no other says; the target does not matter."""

from dataclasses import dataclass

import numpy as np
from sklearn.feature_selection import VarianceThreshold

from pipeline_steps.features.method import Sample
from pipeline_steps.features.selection.selected import Selected, filled, selected


@dataclass(frozen=True)
class Variance:
    """Columns whose variance is greater than `above`: with 0 those that have more than one value."""

    above: float = 0.0

    def fit(self, sample: Sample) -> Selected:
        """Learn the variances."""
        values = filled(sample.values)
        kept = np.zeros(values.shape[1], np.bool_)
        if (values.var(axis=0) > self.above).any():  # scikit-learn refuses to keep none
            kept = VarianceThreshold(self.above).fit(values).get_support()
        return selected(sample, kept, f"variance above {self.above:g}")


@dataclass(frozen=True)
class Correlation:
    """Of columns whose correlation is `above` in either direction, the first one."""

    above: float = 0.95

    def fit(self, sample: Sample) -> Selected:
        """Learn the correlations."""
        values = filled(sample.values)
        deviations = values.std(axis=0)
        centred = (values - values.mean(axis=0)) / np.where(deviations > 0, deviations, 1.0)
        correlations = np.abs(centred.T @ centred) / len(values)
        kept = np.ones(len(correlations), np.bool_)
        for place in range(1, len(correlations)):
            earlier = kept[:place]
            kept[place] = not (correlations[place, :place][earlier] > self.above).any()
        return selected(sample, kept, f"correlation above {self.above:g}")
