"""The mean target of each category."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.preprocessing import TargetEncoder

from pipeline_steps.features.encoding.code_table import CodeTable, all_codes, code_table, present
from pipeline_steps.features.encoding.out_of_fold import folds_of, refuse_without_target
from pipeline_steps.features.method import Feature, Sample, Values

_KINDS = {"bernoulli": "binary", "categorical": "multiclass", "normal": "continuous"}
_FEWEST_CLASSES = 3


@dataclass(frozen=True)
class Target:
    """The mean, or each class's share, drawn to the average where rows are few; training rows get it of other rows."""

    folds: int = 5

    def cross_fit(self, sample: Sample) -> tuple[CodeTable, Values]:
        """Learn the means of all training rows, and give each of these rows the mean of the other folds."""
        refuse_without_target(sample, "target")
        encoder = _encoder(sample, self.folds)
        training: Values = encoder.fit_transform(present(sample.values), _target(sample))
        classes = len(encoder.classes_) if encoder.target_type_ == "multiclass" else 1
        tables = [_table(encoder, sample, place, classes) for place in range(len(sample.features))]
        features = tuple(made for feature in sample.features for made in _features(feature, classes))
        return code_table(sample, features, tables), training


def mean_targets(sample: Sample) -> list[Values]:
    """Give for each column the mean target of each code, [codes, 1], of a target that is a number or of two classes."""
    encoder = _encoder(sample, 2).fit(present(sample.values), _target(sample))
    return [_table(encoder, sample, place, 1) for place in range(len(sample.features))]


def _target(sample: Sample) -> Any:
    return sample.target if sample.likelihood == "normal" else sample.target.astype(np.int64)


def _encoder(sample: Sample, folds: int) -> Any:
    kind = _KINDS[sample.likelihood]
    if kind == "multiclass" and len(np.unique(sample.target)) < _FEWEST_CLASSES:
        kind = "binary"
    return TargetEncoder(target_type=kind, cv=folds_of(sample, folds))


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
