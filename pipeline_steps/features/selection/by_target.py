"""The columns that say most about the target: each by itself, or by a model of all."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.feature_selection import SelectKBest, f_classif, f_regression, mutual_info_classif, mutual_info_regression

from pipeline_steps.errors import StepError
from pipeline_steps.features.method import Sample, Values
from pipeline_steps.features.selection.selected import Selected, filled, selected

_TREES = 100
_DEPTH = 8
_F = "f"


@dataclass(frozen=True)
class KBest:
    """By F statistic, or by mutual information, which also sees what is not linear."""

    k: int = 20
    score: str = _F

    def fit(self, sample: Sample) -> Selected:
        """Score each column."""
        refuse_without_target(sample, "k_best")
        k = min(self.k, len(sample.features))
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a column of one value has no score, and is not selected
            found = SelectKBest(self._score(sample), k=k).fit(filled(sample.values), sample.target)
        return selected(sample, found.get_support(), "k_best")

    def _score(self, sample: Sample) -> Callable[[Values, Any], Any]:
        is_number = sample.likelihood == "normal"
        if self.score == _F:
            return f_regression if is_number else f_classif  # type: ignore[no-any-return]
        score = mutual_info_regression if is_number else mutual_info_classif
        categories = np.array([feature.is_category for feature in sample.features])
        return lambda values, target: score(values, target, discrete_features=categories, random_state=sample.seed)


@dataclass(frozen=True)
class ByModel:
    """The `k` columns that a forest of extremely random trees uses most."""

    k: int = 20

    def fit(self, sample: Sample) -> Selected:
        """Fit the forest."""
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor  # noqa: PLC0415 (0.5 s, and only here)

        refuse_without_target(sample, "model")
        is_number = sample.likelihood == "normal"
        kind = ExtraTreesRegressor if is_number else ExtraTreesClassifier
        forest = kind(_TREES, max_depth=_DEPTH, random_state=sample.seed)
        forest.fit(filled(sample.values), sample.target if is_number else sample.target.astype(np.int64))
        order = np.argsort(-forest.feature_importances_, kind="stable")
        return selected(sample, np.isin(np.arange(len(order)), order[: self.k]), "model")


def refuse_without_target(sample: Sample, method: str) -> None:
    """Refuse what needs a target.

    Raises:
        StepError: nothing is predicted.
    """
    if sample.likelihood == "none":
        raise StepError(f"features.select must be variance or correlation where nothing is predicted, got {method}")
