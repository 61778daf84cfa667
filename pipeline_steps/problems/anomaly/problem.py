"""Anomaly detection: a score a row, fitted without labels; known labels measure it and choose the threshold."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.anomaly.responses import AnomalyResponder
from pipeline_steps.problems.binary.problem import BINARY
from pipeline_steps.problems.binary.quality import BINARY_QUALITY
from pipeline_steps.problems.binary.value import value_of_rows
from pipeline_steps.problems.checks import finite_errors, relative_difference, shape_errors
from pipeline_steps.problems.measuring import PerResample, defined, mean, once
from pipeline_steps.problems.permuted import with_permuted_rows
from pipeline_steps.problems.problem import (
    VALUE_METRIC,
    Decision,
    Direction,
    LabelKind,
    Likelihood,
    Outputs,
    Resamples,
    Target,
)
from pipeline_steps.problems.quality import Quality
from pipeline_steps.problems.report import Report
from pipeline_steps.tables.use_case import UseCase

if TYPE_CHECKING:
    import pandas as pd

_LARGEST_RELATIVE_DIFFERENCE = 1e-4
_ROUNDING = 1e-6
_SHARE = 0.01


class Anomaly:
    """There is no target that is fitted; scores are higher for rows that are unlike the others.

    Without labels, rows with independently permuted columns take the place of anomalies where metrics need some.
    """

    name = "anomaly"
    output = "score"
    has_target = False
    likelihood: Likelihood = "none"
    metrics: Mapping[str, Direction] = {"auc": "maximize", "average_precision": "maximize"}
    headline_range = (0.0, 1.0)
    label_kind: LabelKind = "positive"
    quality: Quality | None = BINARY_QUALITY

    def read_target(self, cells: "pd.Series[str]", use_case: UseCase) -> tuple[Target, tuple[str, ...]]:
        """Read 1 for the positive label, which is the anomalous one, and 0 for the other."""
        return BINARY.read_target(cells, use_case)

    def strata(self, target: Target) -> NDArray[np.int64]:
        """Number the strata by label, where it is known."""
        anomalous: NDArray[np.int64] = (target == 1).astype(np.int64)
        return anomalous

    def category_order(self, target: Target) -> NDArray[np.float64]:
        """Order categories by nothing: labels are not fitted."""
        return np.zeros(len(target))

    def comparison_rows(
        self, features: "pd.DataFrame", target: Target, use_case: UseCase, *, seed: int
    ) -> tuple["pd.DataFrame", Target]:
        """Give the rows as they are if labels are known, else with permuted ones."""
        return (features, target) if use_case.target else with_permuted_rows(features, seed=seed)

    def against(self, use_case: UseCase) -> str:
        """Name the permuted rows, where no label is known."""
        return "" if use_case.target else "permuted rows"

    def naive_outputs(self, train: Target, outputs: Outputs, target: Target, use_case: UseCase) -> Outputs:
        """Give every row the same score."""
        return np.full(len(outputs), 0.5, dtype=np.float32)

    def choose_decision(self, target: Target, outputs: Outputs, use_case: UseCase) -> dict[str, Any]:
        """Choose the threshold: by labels if they are known, else for a share of the rows, 1 % unless it is given."""
        from pipeline_steps.problems.binary.threshold import choose_threshold  # noqa: PLC0415

        decision, real = use_case.decision, _real(target, use_case)
        if use_case.target is None:
            decision = {"maximise": "top_share", "share": decision.get("share", _SHARE)}
        found = choose_threshold(target[real] == 1, outputs[real], decision, use_case.value, probabilities=False)
        return {"threshold": found}

    def labels(self, outputs: Outputs, decision: Decision) -> NDArray[np.int64]:
        """Label a row 1, anomalous, from the threshold on."""
        return BINARY.labels(outputs, decision)

    def label_names(self, classes: Sequence[str], width: int) -> tuple[str, ...]:
        """Name them as responses do."""
        return "false", "true"

    def headline(self, outputs: Outputs) -> NDArray[np.float32]:
        """Give the score."""
        return outputs

    def decision_curve(self, target: Target, outputs: Outputs, use_case: UseCase) -> list[dict[str, float]]:
        """Measure labels at thresholds; without labels there is the share of anomalous rows alone."""
        from pipeline_steps.problems.binary.curve import threshold_curve  # noqa: PLC0415

        real = _real(target, use_case)
        curve = threshold_curve(target[real] == 1, outputs[real], use_case.value)
        if use_case.target is None:
            return [{name: point[name] for name in ("threshold", "share_positive")} for point in curve]
        return curve

    def measure(self, target: Target, outputs: Outputs, decision: Decision, use_case: UseCase) -> dict[str, float]:
        """Measure ranking, and the share of rows that are labelled anomalous; with labels, these too."""
        return defined(self.measure_resamples(target, outputs, decision, use_case, once(len(target))))

    def measure_resamples(
        self, target: Target, outputs: Outputs, decision: Decision, use_case: UseCase, resamples: Resamples
    ) -> dict[str, PerResample]:
        """Measure each resample."""
        from pipeline_steps.problems.binary.metrics import label_metrics, ranking_metrics  # noqa: PLC0415

        positive, predicted = target == 1, self.labels(outputs, decision) == 1
        real = _real(target, use_case)
        found = {
            **ranking_metrics(positive, outputs, resamples),
            "flagged_share": mean(resamples[:, real], predicted[real]),
        }
        if use_case.target is not None:
            measured = label_metrics(positive, predicted, resamples)
            found |= {name: measured[name] for name in ("precision", "recall", "f1")}
            if use_case.value is not None:
                found[VALUE_METRIC] = 1000 * mean(resamples, value_of_rows(positive, predicted, use_case.value))
        return found

    def report(self) -> Report:
        """Make what shows models."""
        from pipeline_steps.problems.anomaly.report import AnomalyReport  # noqa: PLC0415 (the server shows none)

        return AnomalyReport()

    def largest_difference(self, exported: Outputs, fitted: Outputs) -> tuple[float, float]:
        """Compare scores, relative to their scale."""
        return relative_difference(exported, fitted), _LARGEST_RELATIVE_DIFFERENCE

    def responder(self, classes: Sequence[str], decision: Decision) -> AnomalyResponder:
        """Make what writes and reads responses."""
        return AnomalyResponder(float(decision["threshold"]))

    def meaning(self, use_case: UseCase) -> dict[str, Any]:
        """Say what the score means."""
        return {"name": self.output, "meaning": "higher for a row that is unlike the others"}

    def output_errors(self, outputs: Outputs, classes: Sequence[str], rows: int) -> list[str]:
        """Check for one score a row."""
        if found := shape_errors(outputs, (rows,), "one score a row") or finite_errors(outputs):
            return found
        wrong = outputs[(outputs < -_ROUNDING) | (outputs > 1 + _ROUNDING)]
        return (
            [f"model.onnx must give scores in 0..1, got {len(wrong)} of {rows} as {wrong[0]:g}"] if len(wrong) else []
        )


def _real(target: Target, use_case: UseCase) -> NDArray[np.bool_]:
    """The rows of the table, without the permuted ones."""
    real: NDArray[np.bool_] = np.ones(len(target), dtype=bool) if use_case.target is not None else target != 1
    return real


ANOMALY = Anomaly()
