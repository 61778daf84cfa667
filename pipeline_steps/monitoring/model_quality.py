"""Quality of the predictions whose outcome is known."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.monitoring.capture_format import NO_RECORD
from pipeline_steps.monitoring.capture_records import CaptureRecord
from pipeline_steps.monitoring.constraints import Violation
from pipeline_steps.monitoring.ground_truth import labels_worth
from pipeline_steps.problems.binary.metrics import area_under_roc, confusion

FEWEST_OF_A_CLASS = 30
"""With fewer outcomes of either class neither accuracy nor ranking is evaluated."""

_DEVIATIONS = 3.0


@dataclass(frozen=True)
class Labelled:
    """Predictions whose outcome is known."""

    positive: NDArray[np.bool_]
    scores: NDArray[np.float32]

    @property
    def enough(self) -> bool:
        hits = int(self.positive.sum())
        return min(hits, len(self.positive) - hits) >= FEWEST_OF_A_CLASS


def join_outcomes(
    records: Sequence[CaptureRecord], outcomes: Mapping[str, list[bool]], positive_label: str
) -> Labelled:
    """Join predictions with outcomes by inference id; a request of several rows needs an outcome for each."""
    truth = outcomes_by_row(records, outcomes, positive_label)
    scores = np.array([score for record in records for score in record.scores], dtype=np.float32)
    known = ~np.isnan(truth)
    return Labelled(truth[known] > 0, scores[known])


def outcomes_by_row(
    records: Sequence[CaptureRecord], outcomes: Mapping[str, list[bool]], positive_label: str
) -> NDArray[np.float32]:
    """Give the outcome of each row of `records`: 1 positive, 0 not, NaN not known."""
    truth: list[float] = []
    for record in records:
        rows = len(record.scores)
        known = _merged(record, positive_label) if record.truth else outcomes.get(record.identifier, [])
        truth += known if len(known) == rows else [math.nan] * rows
    return np.array(truth, dtype=np.float32)


def quality_document(labelled: Labelled, threshold: float) -> dict[str, Any]:
    """Measure accuracy, precision, recall, F1 and AUC, in the form of SageMaker's model quality statistics."""
    outcomes = confusion(labelled.positive, labelled.scores, threshold)
    hits, counted = outcomes.true_positive, outcomes.predicted_positive + outcomes.positive
    measured = {
        "accuracy": _share(outcomes.correct, outcomes.rows),
        "precision": _share(hits, outcomes.predicted_positive),
        "recall": _share(hits, outcomes.positive),
        "f1": {"value": 2 * hits / counted if counted else 0.0, "standard_deviation": "NaN"},
    }
    if outcomes.positive and outcomes.negative:
        measured["auc"] = _auc(labelled)
    return {"confusion_matrix": outcomes.to_document(), **measured}


def quality_violations(
    labelled: Labelled, measured: Mapping[str, Any], trained: Mapping[str, float], max_losses: Mapping[str, float]
) -> list[Violation] | None:
    """Report metrics that are below validation's by more than `max_losses` allow, and by more than chance explains.

    Returns:
        None where nothing was evaluated: outcomes are too few, or no metric has one of validation's beside it.
    """
    compared = [name for name in max_losses if name in measured and name in trained]
    if not labelled.enough or not compared:
        return None
    found = []
    for name in compared:
        value, error = measured[name]["value"], float(measured[name]["standard_deviation"])
        if value + _DEVIATIONS * error < (limit := trained[name] - max_losses[name]):
            description = f"Metric {name} with {value:.4f} +/- {error:.4f} was LessThanThreshold '{limit:.4f}'"
            found.append(
                {"metric_name": name, "constraint_check_type": "LessThanThreshold", "description": description}
            )
    return found


def _merged(record: CaptureRecord, positive_label: str) -> list[bool]:
    try:
        return [worth > 0 for worth in labels_worth(record.truth or {}, positive_label)]
    except NO_RECORD:
        return []


def _share(count: int, of: int) -> dict[str, Any]:
    share = count / of if of else 0.0
    return {"value": share, "standard_deviation": math.sqrt(share * (1 - share) / of) if of else "NaN"}


def _auc(labelled: Labelled) -> dict[str, Any]:
    """Hanley and McNeil's standard error (1982)."""
    auc = area_under_roc(labelled.positive, labelled.scores)
    hits = int(labelled.positive.sum())
    others = len(labelled.positive) - hits
    above, below = auc / (2 - auc) - auc**2, 2 * auc**2 / (1 + auc) - auc**2
    variance = (auc * (1 - auc) + (hits - 1) * above + (others - 1) * below) / (hits * others)
    return {"value": auc, "standard_deviation": math.sqrt(max(0.0, variance))}
