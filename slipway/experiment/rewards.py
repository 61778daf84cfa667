"""What an arm's requests of one period have earned: a period is the time between two changes of the weights."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from slipway.canary.statistics.arithmetic import Numbers, larger


@dataclass(frozen=True)
class Rewards:
    """Count, sum and sum of squares; numbers, or arrays with an element for each of many simulated experiments."""

    count: Numbers = 0.0
    total: Numbers = 0.0
    squares: Numbers = 0.0

    @classmethod
    def of(cls, values: Sequence[float]) -> "Rewards":
        return cls(float(len(values)), sum(values), sum(value * value for value in values))

    @property
    def mean(self) -> Numbers:
        """0 without a request."""
        return self.total / larger(self.count, 1.0)

    @property
    def scatter(self) -> Numbers:
        """The sum of squared distances from the mean."""
        return larger(self.squares - self.total * self.mean, 0.0)

    def __add__(self, other: "Rewards") -> "Rewards":
        return Rewards(self.count + other.count, self.total + other.total, self.squares + other.squares)


Period: TypeAlias = Sequence[Rewards]
"""The rewards of each arm; the champion's first."""


def by_arm(periods: Iterable[Period], arms: int) -> tuple[Rewards, ...]:
    """The rewards of all periods together."""
    sums = [Rewards()] * arms
    for period in periods:
        sums = [before + new for before, new in zip(sums, period, strict=True)]
    return tuple(sums)
