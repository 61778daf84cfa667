"""Metrics of numbers, of every resample at once."""

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.measuring import PerResample, mean, ratio
from pipeline_steps.problems.problem import Outputs, Resamples, Target


def number_metrics(target: Target, outputs: Outputs, resamples: Resamples) -> dict[str, PerResample]:
    """Measure errors; `mape` is a share, over the rows whose target is not 0."""
    error = target - outputs
    centred = target - target.mean()  # the same variance, without the loss of digits
    squared, variance = mean(resamples, error**2), _variance(centred, resamples)
    known = target != 0
    relative = np.abs(np.divide(error, target, out=np.zeros(len(target)), where=known))
    return {
        "rmse": np.sqrt(squared),
        "mae": mean(resamples, np.abs(error)),
        "r2": 1 - ratio(squared, variance),
        "mape": ratio(resamples @ relative, resamples @ known.astype(np.float64)),
        "median_absolute_error": _median(np.abs(error), resamples),
        "explained_variance": 1 - ratio(_variance(error, resamples), variance),
    }


def _variance(values: NDArray[np.float64], resamples: Resamples) -> PerResample:
    found = mean(resamples, values**2) - mean(resamples, values) ** 2
    return np.where(found > 1e-12 * np.mean(values**2), found, 0.0)  # of a constant: rounding is not variance


def _median(values: NDArray[np.float64], resamples: Resamples) -> PerResample:
    """Give the weighted median: the mean of the two in the middle."""
    order = np.argsort(values, kind="stable")
    ordered, reached = values[order], np.cumsum(resamples[:, order], axis=1)
    half = reached[:, -1:] / 2
    places = ((reached < half).sum(axis=1), (reached <= half).sum(axis=1))
    low, high = (ordered[np.minimum(place, len(values) - 1)] for place in places)
    middle: PerResample = (low + high) / 2
    return middle
