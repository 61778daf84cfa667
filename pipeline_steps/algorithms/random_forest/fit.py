"""Random forests of scikit-learn."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from pipeline_steps.algorithms.algorithm import Features, Rows, Task
from pipeline_steps.algorithms.random_forest.export import forest_graph, leaf_shares
from pipeline_steps.algorithms.row_weights import weighted
from pipeline_steps.errors import DataError
from pipeline_steps.problems.problem import Outputs

_ROWS_A_LEAF = 1000


class ForestModel:
    """A fitted forest; of numbers with a mean of 0 and a deviation of 1."""

    best_iteration: int | None = None

    def __init__(self, forest: Any, task: Task, *, mean: float = 0.0, scale: float = 1.0) -> None:
        self._forest, self._task, self._mean = forest, task, mean
        self._share = scale / len(forest.estimators_)
        self._classes = None if task.likelihood == "normal" else forest.classes_

    def predict(self, features: Features) -> Outputs:
        """Give the outputs of rows, added up as the graph does."""
        sums = np.zeros(
            (len(features), 1 if self._task.likelihood != "categorical" else self._task.classes), np.float32
        )
        for estimator in self._forest.estimators_:
            sums += leaf_shares(estimator, self._task, self._classes, self._share)[estimator.tree_.apply(features)]
        if self._task.likelihood == "normal":
            return sums[:, 0] + np.float32(self._mean)
        sums = np.clip(sums, 0, 1)
        return sums if self._task.likelihood == "categorical" else sums[:, 0]

    def graph(self) -> bytes:
        """Write the forest as an ONNX graph."""
        trees = self._forest.estimators_
        return forest_graph(trees, self._task, self._classes, base=self._mean, share=self._share)


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
