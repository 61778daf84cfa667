"""Quality of binary predictions whose outcome is known: SageMaker's `binary_classification_metrics`."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipeline_steps.problems.binary.metrics import Confusion, area_under_roc
from pipeline_steps.problems.quality import Labelled

FEWEST_OF_A_CLASS = 30
"""With fewer outcomes of either class neither accuracy nor ranking is evaluated."""


class BinaryQuality:
    """Accuracy, precision, recall, F1 and AUC."""

    section = "binary_classification_metrics"
    published: Mapping[str, str] = {"Accuracy": "accuracy", "AUC": "auc", "F1": "f1"}

    def read_outcome(self, text: str, classes: Sequence[str]) -> float:
        """Without a positive label nothing can be read."""
        raise ValueError(f"an outcome needs a positive label, got {text} without one")

    def enough(self, labelled: Labelled) -> bool:
        """Both classes must be there several times."""
        hits = int((labelled.truth > 0).sum())
        return min(hits, len(labelled.truth) - hits) >= FEWEST_OF_A_CLASS

    def measure(self, labelled: Labelled) -> dict[str, Any]:
        """Measure the labels as they were given, and the scores."""
        positive, predicted = labelled.truth > 0, labelled.labels > 0
        hits = int((predicted & positive).sum())
        false_alarms, misses = int(predicted.sum()) - hits, int(positive.sum()) - hits
        outcomes = Confusion(hits, false_alarms, len(positive) - hits - false_alarms - misses, misses)
        counted = outcomes.predicted_positive + outcomes.positive
        measured = {
            "accuracy": share(outcomes.correct, outcomes.rows),
            "precision": share(hits, outcomes.predicted_positive),
            "recall": share(hits, outcomes.positive),
            "f1": {"value": 2 * hits / counted if counted else 0.0, "standard_deviation": "NaN"},
        }
        if outcomes.positive and outcomes.negative:
            measured["auc"] = _auc(labelled)
        return {"confusion_matrix": outcomes.to_document(), **measured}


def share(count: int, of: int) -> dict[str, Any]:
    """Give a share with its binomial standard error; 0 of nothing."""
    found = count / of if of else 0.0
    return {"value": found, "standard_deviation": math.sqrt(found * (1 - found) / of) if of else "NaN"}


def _auc(labelled: Labelled) -> dict[str, Any]:
    """Hanley and McNeil's standard error (1982)."""
    positive = np.asarray(labelled.truth > 0)
    auc = area_under_roc(positive, labelled.scores)
    hits = int(positive.sum())
    others = len(positive) - hits
    above, below = auc / (2 - auc) - auc**2, 2 * auc**2 / (1 + auc) - auc**2
    variance = (auc * (1 - auc) + (hits - 1) * above + (others - 1) * below) / (hits * others)
    return {"value": auc, "standard_deviation": math.sqrt(max(0.0, variance))}


BINARY_QUALITY = BinaryQuality()
