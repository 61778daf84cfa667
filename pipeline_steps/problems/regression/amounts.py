"""The amount to act on where errors of both directions cost differently, and the interval of a prediction."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.problem import Outputs, Target


def value_of_rows(target: Target, amounts: NDArray[np.float64], value: Mapping[str, Any]) -> NDArray[np.float64]:
    """Give the value of acting on each amount: that of one unit of error, times the error."""
    error = amounts - target
    worth: NDArray[np.float64] = np.where(error > 0, value["overestimate"], -value["underestimate"]) * error
    return worth


def best_shift(target: Target, outputs: Outputs, value: Mapping[str, Any]) -> float:
    """Choose what is added to every prediction: the quantile of the residuals at which both costs balance.

    It is 0 unless the gain is more than one standard error: a shift that wins by luck is not taken.
    """
    over, under = -float(value["overestimate"]), -float(value["underestimate"])
    if over <= 0 or under <= 0:  # one direction costs nothing: no finite amount is best
        return 0.0
    predicted = outputs.astype(np.float64)
    shift = float(np.quantile(target - predicted, under / (over + under)))
    gain = value_of_rows(target, predicted + shift, value) - value_of_rows(target, predicted, value)
    return shift if gain.mean() > gain.std() / math.sqrt(len(gain)) else 0.0


def conformal_half_width(target: Target, outputs: Outputs, coverage: float) -> float:
    """Give the half width within which `coverage` of later residuals lie, whatever their distribution.

    Split conformal prediction: of n held-out residuals the one at place ceil((n + 1) * coverage), by their size; the
    largest where there are too few rows for that.
    """
    residuals = np.sort(np.abs(target - outputs))
    place = math.ceil((len(residuals) + 1) * coverage)
    return float(residuals[min(place, len(residuals)) - 1])
