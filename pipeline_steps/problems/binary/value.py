"""What a model's predictions are worth in money."""

from dataclasses import dataclass
from typing import Any

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
