"""The mean target of each category."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import TargetEncoder

from pipeline_steps.errors import StepError
from pipeline_steps.features.encoding.code_table import CodeTable, all_codes, code_table, present
from pipeline_steps.features.method import Feature, Sample, Values

_KINDS = {"bernoulli": "binary", "categorical": "multiclass", "normal": "continuous"}
_FEWEST_CLASSES = 3


@dataclass(frozen=True)
class Target:
    """The mean, or each class's share, drawn to the average where rows are few; training rows get it of other rows."""

    folds: int = 5

    def cross_fit(self, sample: Sample) -> tuple[CodeTable, Values]:
        """Learn the means of all training rows, and give each of these rows the mean of the other folds."""
        encoder = self._encoder(sample)
        target = sample.target if sample.likelihood == "normal" else sample.target.astype(np.int64)
        training: Values = encoder.fit_transform(present(sample.values), target)
        classes = len(encoder.classes_) if encoder.target_type_ == "multiclass" else 1
        tables = [_table(encoder, sample, place, classes) for place in range(len(sample.features))]
        features = tuple(made for feature in sample.features for made in _features(feature, classes))
        return code_table(sample, features, tables), training

    def _encoder(self, sample: Sample) -> Any:
        if sample.likelihood == "none":
            raise StepError("features.categories.encode must be one_hot or none where nothing is predicted, got target")
        kind = _KINDS[sample.likelihood]
        if kind == "multiclass" and len(np.unique(sample.target)) < _FEWEST_CLASSES:
            kind = "binary"
        # of a class with fewer rows than folds some folds have none
        rarest = self.folds - 1 if kind == "continuous" else np.unique(sample.target, return_counts=True)[1].min()
        kfold = StratifiedKFold if rarest >= self.folds else KFold
        return TargetEncoder(target_type=kind, cv=kfold(self.folds, shuffle=True, random_state=sample.seed))


def _features(feature: Feature, classes: int) -> list[Feature]:
    one = replace(feature, name=f"{feature.name}: mean target", labels=(), is_category=False, trend=0)
    if classes == 1:
        return [one]
    return [replace(one, name=f"{feature.name}: share of class {place}") for place in range(classes)]


def _table(encoder: Any, sample: Sample, place: int, classes: int) -> Values:
    """Give the numbers of each code of one column."""
    codes = all_codes(sample.features[place])
    rows = np.full((len(codes), len(sample.features)), np.nan)
    rows[:, place] = codes
    known = np.where(np.isnan(rows), [found[0] for found in encoder.categories_], rows)
    numbers: Values = encoder.transform(known)[:, place * classes : (place + 1) * classes]
    return numbers
