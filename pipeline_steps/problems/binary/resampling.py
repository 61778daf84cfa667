"""Metrics of a binary classifier, of every resample at once."""

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.measuring import PerResample, mean, ratio
from pipeline_steps.problems.problem import Resamples

Positive = NDArray[np.bool_]
Scores = NDArray[np.float32]


def ranking_metrics(positive: Positive, scores: Scores, resamples: Resamples) -> dict[str, PerResample]:
    """Measure the order of the scores; ties count half."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    ends = np.flatnonzero(np.append(np.diff(ordered) != 0, True))
    counts = resamples[:, order]
    hits = np.cumsum(counts * positive[order], axis=1)
    rows = np.cumsum(counts, axis=1)
    if len(ends) < len(scores):
        hits, rows = hits[:, ends], rows[:, ends]
    gained = np.diff(hits, axis=1, prepend=0)
    passed = rows - hits
    missed = np.diff(passed, axis=1, prepend=0)
    positives, negatives = hits[:, -1], passed[:, -1]
    area = np.einsum("ij,ij->i", missed, hits) - np.einsum("ij,ij->i", missed, gained) / 2
    precision = np.divide(hits, rows, out=np.zeros_like(hits), where=rows > 0)
    return {
        "auc": ratio(area, positives * negatives),
        "average_precision": ratio(np.einsum("ij,ij->i", gained, precision), positives),
    }


def label_metrics(positive: Positive, predicted: Positive, resamples: Resamples) -> dict[str, PerResample]:
    """Measure labels; a precision or recall of nothing is 0, as is usual."""
    hits = resamples @ (positive & predicted).astype(np.float64)
    said = resamples @ predicted.astype(np.float64)
    positives = resamples @ positive.astype(np.float64)
    return {
        "accuracy": mean(resamples, positive == predicted),
        "precision": ratio(hits, said, empty=0.0),
        "recall": ratio(hits, positives),
        "f1": ratio(2 * hits, said + positives),
    }


def probability_metrics(positive: Positive, scores: Scores, resamples: Resamples) -> dict[str, PerResample]:
    """Measure how near the scores are to what happened."""
    clipped = np.clip(scores.astype(np.float64), 1e-15, 1 - 1e-15)
    return {
        "log_loss": mean(resamples, -np.where(positive, np.log(clipped), np.log1p(-clipped))),
        "brier": mean(resamples, (clipped - positive) ** 2),
    }
