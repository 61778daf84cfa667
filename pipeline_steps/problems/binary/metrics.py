"""Metrics of a binary classifier, in numpy alone: importing scikit-learn takes longer than a training job."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

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


@dataclass(frozen=True)
class Metrics:
    accuracy: float
    auc: float
    average_precision: float
    precision: float
    recall: float
    f1: float
    log_loss: float
    brier: float

    def to_document(self) -> dict[str, float]:
        return asdict(self)


def confusion(positive: Positive, scores: Scores, threshold: float) -> Confusion:
    """Count the outcomes of labelling scores of at least `threshold` positive."""
    predicted = scores >= threshold
    hits, misses = int((predicted & positive).sum()), int((~predicted & positive).sum())
    false_alarms = int((predicted & ~positive).sum())
    return Confusion(hits, false_alarms, len(positive) - hits - misses - false_alarms, misses)


def measure(positive: Positive, scores: Scores, threshold: float) -> Metrics:
    """Compute every metric; a precision or recall of nothing is 0, as is usual.

    Raises:
        ValueError: only one class is there, so that ranking means nothing.
    """
    if positive.all() or not positive.any():
        raise ValueError(f"both classes must be there to be ranked, got {len(positive)} rows of one")
    outcomes = confusion(positive, scores, threshold)
    hits, predicted = outcomes.true_positive, outcomes.predicted_positive
    clipped = np.clip(scores.astype(np.float64), 1e-15, 1 - 1e-15)
    return Metrics(
        accuracy=outcomes.correct / outcomes.rows,
        auc=area_under_roc(positive, scores),
        average_precision=average_precision(positive, scores),
        precision=hits / predicted if predicted else 0.0,
        recall=hits / outcomes.positive,
        f1=2 * hits / (predicted + outcomes.positive),
        log_loss=float(-np.mean(np.where(positive, np.log(clipped), np.log1p(-clipped)))),
        brier=float(np.mean((clipped - positive) ** 2)),
    )


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


def average_precision(positive: Positive, scores: Scores) -> float:
    """Sum precision over the steps of recall, without interpolation."""
    hits, false_alarms = cumulative_outcomes(positive, scores)
    return float(np.sum(np.diff(hits, prepend=0) * (hits / (hits + false_alarms))) / hits[-1])


def roc_curve(positive: Positive, scores: Scores, *, points: int = 200) -> tuple[list[float], list[float]]:
    """Give false and true positive rates from (0, 0) to (1, 1), thinned to at most `points`."""
    hits, false_alarms = (np.concatenate([[0], counts]) for counts in cumulative_outcomes(positive, scores))
    kept = np.unique(np.linspace(0, len(hits) - 1, min(points, len(hits))).round().astype(np.int64))
    return (false_alarms[kept] / false_alarms[-1]).tolist(), (hits[kept] / hits[-1]).tolist()
