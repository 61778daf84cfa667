"""Quality of predicted numbers whose outcome is known: SageMaker's `regression_metrics`."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipeline_steps.problems.quality import Labelled
from pipeline_steps.tables.cells import parse_number, quoted

FEWEST_ROWS = 100


class RegressionQuality:
    """Mean absolute error, mean squared error and its root, and the explained share of the variance."""

    section = "regression_metrics"
    published: Mapping[str, str] = {"MAE": "mae", "RMSE": "rmse", "R2": "r2"}

    def read_outcome(self, text: str, classes: Sequence[str]) -> float:
        """Read a number."""
        number = parse_number(text.strip())
        if math.isnan(number):
            raise ValueError(f"an outcome must be a number, got {quoted(text)}")
        return number

    def enough(self, labelled: Labelled) -> bool:
        """Whether a mean error means anything."""
        return len(labelled.truth) >= FEWEST_ROWS

    def measure(self, labelled: Labelled) -> dict[str, Any]:
        """Measure the values; standard errors of means by their spread, and of a root by the delta method."""
        error = labelled.truth - labelled.scores
        rows, squared = len(error), float(np.mean(error**2))
        of_squared = float(np.std(error**2)) / math.sqrt(rows)
        measured = {
            "mae": _with_error(float(np.mean(np.abs(error))), float(np.std(np.abs(error))) / math.sqrt(rows)),
            "mse": _with_error(squared, of_squared),
            "rmse": _with_error(math.sqrt(squared), of_squared / (2 * math.sqrt(squared)) if squared else 0.0),
        }
        if variance := float(np.var(labelled.truth)):
            measured["r2"] = {"value": 1 - squared / variance, "standard_deviation": "NaN"}
        return measured


def _with_error(value: float, error: float) -> dict[str, Any]:
    return {"value": value, "standard_deviation": error}


REGRESSION_QUALITY = RegressionQuality()
