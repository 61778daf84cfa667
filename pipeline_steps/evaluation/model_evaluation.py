"""One model on one split, and the `evaluation.json` of all models."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.reading import Artifact
from pipeline_steps.errors import DataError
from pipeline_steps.problems.binary.metrics import Confusion, Metrics, confusion, measure, roc_curve
from pipeline_steps.problems.binary.value import OutcomeValues
from pipeline_steps.tables.prepared import Split


@dataclass(frozen=True)
class ModelEvaluation:
    """One model's metrics on a split, at its own threshold."""

    metrics: Metrics
    outcomes: Confusion
    value: dict[str, Any]
    roc: tuple[list[float], list[float]]

    def to_document(self) -> dict[str, Any]:
        return {**self.metrics.to_document(), "value": self.value}


def score_split(artifact: Artifact, split: Split, *, name: str) -> NDArray[np.float32]:
    """Score the rows of `split`; `name` is in the error when the model cannot.

    Raises:
        DataError: the model needs a column that the split lacks, or gives a score that is no number.
    """
    try:
        scores = artifact.scorer.score(artifact.contract.encode(split.features))
    except DataError as exc:
        raise DataError(f"the {name} cannot be evaluated: {exc}") from exc
    if not np.isfinite(scores).all():
        raise DataError(f"the {name} must score every row, got {int((~np.isfinite(scores)).sum())} scores not finite")
    return scores


def evaluate_model(artifact: Artifact, split: Split, values: OutcomeValues, *, name: str) -> ModelEvaluation:
    """Score the rows of `split`, and compute metrics, outcomes and their value."""
    scores, threshold = score_split(artifact, split, name=name), artifact.contract.threshold
    positive = split.target == 1
    outcomes = confusion(positive, scores, threshold)
    return ModelEvaluation(
        metrics=measure(positive, scores, threshold),
        outcomes=outcomes,
        value=values.of(outcomes),
        roc=roc_curve(positive, scores),
    )


def evaluation_document(
    candidate: ModelEvaluation,
    baseline: ModelEvaluation,
    champion: Mapping[str, Any] | None,
    *,
    gate: Mapping[str, Any],
    profile: Mapping[str, Any],
) -> dict[str, Any]:
    """Make `evaluation.json`; its first part is in the model registry's own format."""
    return {
        "binary_classification_metrics": _registry_metrics(candidate),
        "metrics": candidate.metrics.to_document(),
        "baseline": baseline.to_document(),
        "champion": champion,
        "value": candidate.value,
        "gate": gate,
        "data": {"rows": profile["rows"], "sha256": profile["sha256"]},
    }


def _registry_metrics(evaluation: ModelEvaluation) -> dict[str, Any]:
    metrics = evaluation.metrics.to_document()
    single = {name: metrics[name] for name in ("accuracy", "precision", "recall", "f1", "auc")}
    return {
        **{name: {"value": value, "standard_deviation": "NaN"} for name, value in single.items()},
        "confusion_matrix": evaluation.outcomes.to_document(),
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": evaluation.roc[0],
            "true_positive_rates": evaluation.roc[1],
        },
    }
