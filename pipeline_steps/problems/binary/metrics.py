"""Outcomes, curves and metrics of a binary classifier; metrics are of every resample at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.measuring import PerResample, mean, ratio
from pipeline_steps.problems.problem import Resamples

Positive = NDArray[np.bool_]
Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Confusion:
    """Counts of outcomes: true or false, by the label; positive or negative, by the prediction."""

    true_positive: int
    false_positive: int
    true_negative: int
    false_negative: int

    @property
    def rows(self) -> int:
        return self.positive + self.negative

    @property
    def positive(self) -> int:
        """The rows that are positive by their label."""
        return self.true_positive + self.false_negative

    @property
    def negative(self) -> int:
        return self.true_negative + self.false_positive

    @property
    def predicted_positive(self) -> int:
        return self.true_positive + self.false_positive

    @property
    def predicted_negative(self) -> int:
        return self.true_negative + self.false_negative

    @property
    def correct(self) -> int:
        return self.true_positive + self.true_negative

    @property
    def wrong(self) -> int:
        return self.false_positive + self.false_negative

    def to_document(self) -> dict[str, dict[str, int]]:
        """The confusion matrix in SageMaker's form: by the label, then by the prediction."""
        return {
            "0": {"0": self.true_negative, "1": self.false_positive},
            "1": {"0": self.false_negative, "1": self.true_positive},
        }


def confusion(positive: Positive, scores: Scores, threshold: float) -> Confusion:
    """Count the outcomes of labelling scores of at least `threshold` positive."""
    predicted = scores >= threshold
    hits, misses = int((predicted & positive).sum()), int((~predicted & positive).sum())
    false_alarms = int((predicted & ~positive).sum())
    return Confusion(hits, false_alarms, len(positive) - hits - misses - false_alarms, misses)


def cumulative_outcomes(positive: Positive, scores: Scores) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count true and false positives at each distinct score, taken as the threshold, highest first."""
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.cumsum(positive[order], dtype=np.int64)[ends]
    return hits, ends + 1 - hits


def area_under_roc(positive: Positive, scores: Scores) -> float:
    """Give the share of (positive, negative) pairs that the scores put in the right order; ties count half."""
    hits, false_alarms = (np.concatenate([[0], counts]) for counts in cumulative_outcomes(positive, scores))
    area = np.sum(np.diff(false_alarms) * (hits[1:] + hits[:-1])) / 2
    return float(area / (hits[-1] * false_alarms[-1]))


def roc_curve(positive: Positive, scores: Scores, *, points: int = 200) -> tuple[list[float], list[float]]:
    """Give false and true positive rates from (0, 0) to (1, 1), thinned to at most `points`."""
    hits, false_alarms = (np.concatenate([[0], counts]) for counts in cumulative_outcomes(positive, scores))
    kept = np.unique(np.linspace(0, len(hits) - 1, min(points, len(hits))).round().astype(np.int64))
    return (false_alarms[kept] / false_alarms[-1]).tolist(), (hits[kept] / hits[-1]).tolist()


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
