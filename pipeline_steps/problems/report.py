"""What evaluation shows of a problem: a loss a row, the model registry's format, and pictures."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.tables.use_case import UseCase


@dataclass(frozen=True)
class Predicted:
    """One model's outputs for rows whose target is known as far as the problem has one.

    `labels` are what the decision makes of the outputs.
    """

    target: NDArray[np.float64]
    outputs: NDArray[np.float32]
    labels: NDArray[Any]
    decision: Mapping[str, Any]
    use_case: UseCase

    def only(self, chosen: NDArray[np.int64]) -> "Predicted":
        """The rows at some places."""
        return replace(self, target=self.target[chosen], outputs=self.outputs[chosen], labels=self.labels[chosen])


class Losses(NamedTuple):
    """How wrong the model is on each row, less being better; `name` says in which measure.

    Where nothing says what is right, `is_error` is false, and segments are ranked by what the model gives.
    """

    name: str
    of_rows: NDArray[np.float64]
    is_error: bool = True


class Report(Protocol):
    """What is shown of one model of a problem."""

    def losses(self, predicted: Predicted) -> Losses:
        """Give one loss a row, whose mean segments and columns are compared by."""

    def model_quality(self, predicted: Predicted, deviations: Mapping[str, float]) -> dict[str, Any]:
        """Give SageMaker's model quality statistics; `deviations` are standard deviations of metrics."""

    def draw(self, folder: Path, predicted: Predicted) -> dict[str, str]:
        """Draw pictures into `folder`; gives what each shows by its file name."""


def measured(value: float, deviation: float | None = None) -> dict[str, Any]:
    """Write one metric as SageMaker does: a standard deviation that is not known is the text NaN."""
    known = deviation is not None and np.isfinite(deviation)
    return {"value": value, "standard_deviation": deviation if known else "NaN"}
