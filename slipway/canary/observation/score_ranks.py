"""Where numbers lie among those that the old fleet gave before: above the middle, and beyond the outer ranks."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from slipway.canary.statistics.streams import SCORE_RANKS

FEWEST_NUMBERS = 200
"""Of fewer, the ranks are not taken."""
_TIE = 1e-5
"""Relative difference of numbers that are one: other processors round differently."""
_MIDDLE = SCORE_RANKS.index(0.5)


@dataclass(frozen=True)
class Ranks:
    """The quantiles, and of each how many numbers lie below it and tie with it."""

    quantiles: tuple[float, ...]
    below: tuple[int, ...]
    equal: tuple[int, ...]
    count: int

    @classmethod
    def of(cls, numbers: Iterable[float]) -> Self:
        ordered = sorted(numbers)
        quantiles = tuple(ordered[min(len(ordered) - 1, int(rank * len(ordered)))] for rank in SCORE_RANKS)
        below = tuple(sum(_side(each, quantile) < 0 for each in ordered) for quantile in quantiles)
        equal = tuple(sum(_side(each, quantile) == 0 for each in ordered) for quantile in quantiles)
        return cls(quantiles, below, equal, len(ordered))

    def hits(self, number: float | None) -> tuple[float, float]:
        """How much of it counts as above the middle, and as beyond the outer ranks; numbers that tie count in part.

        A response without a number is beyond them: so a fleet that gives another form of response shows.
        """
        if number is None:
            return 0.5, 1.0
        return self._above(_MIDDLE, number), 1 - self._above(0, number) + self._above(len(SCORE_RANKS) - 1, number)

    def _above(self, place: int, number: float) -> float:
        if side := _side(number, self.quantiles[place]):
            return float(side > 0)
        return (self.below[place] + self.equal[place] - SCORE_RANKS[place] * self.count) / self.equal[place]


def _side(number: float, quantile: float) -> int:
    """-1 below it, 1 above it, 0 where they tie."""
    tie = _TIE * abs(quantile)
    return (number > quantile + tie) - (number < quantile - tie)
