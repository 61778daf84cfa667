"""Resamples of the rows that models are compared on: all models are measured on the same ones."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.problem import Problem, Resamples
from pipeline_steps.problems.report import Predicted

RESAMPLES = 500
_SEED = 0
_CELLS = 2_000_000
"""Rows times resamples that are in memory at once."""


def bootstrap(problem: Problem, predicted: Predicted) -> dict[str, NDArray[np.float64]]:
    """Measure one model on resamples with replacement; every model of as many rows gets the same ones, in order."""
    parts = [
        problem.measure_resamples(
            predicted.target, predicted.outputs, predicted.decision, predicted.use_case, resamples
        )
        for resamples in _resamples(len(predicted.target))
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _resamples(rows: int) -> Iterator[Resamples]:
    generator = np.random.default_rng(_SEED)
    at_once = max(1, _CELLS // rows)
    for start in range(0, RESAMPLES, at_once):
        count = min(at_once, RESAMPLES - start)
        drawn = generator.integers(0, rows, size=(count, rows)) + rows * np.arange(count)[:, None]
        yield np.bincount(drawn.ravel(), minlength=count * rows).reshape(count, rows).astype(np.float64)
