"""Evidence about two streams of yes and no, valid however often it is looked at: an e-process of blocks of requests.

An e-value is a bet that a hypothesis prices fairly or too high: if the hypothesis holds, its mean is at most 1, and by
Ville's inequality (1939) its running product ever reaches 1/alpha with probability alpha at most, whenever one looks.

Turner, Ly and Gruenwald, "Generic E-variables for exact sequential k-sample tests that allow for optional stopping"
(2024), and Turner and Gruenwald, "Exact anytime-valid confidence intervals for contingency tables and beyond" (2023):
the likelihood ratio of any alternative to the point of a convex null nearest to it (in Kullback-Leibler divergence,
weighted by the requests of each fleet in the block) is such a bet. The alternative may depend on all earlier blocks.
The rates may change from block to block as long as the null holds in each: a drift that both fleets share does no harm.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import copysign, log2, pi
from math import log as log_of
from typing import Any, Self

from blueprint.verdicts.arithmetic import (
    Numbers,
    acos,
    clip,
    cos,
    everywhere,
    larger,
    log,
    log_mean,
    log_sum,
    smaller,
    sqrt,
    where,
)

_EDGE = 1e-6
_TINY = 1e-200
_LATE_SHARE = 0.5
_NEAREST = 0.25
_PLUG_IN_WEIGHT = 50.0
"""Requests that the prior rate counts for in the estimate the next bet is made with; it moves power, never validity."""


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
    v = third**3 - b * c / (6 * a**2) + d / (2 * a)
    u = where(v < 0, -1.0, 1.0) * sqrt(larger(third**2 - c / (3 * a), _TINY))
    angle = (pi + acos(clip(v / u**3, -1, 1))) / 3
    nearest = 2 * u * cos(angle) - third
    low, high = max(0.0, margin), min(1.0, 1.0 + margin)
    return clip(nearest, low + _EDGE / 10, high - _EDGE / 10)


def log_e_value(counts: Counts, green: Numbers, blue: Numbers, *, margin: float, above: bool) -> Numbers:
    """Log of the e-value of one block against the null, for the alternative rates (green, blue).

    Args:
        counts: the block.
        green: the alternative's rate of the new fleet, chosen without looking at this block.
        blue: the same for the old fleet.
        margin: difference of the rates on the null's border.
        above: the null is green <= blue + margin, so that evidence says green is above it; else green >= blue + margin.

    An alternative inside the null bets nothing; neither does a block in which one fleet has no request.
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
class Regression:
    """The bet that green's rate is above blue's by more than `margin`; or further off to either side, if two-sided.

    The mixture's alternatives lie `step`, 2, 4, 8 ... steps beyond the margin, each with `falling` times the weight of
    the one before: a small regression takes the most users to see. No alternative is nearer to 0 or 1 than a quarter of
    blue's own distance: a bet on certainty would lose all at the first miss. Neither touches validity.
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
        return tuple(
            log_e_value(
                counts,
                smaller(larger(blue + shift, low), high),
                blue,
                margin=copysign(self.margin, shift),
                above=shift > 0,
            )
            for shift in self.shifts
        )


@dataclass(frozen=True)
class Safety:
    """The bet that green's rate is below blue's plus `margin`: that a regression of that size is ruled out.

    Two-sided, it is also the bet that green's rate is above blue's less `margin`, and both must win. `ratio` is what a
    healthy green's rate is expected to be of blue's; a wrong guess costs power alone.
    """

    margin: float = 0.0
    two_sided: bool = False
    ratio: float = 1.0

    @property
    def sides(self) -> int:
        return 2 if self.two_sided else 1

    def log_e_values(self, counts: Counts, blue: Numbers, green: Numbers) -> tuple[tuple[Numbers, ...], ...]:
        """A row a side, of two alternatives: green is as expected, or as estimated from the blocks before this."""
        borders = ((self.margin, False), (-self.margin, True))[: self.sides]
        return tuple(
            tuple(log_e_value(counts, rate, blue, margin=margin, above=above) for rate in (self.ratio * blue, green))
            for margin, above in borders
        )


@dataclass(frozen=True)
class ProportionState:
    """What two streams of hits have shown so far."""

    seen: Counts
    regression: tuple[Numbers, ...]
    """Log of the capital bet on each alternative."""
    safety: tuple[tuple[Numbers, ...], ...]
    """Log e-values of the alternatives of each side."""
    looks: int = 0
    weights: tuple[float, ...] = ()
    """Of the alternatives; none: all alike."""

    @property
    def log_regression(self) -> Numbers:
        """Log e-value: the capital that is bet and the part that waits."""
        return log_sum(log_mean(self.regression, self.weights), log_of(_LATE_SHARE / (self.looks + 1)))

    @property
    def log_safety(self) -> Numbers:
        """Log e-value of the weakest side."""
        first, *others = (log_mean(side) for side in self.safety)
        for each in others:
            first = smaller(first, each)
        return first

    def take(self, kept: Any) -> Self:
        """The rollouts chosen by the mask."""
        regression: tuple[Any, ...] = self.regression
        safety: tuple[tuple[Any, ...], ...] = self.safety
        return type(self)(
            self.seen.take(kept),
            tuple(each[kept] for each in regression),
            tuple(tuple(each[kept] for each in side) for side in safety),
            self.looks,
            self.weights,
        )


@dataclass(frozen=True)
class ProportionTest:
    """Two e-processes over the same counts: against "no worse", and against "worse by the tolerance".

    Of the capital that bets on a regression half is there from the start; of the rest 1/2, 1/6, 1/12, ... join at each
    look, so that a fleet which turns bad late does not have to make good what its good time cost the bet (a mixture
    over starts, in the manner of Shin, Ramdas and Rinaldo, "E-detectors", 2023).
    """

    prior_rate: float
    regression: Regression | None = None
    safety: Safety | None = None

    def start(self, zero: Numbers = 0.0) -> ProportionState:
        """The state before any block; an array of zeros in place of `zero` starts as many rollouts."""
        weights = self.regression.weights if self.regression else (1.0,)
        sides = self.safety.sides if self.safety else 1
        bets = (zero + log_of(1 - _LATE_SHARE),) * len(weights)
        return ProportionState(Counts(zero, zero, zero, zero), bets, ((zero, zero),) * sides, weights=weights)

    def observe(self, state: ProportionState, counts: Counts, dispersion: Numbers = 1.0) -> ProportionState:
        """The state after one more block; its bets were fixed by the blocks before.

        Args:
            state: before it.
            counts: the block.
            dispersion: of one fleet's counts, in terms of the binomial variance, known before the block. The log of
                each e-value is divided by it: for hits that come that many at once this is the bet on their bursts,
                and an e-value to a power of at most 1 is one in any case (Jensen). Below 1 it counts as 1.
        """
        seen, dispersion = state.seen, larger(dispersion, 1.0)
        blue = self._estimate(seen.blue_hits, seen.blue_requests)
        look = state.looks + 1
        joining = log_of(_LATE_SHARE / (look * (look + 1)))
        capital = tuple(log_sum(each, joining) for each in state.regression)
        after = replace(state, seen=seen + counts, regression=capital, looks=look)
        if self.regression:
            won = self.regression.log_e_values(counts, blue)
            after = replace(after, regression=_with(capital, won, dispersion))
        if self.safety:
            green = self._estimate(seen.green_hits, seen.green_requests)
            sides = zip(state.safety, self.safety.log_e_values(counts, blue, green), strict=True)
            after = replace(after, safety=tuple(_with(before, won, dispersion) for before, won in sides))
        return after

    def _estimate(self, hits: Numbers, requests: Numbers) -> Numbers:
        return clip((hits + _PLUG_IN_WEIGHT * self.prior_rate) / (requests + _PLUG_IN_WEIGHT), _EDGE, 1 - _EDGE)


def _with(before: Sequence[Numbers], won: Sequence[Numbers], dispersion: Numbers) -> tuple[Numbers, ...]:
    return tuple(each + more / dispersion for each, more in zip(before, won, strict=True))
