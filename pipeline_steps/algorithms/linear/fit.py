"""Linear models: logistic and multinomial regression, ridge and elastic net, Poisson regression."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from pipeline_steps.algorithms.algorithm import Features, Rows, Task
from pipeline_steps.algorithms.coefficients import Coefficients
from pipeline_steps.algorithms.encoding import Encoding, fit_encoding
from pipeline_steps.algorithms.graphs.links import Link, link_of
from pipeline_steps.algorithms.linear.export import linear_graph
from pipeline_steps.algorithms.linear.penalty import chosen_alpha
from pipeline_steps.algorithms.linear.regression import PenalisedRegression, WeightedRows, Weights
from pipeline_steps.algorithms.row_weights import weighted
from pipeline_steps.errors import DataError
from pipeline_steps.problems.problem import Outputs


class LinearModel:
    """An encoding and the weights of its columns."""

    best_iteration: int | None = None

    def __init__(self, task: Task, encoding: Encoding, weights: Weights, link: Link, alpha: float) -> None:
        self._task, self._encoding, self._weights, self._link, self._alpha = task, encoding, weights, link, alpha

    def predict(self, features: Features) -> Outputs:
        """Give the outputs of rows."""
        return self._weights.outputs(self._link, self._encoding.transform(features).astype(np.float64))

    def graph(self) -> bytes:
        """Write the model as an ONNX graph."""
        return linear_graph(self._task, self._encoding, *self._weights, self._link)

    def coefficients(self) -> Coefficients:
        """Give those of the graph."""
        values, intercepts = (weights.astype(np.float32) for weights in self._weights)
        return Coefficients(self._link, self._encoding.terms, values, intercepts, self._alpha)


class Linear:
    """The algorithm `linear`; `validation` stays unseen."""

    def fit(
        self,
        task: Task,
        train: Rows,
        validation: Rows | None,
        values: Mapping[str, Any],
        *,
        log: Callable[[str], None],
        checkpoints: Path | None = None,
    ) -> LinearModel:
        """Fit on `train`; without `alpha` the penalty is chosen by cross-validation there."""
        link = link_of(task, values["family"])
        if link == "log" and (train.target < 0).any():
            raise DataError(f"a target of family poisson must not be negative, got {train.target.min():g}")
        encoding = fit_encoding(train.features, task.is_category, is_ready=task.is_ready, logarithms="beside")
        rows = weighted(task, train, values["class_weight"])
        counts = np.ones(len(rows)) if rows.weights is None else rows.weights
        sample = WeightedRows(encoding.transform(rows.features).astype(np.float64), rows.target, counts)
        regression = PenalisedRegression(link, task.classes, values["l1_ratio"], task.seed)
        # one thread: sums of several depend on how many there are
        with threadpool_limits(1):
            alpha = values["alpha"]
            if alpha is None:
                alpha = chosen_alpha(regression, sample)
                log(f"alpha {alpha:.3g}, by cross-validation of the training rows")
            return LinearModel(task, encoding, regression.fit(sample, alpha), link, alpha)


ALGORITHM = Linear()
