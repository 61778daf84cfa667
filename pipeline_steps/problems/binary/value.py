"""What a model's predictions are worth in money."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.binary.metrics import Confusion


@dataclass(frozen=True)
class OutcomeValues:
    """The value of one prediction of each outcome, in `currency`."""

    currency: str
    true_positive: float
    false_positive: float
    true_negative: float
    false_negative: float

    def of(self, outcomes: Confusion) -> dict[str, Any]:
        """Add up the value of all outcomes."""
        total = (
            self.true_positive * outcomes.true_positive
            + self.false_positive * outcomes.false_positive
            + self.true_negative * outcomes.true_negative
            + self.false_negative * outcomes.false_negative
        )
        per_1000 = 1000 * total / outcomes.rows
        return {"currency": self.currency, "total": total, "per_1000": per_1000, "rows": outcomes.rows}


def value_of_rows(
    positive: NDArray[np.bool_], predicted: NDArray[np.bool_], value: Mapping[str, Any]
) -> NDArray[np.float64]:
    """Give the value of each row's outcome, by the document of the use case."""
    if_positive = np.where(predicted, value["true_positive"], value["false_negative"])
    if_negative = np.where(predicted, value["false_positive"], value["true_negative"])
    worth: NDArray[np.float64] = np.where(positive, if_positive, if_negative).astype(np.float64)
    return worth
