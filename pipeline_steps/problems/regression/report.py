"""What is shown of a model of numbers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.drawing import BLUE, GREY, RED, picture, some
from pipeline_steps.problems.report import Losses, Predicted, measured
from pipeline_steps.rounding import rounded

_DECILES = 10
_LONG = 10_000


class RegressionReport:
    """Absolute errors."""

    def losses(self, predicted: Predicted) -> Losses:
        """Give the absolute error."""
        return Losses("absolute_error", np.abs(predicted.target - predicted.outputs))

    def model_quality(self, predicted: Predicted, deviations: Mapping[str, float]) -> dict[str, Any]:
        """Give `regression_metrics`."""
        error = predicted.target - predicted.outputs
        squared, spread = error**2, np.mean((predicted.target - predicted.target.mean()) ** 2)
        rows = np.sqrt(len(error))
        return {
            "regression_metrics": {
                "mae": measured(float(np.abs(error).mean()), float(np.abs(error).std() / rows)),
                "mse": measured(float(squared.mean()), float(squared.std() / rows)),
                "rmse": measured(float(np.sqrt(squared.mean())), deviations.get("rmse")),
                "r2": measured(float(1 - squared.mean() / spread) if spread > 0 else 0.0, deviations.get("r2")),
            }
        }

    def draw(self, folder: Path, predicted: Predicted) -> dict[str, str]:
        """Draw predicted against true, residuals, and the error by size."""
        draw_against_truth(folder / "predicted.svg", predicted)
        draw_residuals(folder / "residuals.svg", predicted)
        draw_deciles(folder / "deciles.svg", predicted)
        return {
            "predicted.svg": "predicted against true numbers",
            "residuals.svg": "errors by predicted number, and their distribution",
            "deciles.svg": "errors in tenths of the rows by predicted number",
        }


def draw_against_truth(path: Path, predicted: Predicted) -> None:
    """Draw a point a row, and the line of no error."""
    true, values = predicted.target, predicted.outputs.astype(np.float64)
    chosen = some(len(true))
    ends = [min(true.min(), values.min()), max(true.max(), values.max())]
    with picture(path, width=4.6, height=4.2, long_labels=_are_long(true)) as (axes,):
        axes.scatter(true[chosen], values[chosen], s=9, alpha=0.4, color=BLUE, linewidth=0)
        axes.plot(ends, ends, color=GREY, linestyle="--", linewidth=1)
        axes.set(xlabel="true", ylabel="predicted")


def draw_residuals(path: Path, predicted: Predicted) -> None:
    """Draw true minus predicted by the predicted number, with the interval of a prediction where there is one."""
    values = predicted.outputs.astype(np.float64)
    residuals, chosen = predicted.target - values, some(len(values))
    with picture(path, width=8.8, height=3.8, across=2, long_labels=_are_long(residuals)) as (left, right):
        left.scatter(values[chosen], residuals[chosen], s=9, alpha=0.4, color=BLUE, linewidth=0)
        left.axhline(0, color=GREY, linestyle="--", linewidth=1)
        if interval := predicted.decision.get("interval"):
            for side in (-1, 1):
                left.axhline(side * interval["half_width"], color=RED, linestyle=":", linewidth=1)
        left.set(xlabel="predicted", ylabel="true minus predicted")
        right.hist(residuals, bins=40, color=BLUE, alpha=0.7)
        right.axvline(0, color=GREY, linestyle="--", linewidth=1)
        right.set(xlabel="true minus predicted", ylabel="rows")


def draw_deciles(path: Path, predicted: Predicted) -> None:
    """Draw the mean absolute error and the mean error in tenths of the rows by predicted number."""
    tenths = [rows for rows in np.array_split(np.argsort(predicted.outputs, kind="stable"), _DECILES) if len(rows)]
    residuals = predicted.target - predicted.outputs
    places = np.arange(len(tenths))
    with picture(path, width=5.2, height=3.8, long_labels=True) as (axes,):
        axes.bar(places, [np.abs(residuals[rows]).mean() for rows in tenths], color=BLUE, label="mean absolute error")
        axes.plot(
            places, [residuals[rows].mean() for rows in tenths], "o-", color=RED, markersize=4, label="mean error"
        )
        axes.axhline(0, color=GREY, linewidth=1)
        names = [rounded(float(predicted.outputs[rows].mean())) for rows in tenths]
        axes.set_xticks(places, names, rotation=60)
        axes.set(xlabel="mean predicted number")
        axes.legend(frameon=False, fontsize=9)


def _are_long(values: NDArray[np.float64]) -> bool:
    """Whether numbers along an axis need more than its margin."""
    return float(np.abs(values).max()) >= _LONG
