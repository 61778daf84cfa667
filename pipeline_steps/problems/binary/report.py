"""What is shown of a binary model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.binary import pictures
from pipeline_steps.problems.binary.metrics import area_under_roc, confusion, cumulative_outcomes, roc_curve
from pipeline_steps.problems.report import Losses, Predicted, measured

_LEAST_PROBABILITY = 1e-7
_DRAWS = 300
_POINTS = 200


class BinaryReport:
    """Log loss, the outcomes, and the curves of every threshold."""

    def losses(self, predicted: Predicted) -> Losses:
        """Give minus the logarithm of the probability of what happened."""
        scores = predicted.outputs.astype(np.float64)
        of_truth = np.where(predicted.target == 1, scores, 1 - scores)
        return Losses("log_loss", -np.log(np.clip(of_truth, _LEAST_PROBABILITY, 1)))

    def model_quality(self, predicted: Predicted, deviations: Mapping[str, float]) -> dict[str, Any]:
        """Give `binary_classification_metrics`; what outcomes alone decide is resampled from their counts."""
        positive = predicted.target == 1
        outcomes = confusion(positive, predicted.outputs, predicted.decision["threshold"])
        counts = [outcomes.true_positive, outcomes.false_positive, outcomes.true_negative, outcomes.false_negative]
        drawn = np.random.default_rng(0).multinomial(outcomes.rows, np.array(counts) / outcomes.rows, size=_DRAWS)
        values, resampled = _of_outcomes(np.array([counts])), _of_outcomes(drawn)
        constant = _of_outcomes(np.array([[outcomes.positive, outcomes.negative, 0, 0]]))
        of_constant = ("recall", "precision", "accuracy", "f0_5", "f1", "f2")
        false_rates, true_rates = roc_curve(positive, predicted.outputs)
        precisions, recalls = precision_recall(positive, predicted.outputs)
        found: dict[str, Any] = {
            "confusion_matrix": outcomes.to_document(),
            "receiver_operating_characteristic_curve": {
                "false_positive_rates": false_rates,
                "true_positive_rates": true_rates,
            },
            "precision_recall_curve": {"precisions": precisions, "recalls": recalls},
            "auc": measured(area_under_roc(positive, predicted.outputs), deviations.get("auc")),
            **{name: measured(float(value[0]), float(resampled[name].std())) for name, value in values.items()},
            **{f"{name}_best_constant_classifier": measured(float(constant[name][0])) for name in of_constant},
        }
        return {"binary_classification_metrics": found}

    def draw(self, folder: Path, predicted: Predicted) -> dict[str, str]:
        """Draw curves, outcomes, calibration, scores and gains."""
        return pictures.draw(folder, predicted, precision_recall(predicted.target == 1, predicted.outputs))


def _of_outcomes(counts: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Compute each metric of [draws, 4] counts: true and false positives, true and false negatives."""
    hits, alarms, passes, misses = counts.T.astype(np.float64)

    def share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = np.divide(part, whole, out=np.zeros_like(hits), where=whole > 0)
        return found

    def f_score(beta: float) -> NDArray[np.float64]:
        weight = beta**2
        return share((1 + weight) * hits, (1 + weight) * hits + weight * misses + alarms)

    return {
        "accuracy": share(hits + passes, hits + alarms + passes + misses),
        "precision": share(hits, hits + alarms),
        "recall": share(hits, hits + misses),
        "true_positive_rate": share(hits, hits + misses),
        "true_negative_rate": share(passes, passes + alarms),
        "false_positive_rate": share(alarms, passes + alarms),
        "false_negative_rate": share(misses, hits + misses),
        "f0_5": f_score(0.5),
        "f1": f_score(1),
        "f2": f_score(2),
    }


def precision_recall(positive: NDArray[np.bool_], scores: NDArray[np.float32]) -> tuple[list[float], list[float]]:
    """Give precisions by recalls from 0 to 1, thinned."""
    hits, alarms = cumulative_outcomes(positive, scores)
    kept = np.unique(np.linspace(0, len(hits) - 1, min(_POINTS, len(hits))).round().astype(np.int64))
    precisions, recalls = hits / (hits + alarms), hits / hits[-1]
    return [1.0, *precisions[kept].tolist()], [0.0, *recalls[kept].tolist()]
