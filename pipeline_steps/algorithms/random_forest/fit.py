"""Random forests of scikit-learn."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from pipeline_steps.algorithms.algorithm import Features, Rows, Task
from pipeline_steps.algorithms.random_forest.export import forest_graph
from pipeline_steps.algorithms.weights import weighted
from pipeline_steps.errors import DataError
from pipeline_steps.problems.problem import Outputs

_ROWS_A_LEAF = 1000


class ForestModel:
    """A fitted forest; of numbers with a mean of 0 and a deviation of 1."""

    best_iteration: int | None = None

    def __init__(self, forest: Any, task: Task, *, mean: float = 0.0, scale: float = 1.0) -> None:
        self._forest, self._task, self._mean, self._scale = forest, task, mean, scale

    def predict(self, features: Features) -> Outputs:
        """Give the outputs of rows."""
        if self._task.likelihood == "normal":
            outputs = self._mean + self._scale * self._forest.predict(features)
        else:
            outputs = np.zeros((len(features), self._task.classes))
            outputs[:, self._forest.classes_] = self._forest.predict_proba(features)
        if self._task.likelihood == "bernoulli":
            outputs = outputs[:, 1]
        return np.asarray(outputs, dtype=np.float32)

    def graph(self) -> bytes:
        """Write the forest as an ONNX graph."""
        forest, classes = self._forest, None if self._task.likelihood == "normal" else self._forest.classes_
        return forest_graph(forest.estimators_, self._task, classes, base=self._mean, scale=self._scale)


class RandomForest:
    """The algorithm `random_forest`; `validation` stays unseen."""

    def fit(
        self,
        task: Task,
        train: Rows,
        validation: Rows | None,
        values: Mapping[str, Any],
        *,
        log: Callable[[str], None],
        checkpoints: Path | None = None,
    ) -> ForestModel:
        """Fit on `train`."""
        rows = weighted(task, train, values["class_weight"])
        options = {
            "n_estimators": values["trees"],
            "max_depth": values["max_depth"],
            "min_samples_leaf": values["min_samples_leaf"] or max(1, len(rows) // _ROWS_A_LEAF),
            "random_state": task.seed,
        }
        if task.likelihood == "normal":
            mean, scale = float(rows.target.mean()), float(rows.target.std()) or 1.0
            forest = RandomForestRegressor(max_features=values["max_features"] or 1 / 3, **options)
            forest.fit(rows.features, (rows.target - mean) / scale, sample_weight=rows.weights)
            return ForestModel(forest, task, mean=mean, scale=scale)
        forest = RandomForestClassifier(max_features=values["max_features"] or "sqrt", **options)
        forest.fit(rows.features, rows.target.astype(np.int64), sample_weight=rows.weights)
        if len(forest.classes_) < 2:
            raise DataError(f"two classes or more must be in the training rows, got {forest.classes_[0]} alone")
        return ForestModel(forest, task)


ALGORITHM = RandomForest()
