"""The regressions behind `linear`, by link."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import ElasticNet, LogisticRegression, PoissonRegressor, Ridge

from pipeline_steps.algorithms.graphs.links import Link, respond
from pipeline_steps.errors import DataError
from pipeline_steps.problems.problem import Outputs

Matrix = NDArray[np.float64]
_MOST_STEPS = 5000

_ABSENT = -30.0
"""The logarithm of the weight of a class that no row has, where the largest of the others is 0 or more."""

_PAIR = np.array([0.0, 1.0])
"""Of two classes scikit-learn gives the weights of the second against the first."""


class WeightedRows(NamedTuple):
    """Encoded rows [rows, width], their targets, and how much each counts."""

    matrix: Matrix
    target: Matrix
    counts: Matrix

    def only(self, chosen: NDArray[np.int64]) -> "WeightedRows":
        """The rows at some places."""
        return WeightedRows(self.matrix[chosen], self.target[chosen], self.counts[chosen])


class Weights(NamedTuple):
    """`coefficients` [width, outputs] and `intercepts` [outputs]."""

    coefficients: Matrix
    intercepts: Matrix

    def outputs(self, link: Link, matrix: Matrix) -> Outputs:
        """Give the outputs of encoded rows."""
        sums = matrix @ self.coefficients + self.intercepts
        return respond(link, sums if link == "softmax" else sums[:, 0])


@dataclass(frozen=True)
class PenalisedRegression:
    """What minimises the mean loss of rows plus a strength times the penalty.

    The penalty is half the sum of squares; of `l1_ratio` of it, the sum of absolute values.
    """

    link: Link
    classes: int
    l1_ratio: float
    seed: int

    def fit(self, sample: WeightedRows, alpha: float) -> Weights:
        """Fit with the strength `alpha`.

        Raises:
            DataError: the rows have one class alone.
        """
        if self.link == "identity":
            return self._number(sample, alpha)
        if self.link == "log":
            model = PoissonRegressor(alpha=alpha, max_iter=_MOST_STEPS, solver="newton-cholesky")
            model.fit(sample.matrix, sample.target, sample_weight=sample.counts)
            return Weights(model.coef_[:, None], np.array([model.intercept_]))
        return self._classes(sample, alpha)

    def _number(self, sample: WeightedRows, alpha: float) -> Weights:
        # with a mean of 0 and a deviation of 1 the penalty means the same for every target
        mean = float(np.average(sample.target, weights=sample.counts))
        scale = float(np.sqrt(np.average((sample.target - mean) ** 2, weights=sample.counts))) or 1.0
        model = (
            ElasticNet(alpha=alpha, l1_ratio=self.l1_ratio, max_iter=_MOST_STEPS)
            if self.l1_ratio
            else Ridge(alpha=alpha * sample.counts.sum(), solver="cholesky")
        )
        model.fit(sample.matrix, (sample.target - mean) / scale, sample_weight=sample.counts)
        return Weights(scale * model.coef_.reshape(-1, 1), np.array([mean + scale * float(model.intercept_)]))

    def _classes(self, sample: WeightedRows, alpha: float) -> Weights:
        model = LogisticRegression(
            C=1 / (alpha * sample.counts.sum()),
            l1_ratio=self.l1_ratio,
            solver="saga" if self.l1_ratio else "lbfgs",
            max_iter=_MOST_STEPS,
            random_state=self.seed,
        )
        classes = sample.target.astype(np.int64)
        if classes.min() == classes.max():
            raise DataError(f"two classes or more must be in the training rows, got {classes.min()} alone")
        model.fit(sample.matrix, classes, sample_weight=sample.counts)
        coefficients, intercepts = model.coef_.T, model.intercept_
        if self.link != "softmax":
            return Weights(coefficients, intercepts)
        if len(model.classes_) == len(_PAIR):
            coefficients, intercepts = coefficients * _PAIR, intercepts * _PAIR
        full = Weights(np.zeros((len(coefficients), self.classes)), np.full(self.classes, _ABSENT))
        full.coefficients[:, model.classes_], full.intercepts[model.classes_] = coefficients, intercepts
        return full
