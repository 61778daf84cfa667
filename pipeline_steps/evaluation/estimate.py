"""A number with its interval, and the bounds that a gate compares."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Estimate:
    """A number that was estimated from rows.

    Attributes:
        value: on the rows as they are.
        low: the lower end of the central interval.
        high: its upper end.
        at_least: the one-sided lower bound: below it, the number is ruled out at the same confidence.
        at_most: the one-sided upper bound.
        deviation: the standard deviation of the estimate.
    """

    value: float
    low: float
    high: float
    at_least: float
    at_most: float
    deviation: float

    @classmethod
    def exactly(cls, value: float) -> Self:
        """A number that no row could have changed."""
        return cls(value, value, value, value, value, 0.0)

    @classmethod
    def of(cls, value: float, replicates: NDArray[np.float64], confidence: float) -> Self:
        """Take the percentiles of bootstrap replicates; those where the number does not exist are left out.

        A replicate and the value itself may lie on one side of each other by rounding alone, so that a bound never
        excludes the value.
        """
        known = replicates[np.isfinite(replicates)]
        if len(known) == 0:
            return cls.exactly(value)
        side, tail = 1 - confidence, (1 - confidence) / 2
        low, at_least, at_most, high = np.quantile(known, [tail, side, 1 - side, 1 - tail]).tolist()
        return cls(
            value=value,
            low=min(low, value),
            high=max(high, value),
            at_least=min(at_least, value),
            at_most=max(at_most, value),
            deviation=float(known.std(ddof=1)) if len(known) > 1 else 0.0,
        )

    def to_document(self) -> dict[str, Any]:
        return {"value": self.value, "low": self.low, "high": self.high}

    def negated(self) -> Self:
        """The estimate of minus the number."""
        return type(self)(-self.value, -self.high, -self.low, -self.at_most, -self.at_least, self.deviation)
