"""The gate: whether a candidate may be registered, with its reasons in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GATE_METRICS = ("auc", "average_precision", "accuracy", "f1")


@dataclass(frozen=True)
class QualityGate:
    """The conditions, all of which must hold."""

    metric: str
    threshold: float
    min_gain_over_baseline: float
    max_loss_to_champion: float
    max_gap: float
    accuracy_target: float

    def decide(
        self,
        *,
        candidate: Mapping[str, Any],
        baseline: Mapping[str, Any],
        champion: Mapping[str, Any] | None,
        train_auc: float,
        validation_auc: float,
    ) -> dict[str, Any]:
        """Compare metrics on the test split, and the AUC of training with that of validation for overfitting.

        The aim for accuracy is reported beside the conditions and is none of them.
        """
        value, of_baseline = float(candidate[self.metric]), float(baseline[self.metric])
        of_champion = value if champion is None else float(champion[self.metric])
        gain, loss, gap = value - of_baseline, of_champion - value, train_auc - validation_auc
        name, threshold, least = self.metric, self.threshold, self.min_gain_over_baseline
        checks = {
            f"{name} {value:.4f} is below the threshold {threshold:g}": value >= threshold,
            f"{name} gains {gain:.4f} over the baseline's {of_baseline:.4f}, at least {least:g} is needed": gain
            >= least,
            f"{name} is {loss:.4f} below the champion's {of_champion:.4f}, "
            f"at most {self.max_loss_to_champion:g} is allowed": loss <= self.max_loss_to_champion,
            f"train auc {train_auc:.4f} is {gap:.4f} above validation auc, at most {self.max_gap:g} is allowed": gap
            <= self.max_gap,
        }
        reasons = [reason for reason, passes in checks.items() if not passes]
        return {
            "metric": name,
            "value": value,
            "threshold": threshold,
            "gain_over_baseline": gain,
            "loss_to_champion": loss,
            "gap": gap,
            "accuracy_target": self.accuracy_target,
            "accuracy_target_met": float(candidate["accuracy"]) >= self.accuracy_target,
            "passed": not reasons,
            "reasons": "; ".join(reasons) or "every condition holds",
        }
