"""The strength of a linear model's penalty, chosen by cross-validation."""

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.algorithms.folds import deal_folds
from pipeline_steps.algorithms.graphs.links import Link
from pipeline_steps.algorithms.linear.regression import PenalisedRegression, WeightedRows
from pipeline_steps.problems.problem import Outputs

_FOLDS = 5
_STRENGTHS = (0.1, 1.0, 10.0, 33.0, 100.0, 330.0, 1000.0, 3300.0, 10_000.0)
"""Each divided by the number of rows, from weak to strong; 1 is scikit-learn's own."""
_MOST_CELLS = 500_000
"""With more cells the penalty hardly matters, and searching takes longer than fitting."""


def chosen_alpha(regression: PenalisedRegression, sample: WeightedRows) -> float:
    """Give the strength with the least loss on held-out folds of the training rows."""
    total = float(sample.counts.sum())
    if sample.matrix.size > _MOST_CELLS or len(sample.target) < 2 * _FOLDS:
        return 1 / total
    folds = deal_folds(_strata(regression.link, sample.target), _FOLDS, seed=regression.seed)
    losses = np.zeros(len(_STRENGTHS))
    for fold in range(_FOLDS):
        fitted, held_out = (sample.only(np.flatnonzero(chosen)) for chosen in (folds != fold, folds == fold))
        for place, strength in enumerate(_STRENGTHS):
            outputs = regression.fit(fitted, strength / total).outputs(regression.link, held_out.matrix)
            losses[place] += np.sum(held_out.counts * _losses(regression.link, held_out.target, outputs))
    return float(_STRENGTHS[int(losses.argmin())] / total)


def _strata(link: Link, target: NDArray[np.float64]) -> NDArray[np.int64]:
    if link in ("logistic", "softmax"):
        return target.astype(np.int64)
    return np.zeros(len(target), dtype=np.int64)


def _losses(link: Link, target: NDArray[np.float64], outputs: Outputs) -> NDArray[np.float64]:
    exact = outputs.astype(np.float64)
    if link == "identity":
        return (target - exact) ** 2
    if link == "log":
        return exact - target * np.log(np.maximum(exact, 1e-30))
    if link == "softmax":
        probability = exact[np.arange(len(target)), target.astype(np.int64)]
    else:
        probability = np.where(target == 1, exact, 1 - exact)
    return -np.log(np.maximum(probability, 1e-7))
