"""Evidence about two streams of yes and no, valid however often it is looked at: an e-process of blocks of requests.

An e-value is a bet that a hypothesis prices fairly or too high: if the hypothesis holds, its mean is at most 1, and by
Ville's inequality (1939) its running product ever reaches 1/alpha with probability alpha at most, whenever one looks.

Turner, Ly and Gruenwald, "Generic E-variables for exact sequential k-sample tests that allow for optional stopping"
(2024), and Turner and Gruenwald, "Exact anytime-valid confidence intervals for contingency tables and beyond" (2023):
the likelihood ratio of any alternative to the point of a convex null nearest to it (in Kullback-Leibler divergence,
weighted by the requests of each fleet in the block) is such a bet. The alternative may depend on all earlier blocks.
The rates may change from block to block as long as the null holds in each: a drift that both fleets share does no harm.
"""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_EDGE = 1e-6
_LATE_SHARE = 0.5
_PLUG_IN_WEIGHT = 50.0
"""Requests that the prior rate counts for in the estimate the next bet is made with; it moves power, never validity."""


@dataclass(frozen=True)
class Counts:
    """Hits among the requests of both fleets; arrays of one shape, an element a rollout."""

    green_requests: Floats
    green_hits: Floats
    blue_requests: Floats
    blue_hits: Floats

    @classmethod
    def of(cls, green_requests: Any, green_hits: Any, blue_requests: Any, blue_hits: Any) -> Self:
        """Counts of anything that numpy takes as numbers.

        Raises:
            ValueError: there are more hits than requests, or fewer than none.
        """
        numbers = (green_requests, green_hits, blue_requests, blue_hits)
        arrays = np.broadcast_arrays(*(np.asarray(number, dtype=np.float64) for number in numbers))
        for requests, hits in (arrays[:2], arrays[2:]):
            if not bool(np.all((hits >= 0) & (hits <= requests))):
                raise ValueError(f"hits must be in 0..requests, got {hits} of {requests}")
        return cls(*arrays)

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.green_requests + other.green_requests,
            self.green_hits + other.green_hits,
            self.blue_requests + other.blue_requests,
            self.blue_hits + other.blue_hits,
        )

    def take(self, kept: NDArray[np.bool_]) -> Self:
        return type(self)(
            self.green_requests[kept], self.green_hits[kept], self.blue_requests[kept], self.blue_hits[kept]
        )


def nearest_green(green: Floats, blue: Floats, ratio: Floats, margin: float) -> Floats:
    """Green's rate at the point with green = blue + margin nearest to (green, blue).

    It is the maximum-likelihood estimate under a fixed risk difference, in the closed form of Farrington and Manning
    (1990); `ratio` is blue's requests over green's.
    """
    if margin == 0:
        pooled: Floats = (green + ratio * blue) / (1 + ratio)
        return pooled
    a = 1 + ratio
    b = -(1 + ratio + green + ratio * blue + margin * (ratio + 2))
    c = margin**2 + margin * (2 * green + ratio + 1) + green + ratio * blue
    d = -green * margin * (1 + margin)
    third = b / (3 * a)
    v = third**3 - b * c / (6 * a**2) + d / (2 * a)
    u = np.where(v < 0, -1.0, 1.0) * np.sqrt(np.maximum(third**2 - c / (3 * a), 1e-300))
    angle = (np.pi + np.arccos(np.clip(v / u**3, -1, 1))) / 3
    nearest = 2 * u * np.cos(angle) - third
    low, high = max(0.0, margin), min(1.0, 1.0 + margin)
    clipped: Floats = np.clip(nearest, low + _EDGE / 10, high - _EDGE / 10)
    return clipped


def log_e_value(counts: Counts, green: Floats, blue: Floats, *, margin: float, above: bool) -> Floats:
    """Log of the e-value of one block against the null, for the alternative rates (green, blue).

    Args:
        counts: the block; each array gets a last axis for the alternatives.
        green: the alternatives' rate of the new fleet, chosen without looking at this block.
        blue: the same for the old fleet.
        margin: difference of the rates on the null's border.
        above: the null is green <= blue + margin, so that evidence says green is above it; else green >= blue + margin.

    An alternative inside the null bets nothing; neither does a block in which one fleet has no request.
    """
    n_green, n_blue = counts.green_requests[..., None], counts.blue_requests[..., None]
    ratio = n_blue / np.maximum(n_green, 1)
    null_green = nearest_green(green, blue, ratio, margin)
    null_blue = null_green - margin
    hits_green, hits_blue = counts.green_hits[..., None], counts.blue_hits[..., None]
    total = (
        hits_green * np.log(green / null_green)
        + (n_green - hits_green) * np.log((1 - green) / (1 - null_green))
        + hits_blue * np.log(blue / null_blue)
        + (n_blue - hits_blue) * np.log((1 - blue) / (1 - null_blue))
    )
    outside = green > blue + margin if above else green < blue + margin
    return np.where(outside & (n_green > 0) & (n_blue > 0), total, 0.0)


def log_mean(logs: Floats) -> Floats:
    """Log of the mean over the last axis of exp(logs): a mixture of e-processes is one (Robbins 1970)."""
    top = logs.max(axis=-1)
    mean: Floats = top + np.log(np.mean(np.exp(logs - top[..., None]), axis=-1))
    return mean


@dataclass(frozen=True)
class Regression:
    """The bet that green's rate is above blue's by more than `margin`; or further off to either side, if two-sided.

    The mixture's alternatives lie `step`, 2, 4, 8 ... steps beyond the margin.
    """

    margin: float = 0.0
    step: float = 0.005
    two_sided: bool = False

    @property
    def shifts(self) -> Floats:
        count = int(np.log2(0.9 / self.step)) + 1
        up: Floats = self.margin + self.step * np.exp2(np.arange(count))
        return np.concatenate([up, -up]) if self.two_sided else up

    def log_e_values(self, counts: Counts, blue: Floats) -> Floats:
        """One log e-value an alternative, given the estimate of blue's rate before this block."""
        shifts = self.shifts
        alternatives = np.clip(blue[..., None] + shifts, _EDGE, 1 - _EDGE)
        estimate = np.broadcast_to(blue[..., None], alternatives.shape)
        up = shifts > 0
        parts = [log_e_value(counts, alternatives[..., up], estimate[..., up], margin=self.margin, above=True)]
        if self.two_sided:
            below = alternatives[..., ~up], estimate[..., ~up]
            parts.append(log_e_value(counts, *below, margin=-self.margin, above=False))
        return np.concatenate(parts, axis=-1)


@dataclass(frozen=True)
class Safety:
    """The bet that green's rate is below blue's plus `margin`: that a regression of that size is ruled out.

    Two-sided, it is also the bet that green's rate is above blue's less `margin`, and both must win.
    """

    margin: float = 0.0
    two_sided: bool = False

    @property
    def sides(self) -> int:
        return 2 if self.two_sided else 1

    def log_e_values(self, counts: Counts, blue: Floats, green: Floats) -> Floats:
        """A row a side, of two alternatives: green equals blue; green is as estimated from the blocks before this."""
        alternatives = np.clip(np.stack([blue, green], axis=-1), _EDGE, 1 - _EDGE)
        estimate = np.broadcast_to(blue[..., None], alternatives.shape)
        sides = [log_e_value(counts, alternatives, estimate, margin=self.margin, above=False)]
        if self.two_sided:
            sides.append(log_e_value(counts, alternatives, estimate, margin=-self.margin, above=True))
        return np.stack(sides, axis=-2)


@dataclass(frozen=True)
class ProportionState:
    """What two streams of hits have shown so far."""

    seen: Counts
    regression: Floats
    """Log of the capital bet on each alternative, on the last axis."""
    safety: Floats
    """Log e-values of the alternatives, with an axis for the sides before them."""
    looks: int = 0

    @property
    def log_regression(self) -> Floats:
        """Log e-value: the capital that is bet and the part that waits."""
        return np.logaddexp(log_mean(self.regression), np.log(_LATE_SHARE / (self.looks + 1)))

    @property
    def log_safety(self) -> Floats:
        weakest: Floats = log_mean(self.safety).min(axis=-1)
        return weakest

    def take(self, kept: NDArray[np.bool_]) -> Self:
        """The rollouts chosen by the mask."""
        return type(self)(self.seen.take(kept), self.regression[kept], self.safety[kept], self.looks)


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

    def start(self, shape: tuple[int, ...] = ()) -> ProportionState:
        zero = np.zeros(shape)
        alternatives = len(self.regression.shifts) if self.regression else 1
        sides = self.safety.sides if self.safety else 1
        none = Counts(zero, zero, zero, zero)
        early = np.full((*shape, alternatives), np.log(1 - _LATE_SHARE))
        return ProportionState(none, early, np.zeros((*shape, sides, 2)))

    def observe(self, state: ProportionState, counts: Counts) -> ProportionState:
        """The state after one more block; its bets were fixed by the blocks before."""
        seen = state.seen
        blue = self._estimate(seen.blue_hits, seen.blue_requests)
        look = state.looks + 1
        capital = np.logaddexp(state.regression, np.log(_LATE_SHARE / (look * (look + 1))))
        after = replace(state, seen=seen + counts, regression=capital, looks=look)
        if self.regression:
            after = replace(after, regression=capital + self.regression.log_e_values(counts, blue))
        if self.safety:
            green = self._estimate(seen.green_hits, seen.green_requests)
            after = replace(after, safety=state.safety + self.safety.log_e_values(counts, blue, green))
        return after

    def _estimate(self, hits: Floats, requests: Floats) -> Floats:
        smoothed: Floats = (hits + _PLUG_IN_WEIGHT * self.prior_rate) / (requests + _PLUG_IN_WEIGHT)
        return np.clip(smoothed, _EDGE, 1 - _EDGE)
