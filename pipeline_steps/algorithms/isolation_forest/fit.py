"""Anomaly scores by scikit-learn's isolation forest."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from pipeline_steps.algorithms.algorithm import Features, Rows, Task
from pipeline_steps.algorithms.isolation_forest.export import isolation_graph, usual_depths
from pipeline_steps.problems.problem import Outputs

_MISSING_CODE = -1.0


class IsolationModel:
    """A fitted forest, and what takes the place of missing values."""

    best_iteration: int | None = None

    def __init__(self, task: Task, forest: IsolationForest, fillings: NDArray[np.float32]) -> None:
        self._task, self._forest, self._fillings = task, forest, fillings

    def predict(self, features: Features) -> Outputs:
        """Give the scores of rows, in 0..1: the larger, the more anomalous."""
        scores: NDArray[np.float64] = -self._forest.score_samples(_filled(features, self._fillings))
        return scores.astype(np.float32)

    def graph(self) -> bytes:
        """Write the forest as an ONNX graph."""
        forest = self._forest
        trees = list(zip(forest.estimators_, forest.estimators_features_, strict=True))
        usual = float(usual_depths(np.array([forest.max_samples_]))[0])
        return isolation_graph(self._task, trees, self._fillings, usual_depth=usual)


class Isolation:
    """The algorithm `isolation_forest`; `validation` stays unseen."""

    def fit(
        self,
        task: Task,
        train: Rows,
        validation: Rows | None,
        values: Mapping[str, Any],
        *,
        log: Callable[[str], None],
        checkpoints: Path | None = None,
    ) -> IsolationModel:
        """Fit on `train`, anomalies included: they are few."""
        fillings = _fillings(train.features, task.is_category)
        forest = IsolationForest(
            n_estimators=values["trees"],
            max_samples=min(values["max_samples"], len(train)),
            max_features=values["max_features"],
            random_state=task.seed,
        )
        return IsolationModel(task, forest.fit(_filled(train.features, fillings)), fillings)


def _fillings(features: Features, is_category: tuple[bool, ...]) -> NDArray[np.float32]:
    """The median of a column of numbers; a code of its own for a category."""
    known = [column[~np.isnan(column)] for column in features.T]
    medians = [float(np.median(column)) if len(column) else 0.0 for column in known]
    return np.where(is_category, _MISSING_CODE, medians).astype(np.float32)


def _filled(features: Features, fillings: NDArray[np.float32]) -> Features:
    return np.where(np.isnan(features), fillings, features)


ALGORITHM = Isolation()
