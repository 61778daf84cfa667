"""E-values of blocks of requests: hits of the new fleet against hits of the old one.

An e-value measures evidence against a hypothesis: if the hypothesis holds, its mean is at most 1.

Turner, Ly and Gruenwald, "Generic E-variables for exact sequential k-sample tests that allow for optional stopping"
(2024), and Turner and Gruenwald, "Exact anytime-valid confidence intervals for contingency tables and beyond" (2023):
the likelihood ratio of any alternative to the point of a convex null nearest to it (in Kullback-Leibler divergence,
weighted by the requests of each fleet in the block) is one. The alternative may depend on all earlier blocks.
The rates may change from block to block as long as the null holds in each: a drift that both fleets share does no harm.
"""

from dataclasses import dataclass
from math import log2, pi
from typing import Any, Self

from slipway.canary.statistics.arithmetic import (
    Numbers,
    acos,
    clip,
    cos,
    everywhere,
    larger,
    log,
    rows,
    smaller,
    sqrt,
    stacked,
    where,
)

_EDGE = 1e-7
_TINY = 1e-200
_NEAREST = 0.25


@dataclass(frozen=True)
class Counts:
    """Hits among the requests of both fleets: numbers, or arrays of one shape with an element a rollout."""

    green_requests: Numbers
    green_hits: Numbers
    blue_requests: Numbers
    blue_hits: Numbers

    @classmethod
    def of(cls, green_requests: Numbers, green_hits: Numbers, blue_requests: Numbers, blue_hits: Numbers) -> Self:
        """Counts that were checked.

        Raises:
            ValueError: there are more hits than requests, or fewer than none.
        """
        for requests, hits in ((green_requests, green_hits), (blue_requests, blue_hits)):
            if not everywhere((hits >= 0) & (hits <= requests)):
                raise ValueError(f"hits must be in 0..requests, got {hits} of {requests}")
        return cls(green_requests, green_hits, blue_requests, blue_hits)

    @property
    def empty(self) -> bool:
        """Whether nothing was counted, in any rollout."""
        return everywhere(self.green_requests + self.blue_requests == 0)

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.green_requests + other.green_requests,
            self.green_hits + other.green_hits,
            self.blue_requests + other.blue_requests,
            self.blue_hits + other.blue_hits,
        )

    def take(self, kept: Any) -> Self:
        """The rollouts chosen by the mask."""
        numbers: tuple[Any, ...] = (self.green_requests, self.green_hits, self.blue_requests, self.blue_hits)
        return type(self)(*(each[kept] for each in numbers))


def nearest_green(green: Numbers, blue: Numbers, ratio: Numbers, margin: float) -> Numbers:
    """Green's rate at the point with green = blue + margin nearest to (green, blue).

    It is the maximum-likelihood estimate under a fixed risk difference, in the closed form of Farrington and Manning
    (1990); `ratio` is blue's requests over green's.
    """
    if margin == 0:
        return (green + ratio * blue) / (1 + ratio)
    a = 1 + ratio
    b = -(1 + ratio + green + ratio * blue + margin * (ratio + 2))
    c = margin**2 + margin * (2 * green + ratio + 1) + green + ratio * blue
    d = -green * margin * (1 + margin)
    third = b / (3 * a)
    v = third * third * third - b * c / (6 * a * a) + d / (2 * a)  # `**3` is slow for arrays
    u = where(v < 0, -1.0, 1.0) * sqrt(larger(third * third - c / (3 * a), _TINY))
    angle = (pi + acos(clip(v / (u * u * u), -1, 1))) / 3
    nearest = 2 * u * cos(angle) - third
    low, high = max(0.0, margin), min(1.0, 1.0 + margin)
    return clip(nearest, low + _EDGE, high - _EDGE)


def log_e_value(counts: Counts, green: Numbers, blue: Numbers, *, margin: float, above: bool) -> Numbers:
    """Log of the e-value of one block against the null, for the alternative rates (green, blue).

    Args:
        counts: the block.
        green: the alternative's rate of the new fleet, chosen without looking at this block.
        blue: the same for the old fleet.
        margin: difference of the rates on the null's border.
        above: the null is green <= blue + margin, so that the evidence is for more; else green >= blue + margin.

    For an alternative inside the null it is 0, and for a block in which one fleet has no request.
    """
    n_green, n_blue = counts.green_requests, counts.blue_requests
    null_green = nearest_green(green, blue, n_blue / larger(n_green, 1.0), margin)
    null_blue = null_green - margin
    total = (
        counts.green_hits * log(green / null_green)
        + (n_green - counts.green_hits) * log((1 - green) / (1 - null_green))
        + counts.blue_hits * log(blue / null_blue)
        + (n_blue - counts.blue_hits) * log((1 - blue) / (1 - null_blue))
    )
    outside = green > blue + margin if above else green < blue + margin
    return where(outside & (n_green > 0) & (n_blue > 0), total, 0.0)


@dataclass(frozen=True)
class RateIncrease:
    """Evidence that green's rate is above blue's by more than `margin`; or further off to either side, if two-sided.

    The mixture's alternatives lie `step`, 2, 4, 8 ... steps beyond the margin, each with `falling` times the weight of
    the one before: a small regression takes the most users to detect. No alternative is nearer to 0 or 1 than a quarter
    of blue's own distance: certainty would make the first miss infinitely unlikely. Neither affects validity.
    """

    margin: float = 0.0
    step: float = 0.005
    two_sided: bool = False
    falling: float = 1.0

    @property
    def shifts(self) -> tuple[float, ...]:
        up = tuple(self.margin + self.step * 2**power for power in range(self._powers))
        return (*up, *(-shift for shift in up)) if self.two_sided else up

    @property
    def weights(self) -> tuple[float, ...]:
        """One a shift."""
        up = tuple(self.falling**power for power in range(self._powers))
        return (*up, *up) if self.two_sided else up

    @property
    def _powers(self) -> int:
        return int(log2(0.9 / self.step)) + 1

    def log_e_values(self, counts: Counts, blue: Numbers) -> tuple[Numbers, ...]:
        """One log e-value an alternative, given the estimate of blue's rate before this block."""
        low, high = _NEAREST * blue, 1 - _NEAREST * (1 - blue)
        found: list[Numbers] = []
        for above in (True, False) if self.two_sided else (True,):
            shifted = [blue + shift for shift in self.shifts if (shift > 0) is above]
            for green in stacked(shifted):
                alternative = smaller(larger(green, low), high)
                margin = self.margin if above else -self.margin
                found.extend(rows(log_e_value(counts, alternative, blue, margin=margin, above=above), of=blue))
        return tuple(found)
