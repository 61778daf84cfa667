"""Regression: a number a row."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.errors import DataError
from pipeline_steps.problems.checks import finite_errors, relative_difference, shape_errors
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
from pipeline_steps.problems.regression.quality import REGRESSION_QUALITY
from pipeline_steps.problems.regression.responses import RegressionResponder
from pipeline_steps.problems.report import Report
from pipeline_steps.tables.cells import parse_number, quoted
from pipeline_steps.tables.use_case import UseCase
from pipeline_steps.tables.written_numbers import are_written_numbers, too_large

if TYPE_CHECKING:
    import pandas as pd

_LARGEST_RELATIVE_DIFFERENCE = 1e-4
_STRATA = 10
_ROWS_A_STRATUM = 10
_BY_ABSOLUTE_ERROR = frozenset({"mae", "mape", "median_absolute_error"})


class Regression:
    """The target is a number."""

    name = "regression"
    output = "value"
    has_target = True
    likelihood: Likelihood = "normal"
    metrics: Mapping[str, Direction] = {
        "rmse": "minimize",
        "mae": "minimize",
        "r2": "maximize",
        "mape": "minimize",
        "median_absolute_error": "minimize",
        "explained_variance": "maximize",
    }
    headline_range = (-math.inf, math.inf)
    label_kind: LabelKind = "number"
    quality: Quality | None = REGRESSION_QUALITY

    def read_target(self, cells: "pd.Series[str]", use_case: UseCase) -> tuple[Target, tuple[str, ...]]:
        """Read numbers; there are no labels."""
        texts = cells.tolist()
        numbers = np.array([_number(text) for text in texts])
        if wrong := [text for text, number in zip(texts, numbers.tolist(), strict=True) if math.isnan(number)]:
            if large := too_large(cells):
                raise DataError(f"target {use_case.target} must hold numbers, {large}")
            shown = ", ".join(quoted(text) for text in list(dict.fromkeys(wrong))[:3])
            labels = 'if they are labels, choose problem = "multiclass" or "binary"'
            step = "write digits and a decimal point alone" if are_written_numbers(wrong) else labels
            rows = f"{len(wrong)} of {len(texts)} rows"
            raise DataError(f"target {use_case.target} must hold numbers, got {shown} in {rows}; {step}")
        if numbers.min() == numbers.max():
            raise DataError(f"target {use_case.target} must vary, got {quoted(texts[0])} in all {len(texts)} rows")
        return numbers, ()

    def strata(self, target: Target) -> NDArray[np.int64]:
        """Number the strata by quantile."""
        bins = max(1, min(_STRATA, len(target) // _ROWS_A_STRATUM))
        edges = np.unique(np.quantile(target, np.arange(1, bins) / bins))
        return np.searchsorted(edges, target, side="right").astype(np.int64)

    def category_order(self, target: Target) -> NDArray[np.float64]:
        """Order categories by the mean of their numbers."""
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
        """Give every row the mean, or the median where absolute errors count."""
        middle = np.median(train) if use_case.metric in _BY_ABSOLUTE_ERROR else train.mean()
        return np.full(len(outputs), middle, dtype=np.float32)

    def choose_decision(self, target: Target, outputs: Outputs, use_case: UseCase) -> dict[str, Any]:
        """Choose the interval's half width where it is asked for, and the shift where errors have a value."""
        from pipeline_steps.problems.regression.amounts import best_shift, conformal_half_width  # noqa: PLC0415

        decision: dict[str, Any] = {}
        if coverage := use_case.decision.get("interval"):
            half_width = conformal_half_width(target, outputs, coverage)
            decision["interval"] = {"coverage": coverage, "half_width": half_width}
        if use_case.value is not None:
            decision["shift"] = best_shift(target, outputs, use_case.value)
        return decision

    def decision_curve(self, target: Target, outputs: Outputs, use_case: UseCase) -> list[dict[str, float]]:
        """There is no threshold."""
        return []

    def labels(self, outputs: Outputs, decision: Decision) -> NDArray[np.float64]:
        """Give the amount to act on: the value, shifted where errors of both directions cost differently."""
        amounts: NDArray[np.float64] = outputs.astype(np.float64) + decision.get("shift", 0.0)
        return amounts

    def label_names(self, classes: Sequence[str], width: int) -> tuple[str, ...]:
        """Labels are numbers of any size."""
        return ()

    def headline(self, outputs: Outputs) -> NDArray[np.float32]:
        """Give the value."""
        return outputs

    def measure(self, target: Target, outputs: Outputs, decision: Decision, use_case: UseCase) -> dict[str, float]:
        """Measure errors of the value, and what the amounts to act on are worth."""
        return defined(self.measure_resamples(target, outputs, decision, use_case, once(len(target))))

    def measure_resamples(
        self, target: Target, outputs: Outputs, decision: Decision, use_case: UseCase, resamples: Resamples
    ) -> dict[str, PerResample]:
        """Measure each resample; with an interval also the share of rows that lie in it."""
        from pipeline_steps.problems.regression.amounts import value_of_rows  # noqa: PLC0415
        from pipeline_steps.problems.regression.metrics import number_metrics  # noqa: PLC0415

        found = number_metrics(target, outputs, resamples)
        if use_case.value is not None:
            worth = value_of_rows(target, self.labels(outputs, decision), use_case.value)
            found[VALUE_METRIC] = 1000 * mean(resamples, worth)
        if "interval" in decision:
            inside = np.abs(target - outputs) <= decision["interval"]["half_width"]
            found["interval_coverage"] = mean(resamples, inside.astype(np.float64))
        return found

    def report(self) -> Report:
        """Make what shows models."""
        from pipeline_steps.problems.regression.report import RegressionReport  # noqa: PLC0415 (the server shows none)

        return RegressionReport()

    def largest_difference(self, exported: Outputs, fitted: Outputs) -> tuple[float, float]:
        """Compare values, relative to their scale."""
        return relative_difference(exported, fitted), _LARGEST_RELATIVE_DIFFERENCE

    def responder(self, classes: Sequence[str], decision: Decision) -> RegressionResponder:
        """Make what writes and reads responses."""
        return RegressionResponder(decision.get("interval", {}).get("half_width"), decision.get("shift"))

    def meaning(self, use_case: UseCase) -> dict[str, Any]:
        """Say what the value is."""
        return {"name": self.output, "meaning": f"expected {use_case.target}"}

    def output_errors(self, outputs: Outputs, classes: Sequence[str], rows: int) -> list[str]:
        """Check for one finite number a row."""
        return shape_errors(outputs, (rows,), "one value a row") or finite_errors(outputs)


def _number(text: str) -> float:
    try:
        return parse_number(text)
    except ValueError:
        return math.nan


REGRESSION = Regression()
