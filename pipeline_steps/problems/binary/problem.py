"""Binary classification: a probability of the positive label, and a threshold that makes it a label."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.errors import DataError, StepError
from pipeline_steps.problems.binary.quality import BINARY_QUALITY
from pipeline_steps.problems.binary.responses import BinaryResponder
from pipeline_steps.problems.binary.value import value_of_rows
from pipeline_steps.problems.measuring import PerResample, defined, mean, once
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
from pipeline_steps.rounding import counted
from pipeline_steps.tables.cells import category, quoted
from pipeline_steps.tables.near_matches import near_match
from pipeline_steps.tables.use_case import UseCase

if TYPE_CHECKING:
    import pandas as pd

_LARGEST_DIFFERENCE = 1e-5
_ROUNDING = 1e-6


class Binary:
    """The target has two labels, of which one is positive."""

    name = "binary"
    output = "score"
    has_target = True
    likelihood: Likelihood = "bernoulli"
    metrics: Mapping[str, Direction] = {
        "auc": "maximize",
        "average_precision": "maximize",
        "accuracy": "maximize",
        "precision": "maximize",
        "recall": "maximize",
        "f1": "maximize",
        "log_loss": "minimize",
        "brier": "minimize",
    }
    headline_range = (0.0, 1.0)
    label_kind: LabelKind = "positive"
    quality: Quality | None = BINARY_QUALITY

    def read_target(self, cells: "pd.Series[str]", use_case: UseCase) -> tuple[Target, tuple[str, ...]]:
        """Read 1 for the positive label and 0 for the other; the labels are the other one's and the positive one's."""
        positive = category(_positive_label(use_case))
        found = cells.value_counts().sort_index()
        if problems := list(_label_problems(found, positive, use_case)):
            raise DataError("\n".join(problems))
        other = next(label for label in found.index if label != positive)
        return (cells == positive).to_numpy().astype(np.float64), (str(other), positive)

    def strata(self, target: Target) -> NDArray[np.int64]:
        """Number the strata by class."""
        return target.astype(np.int64)

    def category_order(self, target: Target) -> NDArray[np.float64]:
        """Order categories by their share of positives."""
        return target

    def comparison_rows(
        self, features: "pd.DataFrame", target: Target, use_case: UseCase, *, seed: int
    ) -> tuple["pd.DataFrame", Target]:
        """Give the rows as they are."""
        return features, target

    def against(self, use_case: UseCase) -> str:
        """Name none: metrics are of the rows alone."""
        return ""

    def naive_outputs(self, train: Target, outputs: Outputs, target: Target, use_case: UseCase) -> Outputs:
        """Give every row the share of positives."""
        return np.full(len(outputs), train.mean(), dtype=np.float32)

    def choose_decision(self, target: Target, outputs: Outputs, use_case: UseCase) -> dict[str, Any]:
        """Choose the threshold."""
        from pipeline_steps.problems.binary.threshold import choose_threshold  # noqa: PLC0415

        return {"threshold": choose_threshold(target == 1, outputs, use_case.decision, use_case.value)}

    def labels(self, outputs: Outputs, decision: Decision) -> NDArray[np.int64]:
        """Label a row 1 from the threshold on."""
        positive: NDArray[np.int64] = (outputs >= decision["threshold"]).astype(np.int64)
        return positive

    def label_names(self, classes: Sequence[str], width: int) -> tuple[str, ...]:
        """Name them as responses do."""
        return "0", "1"

    def headline(self, outputs: Outputs) -> NDArray[np.float32]:
        """Give the score."""
        return outputs

    def decision_curve(self, target: Target, outputs: Outputs, use_case: UseCase) -> list[dict[str, float]]:
        """Measure labels at thresholds from the least score to the highest."""
        from pipeline_steps.problems.binary.curve import threshold_curve  # noqa: PLC0415

        return threshold_curve(target == 1, outputs, use_case.value)

    def measure(self, target: Target, outputs: Outputs, decision: Decision, use_case: UseCase) -> dict[str, float]:
        """Measure ranking, labels and calibration.

        Raises:
            ValueError: only one class is there, so that ranking means nothing.
        """
        if len(np.unique(target)) < 2:
            raise ValueError(f"both classes must be there to be ranked, got {counted(len(target), 'row')} of one")
        return defined(self.measure_resamples(target, outputs, decision, use_case, once(len(target))))

    def measure_resamples(
        self, target: Target, outputs: Outputs, decision: Decision, use_case: UseCase, resamples: Resamples
    ) -> dict[str, PerResample]:
        """Measure each resample."""
        from pipeline_steps.problems.binary.metrics import (  # noqa: PLC0415
            label_metrics,
            probability_metrics,
            ranking_metrics,
        )

        positive, predicted = target == 1, self.labels(outputs, decision) == 1
        found = {
            **ranking_metrics(positive, outputs, resamples),
            **label_metrics(positive, predicted, resamples),
            **probability_metrics(positive, outputs, resamples),
        }
        if use_case.value is not None:
            found[VALUE_METRIC] = 1000 * mean(resamples, value_of_rows(positive, predicted, use_case.value))
        return found

    def report(self) -> Report:
        """Make what shows models."""
        from pipeline_steps.problems.binary.report import BinaryReport  # noqa: PLC0415 (the server shows none)

        return BinaryReport()

    def largest_difference(self, exported: Outputs, fitted: Outputs) -> tuple[float, float]:
        """Compare probabilities."""
        return float(np.abs(exported.astype(np.float64) - fitted).max(initial=0.0)), _LARGEST_DIFFERENCE

    def responder(self, classes: Sequence[str], decision: Decision) -> BinaryResponder:
        """Make what writes and reads responses."""
        return BinaryResponder(float(decision["threshold"]))

    def meaning(self, use_case: UseCase) -> dict[str, Any]:
        """Say whose probability the score is."""
        return {"name": self.output, "meaning": f"probability of {_positive_label(use_case)}"}

    def output_errors(self, outputs: Outputs, classes: Sequence[str], rows: int) -> list[str]:
        """Check for one probability a row."""
        if outputs.shape != (rows,):
            return [f"model.onnx must give one score a row, shape ({rows},), got {outputs.shape}"]
        wrong = [score for score in outputs.tolist() if not -_ROUNDING <= score <= 1 + _ROUNDING]
        if not wrong:
            return []
        what = "not finite" if not math.isfinite(wrong[0]) else f"as {wrong[0]:g}"
        return [f"model.onnx must give scores in 0..1, got {len(wrong)} of {rows} {what}"]


def _positive_label(use_case: UseCase) -> str:
    if use_case.positive_label is None:
        raise StepError("a binary use case must have a positive label, got none")
    return use_case.positive_label


def _label_problems(found: "pd.Series[int]", positive: str, use_case: UseCase) -> Iterator[str]:
    values = ", ".join(f"{quoted(value)} ({counted(count, 'row')})" for value, count in found.head(5).items()) or "none"
    if positive not in found:
        near = near_match(positive, map(str, found.index))
        yield (
            f"target {use_case.target} must hold the positive label {quoted(use_case.positive_label)}, got {values}"
            + (f"; there is {near}" if near else "")
        )
    elif len(found) != 2:
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        yield f"target {use_case.target} must have two values, got {values}{more}"


BINARY = Binary()
