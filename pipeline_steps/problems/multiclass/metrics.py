"""Metrics of a classifier of several labels, of every resample at once."""

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.measuring import PerResample, mean, one_hot, ratio
from pipeline_steps.problems.problem import Outputs, Resamples

_LEAST_PROBABILITY = 2.0**-23
"""Of a float32 that adds up to 1 with others: a smaller number is no different from 0."""


def class_metrics(
    actual: NDArray[np.int64], predicted: NDArray[np.int64], width: int, resamples: Resamples
) -> dict[str, PerResample]:
    """Measure labels; a class counts in the averages where a row has it, or is predicted to have it."""
    is_actual, is_predicted = one_hot(actual, width), one_hot(predicted, width)
    support, said = resamples @ is_actual, resamples @ is_predicted
    right = resamples @ (is_actual * is_predicted)
    rows = resamples.sum(axis=1)
    f1 = ratio(2 * right, support + said)
    present = support + said > 0
    recall = ratio(right, support)
    return {
        "accuracy": ratio(right.sum(axis=1), rows),
        "f1_macro": ratio(np.where(present, f1, 0).sum(axis=1), present.sum(axis=1).astype(np.float64)),
        "f1_weighted": ratio(np.where(present, f1 * support, 0).sum(axis=1), rows),
        "balanced_accuracy": _mean_of_defined(recall),
    }


def log_loss(actual: NDArray[np.int64], outputs: Outputs, resamples: Resamples) -> PerResample:
    """Give the mean of minus the logarithm of the actual class's probability."""
    chosen = outputs[np.arange(len(actual)), actual].astype(np.float64)
    return mean(resamples, -np.log(np.clip(chosen, _LEAST_PROBABILITY, 1)))


def auc_one_against_rest(actual: NDArray[np.int64], outputs: Outputs, resamples: Resamples) -> PerResample:
    """Give the mean over the classes of the AUC of each against all others; exact where every row counts once.

    For other resamples it is linear in the rows' placements (DeLong), which spares sorting for each of them: the
    difference from counting pairs again is of the order of one row's share.
    """
    width, rows = outputs.shape[1], len(actual)
    is_actual = one_hot(actual, width)
    placed, whole = np.zeros((rows, width)), np.full(width, np.nan)
    for place in np.flatnonzero(is_actual.any(axis=0) & ~is_actual.all(axis=0)):
        positive, scores = actual == place, outputs[:, place]
        placed[positive, place] = _share_below(scores[positive], scores[~positive])
        placed[~positive, place] = 1 - _share_below(scores[~positive], scores[positive])
        whole[place] = placed[positive, place].mean()
    support = resamples @ is_actual
    of_positives = ratio(resamples @ (is_actual * placed), support)
    of_others = ratio(resamples @ ((1 - is_actual) * placed), resamples.sum(axis=1)[:, None] - support)
    return _mean_of_defined(of_positives + of_others - whole)


def _share_below(scores: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give the share of the others that each score is above; ties count half."""
    ordered = np.sort(others)
    places = np.searchsorted(ordered, scores, "left") + np.searchsorted(ordered, scores, "right")
    share: NDArray[np.float64] = places / (2 * len(others))
    return share


def _mean_of_defined(values: NDArray[np.float64]) -> PerResample:
    known = np.isfinite(values)
    return ratio(np.where(known, values, 0).sum(axis=1), known.sum(axis=1).astype(np.float64))
