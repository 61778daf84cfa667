"""Evidence about two means of bounded values, such as the money of each outcome, from pairs of them.

Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting" (2024). A green value and the mean
of some blue ones, both scaled to 0..1, differ by at most 1. If green's mean is no lower than blue's less the tolerance,
the product of 1 + stake x (difference - tolerance)/(1 + tolerance) has a mean of at most 1, for each stake in 0..1 and
for their mixture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import fsum, log1p, nan
from typing import Self

from slipway.canary.config import ValueBounds
from slipway.canary.statistics.arithmetic import log_mean

STAKES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)


@dataclass(frozen=True)
class MeanState:
    """What the values have shown so far: the log e-value of each stake, and counts and sums to report."""

    logs: tuple[float, ...]
    green_count: int = 0
    green_sum: float = 0.0
    blue_count: int = 0
    blue_sum: float = 0.0

    @property
    def log_regression(self) -> float:
        return float(log_mean(self.logs))

    def means(self) -> tuple[float, float]:
        """Green's and blue's mean value; nan without any."""
        green = self.green_sum / self.green_count if self.green_count else nan
        return green, self.blue_sum / self.blue_count if self.blue_count else nan

    @classmethod
    def start(cls) -> Self:
        return cls((0.0,) * len(STAKES))

    def observe(self, bounds: ValueBounds, green: Sequence[float], blue: Sequence[float]) -> Self:
        """The state after the values of one block, in order of arrival.

        Raises:
            ValueError: a value is outside the bounds.
        """
        for values in (green, blue):
            if not all(bounds.low <= value <= bounds.high for value in values):
                raise ValueError(f"values must be in {bounds.low}..{bounds.high}, got {min(values)}..{max(values)}")
        logs = self.logs
        if pairs := min(len(green), len(blue)):
            drops = _fair_drops(bounds, _group_means(green, pairs), _group_means(blue, pairs))
            logs = tuple(
                log + fsum(log1p(stake * drop) for drop in drops) for log, stake in zip(logs, STAKES, strict=True)
            )
        return type(self)(
            logs,
            self.green_count + len(green),
            self.green_sum + fsum(green),
            self.blue_count + len(blue),
            self.blue_sum + fsum(blue),
        )


def _fair_drops(bounds: ValueBounds, green: Sequence[float], blue: Sequence[float]) -> list[float]:
    """How far green is below blue, less the tolerance, so that it is at least -1 and fair at the null's border."""
    scale = bounds.high - bounds.low
    tolerance = bounds.tolerance / scale
    return [((b - g) / scale - tolerance) / (1 + tolerance) for g, b in zip(green, blue, strict=True)]


def _group_means(values: Sequence[float], groups: int) -> list[float]:
    """Means of `groups` runs of consecutive values, as even in length as can be."""
    edges = [len(values) * number // groups for number in range(groups + 1)]
    return [fsum(values[a:b]) / (b - a) for a, b in pairwise(edges)]
