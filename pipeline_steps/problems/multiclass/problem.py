"""Classification into several labels: a probability of each, of which the highest or the most valuable decides."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.errors import DataError
from pipeline_steps.problems.checks import finite_errors, shape_errors
from pipeline_steps.problems.measuring import PerResample, defined, mean, once
from pipeline_steps.problems.multiclass.quality import MULTICLASS_QUALITY
from pipeline_steps.problems.multiclass.responses import MulticlassResponder
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
from pipeline_steps.tables.use_case import UseCase

if TYPE_CHECKING:
    import pandas as pd

_LARGEST_DIFFERENCE = 1e-5
_SUM_ROUNDING = 1e-4


class Multiclass:
    """The target has labels, two or more, of any text.

    The default metric is the logarithmic loss: it needs no threshold, it is finer than accuracy on the few hundred rows
    of a small validation split, where accuracy has ties, and it punishes false confidence, which harms decisions
    by value and readers of `scores`. Accuracy is measured beside it and can be chosen.
    """

    name = "multiclass"
    output = "scores"
    has_target = True
    likelihood: Likelihood = "categorical"
    metrics: Mapping[str, Direction] = {
        "log_loss": "minimize",
        "accuracy": "maximize",
        "f1_macro": "maximize",
        "f1_weighted": "maximize",
        "balanced_accuracy": "maximize",
        "auc_ovr": "maximize",
    }
    headline_range = (0.0, 1.0)
    label_kind: LabelKind = "category"
    quality: Quality | None = MULTICLASS_QUALITY

    def read_target(self, cells: "pd.Series[str]", use_case: UseCase) -> tuple[Target, tuple[str, ...]]:
        """Read the place of each label among the sorted ones; numbers sort as numbers, and 1.0 is 1."""
        labels = {text: category(text) for text in cells.unique().tolist()}
        classes = _in_order(set(labels.values()))
        if len(classes) < 2:
            raise DataError(
                f"target {use_case.target} must have two or more labels, got {quoted(classes[0])} in all rows"
            )
        if 2 * len(classes) > len(cells):
            found = f"{counted(len(classes), 'label')} in {counted(len(cells), 'row')}"
            raise DataError(
                f"target {use_case.target} must repeat its labels, got {found};"
                ' if they are amounts, choose problem = "regression"'
            )
        places = {label: float(place) for place, label in enumerate(classes)}
        return cells.map({text: places[label] for text, label in labels.items()}).to_numpy(np.float64), classes

    def strata(self, target: Target) -> NDArray[np.int64]:
        """Number the strata by class."""
        return target.astype(np.int64)

    def category_order(self, target: Target) -> NDArray[np.float64]:
        """Order categories by their share of the most frequent class."""
        most = np.bincount(target.astype(np.int64)).argmax()
        is_most: NDArray[np.float64] = (target == most).astype(np.float64)
        return is_most

    def comparison_rows(
        self, features: "pd.DataFrame", target: Target, use_case: UseCase, *, seed: int
    ) -> tuple["pd.DataFrame", Target]:
        """Give the rows as they are."""
        return features, target

    def against(self, use_case: UseCase) -> str:
        """Name none: metrics are of the rows alone."""
        return ""

    def naive_outputs(self, train: Target, outputs: Outputs, target: Target, use_case: UseCase) -> Outputs:
        """Give every row the shares of the classes."""
        shares = np.bincount(train.astype(np.int64), minlength=outputs.shape[1]) / len(train)
        return np.tile(shares.astype(np.float32), (len(outputs), 1))

    def choose_decision(self, target: Target, outputs: Outputs, use_case: UseCase) -> dict[str, Any]:
        """Take the values by which the most valuable label is chosen; without them it is the likeliest."""
        if use_case.value is None or use_case.decision.get("maximise") == "accuracy":
            return {}
        from pipeline_steps.problems.multiclass.value import value_matrix  # noqa: PLC0415

        return {"values": value_matrix(use_case.value, use_case.classes).tolist()}

    def decision_curve(self, target: Target, outputs: Outputs, use_case: UseCase) -> list[dict[str, float]]:
        """There is no threshold."""
        return []

    def labels(self, outputs: Outputs, decision: Decision) -> NDArray[np.int64]:
        """Choose the class of the highest expected value, or of the highest probability."""
        values = decision.get("values")
        worth = outputs if values is None else outputs @ np.asarray(values, dtype=np.float64)
        chosen: NDArray[np.int64] = worth.argmax(axis=1)
        return chosen

    def label_names(self, classes: Sequence[str], width: int) -> tuple[str, ...]:
        """Name the classes."""
        return tuple(classes)

    def headline(self, outputs: Outputs) -> NDArray[np.float32]:
        """Give the highest probability."""
        highest: NDArray[np.float32] = outputs.max(axis=1)
        return highest

    def measure(self, target: Target, outputs: Outputs, decision: Decision, use_case: UseCase) -> dict[str, float]:
        """Measure labels, ranking and probabilities."""
        return defined(self.measure_resamples(target, outputs, decision, use_case, once(len(target))))

    def measure_resamples(
        self, target: Target, outputs: Outputs, decision: Decision, use_case: UseCase, resamples: Resamples
    ) -> dict[str, PerResample]:
        """Measure each resample."""
        from pipeline_steps.problems.multiclass.metrics import (  # noqa: PLC0415
            auc_one_against_rest,
            class_metrics,
            log_loss,
        )

        actual, predicted = target.astype(np.int64), self.labels(outputs, decision)
        found = {
            "log_loss": log_loss(actual, outputs, resamples),
            **class_metrics(actual, predicted, outputs.shape[1], resamples),
            "auc_ovr": auc_one_against_rest(actual, outputs, resamples),
        }
        if "values" in decision:
            found[VALUE_METRIC] = 1000 * mean(resamples, np.asarray(decision["values"])[actual, predicted])
        return found

    def report(self) -> Report:
        """Make what shows models."""
        from pipeline_steps.problems.multiclass.report import MulticlassReport  # noqa: PLC0415 (the server shows none)

        return MulticlassReport()

    def largest_difference(self, exported: Outputs, fitted: Outputs) -> tuple[float, float]:
        """Compare probabilities."""
        return float(np.abs(exported.astype(np.float64) - fitted).max(initial=0.0)), _LARGEST_DIFFERENCE

    def responder(self, classes: Sequence[str], decision: Decision) -> MulticlassResponder:
        """Make what writes and reads responses."""
        values = decision.get("values")
        return MulticlassResponder(classes, None if values is None else np.asarray(values, dtype=np.float64))

    def meaning(self, use_case: UseCase) -> dict[str, Any]:
        """Say what the scores are."""
        return {"name": self.output, "meaning": f"probability of each label of {use_case.target}"}

    def output_errors(self, outputs: Outputs, classes: Sequence[str], rows: int) -> list[str]:
        """Check for one probability a class, which add up to 1."""
        if found := shape_errors(outputs, (rows, len(classes)), "one score a class") or finite_errors(outputs):
            return found
        if wrong := int((np.abs(outputs.sum(axis=1, dtype=np.float64) - 1) > _SUM_ROUNDING).sum()):
            return [f"model.onnx must give scores that add up to 1, got {wrong} of {rows} rows that do not"]
        if outputs.min(initial=0.0) < -_SUM_ROUNDING:
            return [f"model.onnx must give scores in 0..1, got {outputs.min():g}"]
        return []


def _in_order(labels: set[str]) -> tuple[str, ...]:
    """Sort by the number where all labels are numbers, else as text."""
    try:
        return tuple(sorted(labels, key=lambda label: (float(label), label)))
    except ValueError:
        return tuple(sorted(labels))


MULTICLASS = Multiclass()
