"""Resamples of the rows that models are compared on: all models are measured on the same ones."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.measuring import once
from pipeline_steps.problems.problem import Problem, Resamples
from pipeline_steps.problems.report import Predicted

RESAMPLES = 500
MOST_ROWS = 10_000
"""That are resampled, so that the time is bounded whatever the table."""

_SEED = 0
_CELLS = 2_000_000
"""Rows times resamples that are in memory at once."""


def bootstrap(problem: Problem, predicted: Predicted) -> dict[str, NDArray[np.float64]]:
    """Measure one model on resamples with replacement; every model of as many rows gets the same ones, in order.

    Of more than `MOST_ROWS` rows as many are chosen, once for all models; what resamples of these deviate by is reduced
    by the square root of the ratio of both counts, as standard errors are, and added to the metric of all rows.
    A resample that leaves a metric undefined, for it lacks a class, has NaN.
    """
    rows = len(predicted.target)
    if rows <= MOST_ROWS:
        return _replicates(problem, predicted)
    chosen = np.sort(np.random.default_rng(_SEED).choice(rows, MOST_ROWS, replace=False))
    part = predicted.only(chosen)
    of_all, of_part = (_measure(problem, some, once(len(some.target))) for some in (predicted, part))
    share = np.sqrt(MOST_ROWS / rows)
    return {
        name: of_all[name] + share * (replicates - of_part[name])
        for name, replicates in _replicates(problem, part).items()
    }


def _replicates(problem: Problem, predicted: Predicted) -> dict[str, NDArray[np.float64]]:
    parts = [_measure(problem, predicted, resamples) for resamples in _resamples(len(predicted.target))]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _measure(problem: Problem, predicted: Predicted, resamples: Resamples) -> dict[str, NDArray[np.float64]]:
    return problem.measure_resamples(
        predicted.target, predicted.outputs, predicted.decision, predicted.use_case, resamples
    )


def _resamples(rows: int) -> Iterator[Resamples]:
    generator = np.random.default_rng(_SEED)
    at_once = max(1, _CELLS // rows)
    for start in range(0, RESAMPLES, at_once):
        count = min(at_once, RESAMPLES - start)
        drawn = generator.integers(0, rows, size=(count, rows)) + rows * np.arange(count)[:, None]
        yield np.bincount(drawn.ravel(), minlength=count * rows).reshape(count, rows).astype(np.float64)
