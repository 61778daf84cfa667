"""What a training row gets is learnt from other rows."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold

from pipeline_steps.errors import StepError
from pipeline_steps.features.method import Fitted, Sample, Values


def folds_of(sample: Sample, folds: int) -> Any:
    """Choose how rows are divided: by class, unless a class has fewer rows than there are folds."""
    is_number = sample.likelihood == "normal"
    rarest = 0 if is_number else np.unique(sample.target, return_counts=True)[1].min()
    kfold = StratifiedKFold if rarest >= folds else KFold
    return kfold(folds, shuffle=True, random_state=sample.seed)


def from_other_rows(sample: Sample, folds: int, fit: Callable[[Sample], Fitted]) -> Values:
    """Give each training row what is learnt from the other folds."""
    values, rows = [], []
    for learnt, held_out in folds_of(sample, folds).split(sample.values, sample.target):
        others = replace(sample, values=sample.values[learnt], target=sample.target[learnt])
        values.append(fit(others).transform(sample.values[held_out]))
        rows.append(held_out)
    made: Values = np.concatenate(values)[np.argsort(np.concatenate(rows))]
    return made


def refuse_without_target(sample: Sample, method: str) -> None:
    """Refuse a method that learns from the target.

    Raises:
        StepError: nothing is predicted.
    """
    if sample.likelihood == "none":
        raise StepError(
            "features.categories.encode must be one_hot, ordinal, frequency or none where nothing is predicted, "
            f"got {method}"
        )
