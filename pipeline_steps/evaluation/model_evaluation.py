"""One model on one split, and what `evaluation.json` says of all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.loading import Artifact
from pipeline_steps.errors import DataError
from pipeline_steps.problems.binary.metrics import Confusion, Metrics, confusion, measure, roc_curve
from pipeline_steps.problems.binary.value import OutcomeValues
from pipeline_steps.tables.prepared import Split


@dataclass(frozen=True)
class Judgement:
    """What a model does on a split, at its own threshold."""

    metrics: Metrics
    outcomes: Confusion
    value: dict[str, Any]
    roc: tuple[list[float], list[float]]

    def to_document(self) -> dict[str, Any]:
        return {**self.metrics.to_document(), "value": self.value}


def score_split(artifact: Artifact, split: Split, *, who: str) -> NDArray[np.float32]:
    """Score the rows of `split`; `who` is named when the model cannot.

    Raises:
        DataError: the model needs a column that the split lacks, or gives a score that is no number.
    """
    try:
        scores = artifact.scorer.score(artifact.contract.encode(split.features))
    except DataError as exc:
        raise DataError(f"the {who} cannot be judged: {exc}") from exc
    if not np.isfinite(scores).all():
        raise DataError(f"the {who} must score every row, got {int((~np.isfinite(scores)).sum())} scores not finite")
    return scores


def judge(artifact: Artifact, split: Split, values: OutcomeValues, *, who: str) -> Judgement:
    """Score the rows of `split`, and count, measure and price the outcomes."""
    scores, threshold = score_split(artifact, split, who=who), artifact.contract.threshold
    outcomes = confusion(split.positive, scores, threshold)
    return Judgement(
        metrics=measure(split.positive, scores, threshold),
        outcomes=outcomes,
        value=values.of(outcomes),
        roc=roc_curve(split.positive, scores),
    )


def evaluation_document(
    candidate: Judgement,
    baseline: Judgement,
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


def _registry_metrics(judgement: Judgement) -> dict[str, Any]:
    metrics, outcomes = judgement.metrics.to_document(), judgement.outcomes
    single = {name: metrics[name] for name in ("accuracy", "precision", "recall", "f1", "auc")}
    return {
        **{name: {"value": value, "standard_deviation": "NaN"} for name, value in single.items()},
        "confusion_matrix": {
            "0": {"0": outcomes.true_negative, "1": outcomes.false_positive},
            "1": {"0": outcomes.false_negative, "1": outcomes.true_positive},
        },
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": judgement.roc[0],
            "true_positive_rates": judgement.roc[1],
        },
    }
