"""How much each row counts in fitting."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.algorithms.algorithm import Rows, Task
from pipeline_steps.errors import ArgumentError


def weighted(task: Task, rows: Rows, class_weight: str) -> Rows:
    """Give `rows` as they are, or with `balanced` such that each class's rows weigh the same together.

    Raises:
        ArgumentError: classes are to be balanced where the target is no class.
    """
    if class_weight == "none":
        return rows
    if task.likelihood not in ("bernoulli", "categorical"):
        raise ArgumentError(
            f"hyperparameter class_weight must be none where the target is no class, got {class_weight}"
        )
    weights = np.ones(len(rows)) if rows.weights is None else rows.weights
    return replace(rows, weights=weights * _balance(rows.target.astype(np.int64), weights))


def _balance(classes: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    totals = np.bincount(classes, weights)
    present = totals > 0
    factors = np.divide(weights.sum() / present.sum(), totals, out=np.zeros_like(totals), where=present)
    balanced: NDArray[np.float64] = factors[classes]
    return balanced
