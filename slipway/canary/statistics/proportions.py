"""Two streams of hits and misses: an e-process of blocks of requests, and what one test of all of them needs.

The e-process is the running product of one e-value a block, whose alternative was fixed before it. By Ville's
inequality (1939) such a product, if the hypothesis holds, ever reaches 1/alpha with probability alpha at most, at any
stopping time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log as log_of
from typing import Any, Self

from slipway.canary.statistics.arithmetic import Numbers, clip, larger, log_mean, log_sum, smaller, sqrt, where
from slipway.canary.statistics.e_values import Counts, RateIncrease
from slipway.canary.statistics.non_inferiority import NonInferiority, normal_quantile
from slipway.canary.statistics.paired_minutes import PairedMinutes, student_quantile

_EDGE = 1e-6
_LATE_SHARE = 0.5
_PLUG_IN_WEIGHT = 50.0
"""Requests that the prior rate counts for in the estimate of the next alternative; it affects power, never validity."""
_PAIRED_SHARE = 1.5
"""Bursts of two minutes vary more over a whole bake than from minute to minute and to the next."""
_LEAST_BURSTS = 5
"""With fewer in a bake its minutes show too little."""


@dataclass(frozen=True)
class ProportionState:
    """What two streams of hits have shown so far."""

    seen: Counts
    regression: tuple[Numbers, ...]
    """Log e-value of each alternative, with its weight at the start."""
    dispersion: Numbers
    """The last that was known, 1 at least."""
    strata: tuple[Counts, ...] = ()
    """What a promotion's test compares: the counts of each bake."""
    polls: int = 0
    weights: tuple[float, ...] = ()
    """Of the alternatives; none: all alike."""
    within_minutes: Numbers = 0.0
    over_minutes: Numbers = 0.0
    """The dispersion within minutes and over a whole bake at most, by the hours before; 0 where it is not known."""
    minutes: PairedMinutes | None = None
    """Of errors alone."""

    @property
    def log_regression(self) -> Numbers:
        """Log e-value: the alternatives' and the part of the weight that has not joined yet."""
        return log_sum(log_mean(self.regression, self.weights), log_of(_LATE_SHARE / (self.polls + 1)))

    def take(self, kept: Any) -> Self:
        """The rollouts chosen by the mask."""
        regression: tuple[Any, ...] = self.regression
        of_history: tuple[Any, ...] = (self.dispersion, self.within_minutes, self.over_minutes)
        dispersion, within, over = (each[kept] for each in of_history)
        return type(self)(
            self.seen.take(kept),
            tuple(each[kept] for each in regression),
            dispersion,
            tuple(each.take(kept) for each in self.strata),
            self.polls,
            self.weights,
            within,
            over,
            self.minutes and self.minutes.take(kept),
        )


@dataclass(frozen=True)
class ProportionTest:
    """An e-process against "no worse", and a test that may prove "no worse by more than the tolerance".

    Half of the weight of the alternatives starts with the first block; of the rest 1/2, 1/6, 1/12, ... start at each
    poll, so that evidence against a fleet which becomes bad late is not diluted by its good start (a mixture over
    starts, in the manner of Shin, Ramdas and Rinaldo, "E-detectors", 2023).
    """

    prior_rate: float
    regression: RateIncrease | None = None
    non_inferiority: NonInferiority | None = None
    is_paired: bool = False
    """Whether the test takes the dispersion from the minutes of both fleets too."""

    def start(self, zero: Numbers = 0.0) -> ProportionState:
        """The state before any block; an array of zeros in place of `zero` starts as many rollouts."""
        weights = self.regression.weights if self.regression else (1.0,)
        logs = (zero + log_of(1 - _LATE_SHARE),) * len(weights)
        minutes = PairedMinutes.start(zero) if self.is_paired else None
        nothing = Counts(zero, zero, zero, zero)
        return ProportionState(nothing, logs, zero + 1.0, (), 0, weights, zero, zero, minutes)

    def observe(
        self,
        state: ProportionState,
        counts: Counts,
        dispersion: Numbers = 1.0,
        *,
        bake: int = 0,
        minute: int = 0,
        of_promotion: tuple[Numbers, Numbers] = (0.0, 0.0),
    ) -> ProportionState:
        """The state after one more block; its alternatives were fixed by the blocks before.

        Args:
            state: before it.
            counts: the block.
            dispersion: of one fleet's counts, in terms of the binomial variance, known before the block. The log of
                each e-value is divided by it: for hits that come that many at once this is the e-value of their
                bursts, and an e-value to a power of at most 1 is one in any case (Jensen). Below 1 it counts as 1.
            bake: the number of the bake that it was counted in, from 0.
            minute: the number of the minute, likewise.
            of_promotion: the dispersion within minutes and over a whole bake at most; 0 where it is not known.
        """
        seen, dispersion = state.seen, larger(dispersion, 1.0)
        blue = self._estimate(seen.blue_hits, seen.blue_requests)
        poll = state.polls + 1
        joining = log_of(_LATE_SHARE / (poll * (poll + 1)))
        started = tuple(log_sum(each, joining) for each in state.regression)
        known, within, over = (state.dispersion * 0.0 + each for each in (dispersion, *of_promotion))  # of its shape
        after = replace(state, seen=seen + counts, regression=started, dispersion=known, polls=poll)
        if state.minutes:
            minutes = state.minutes.observe(counts, minute=minute)
            after = replace(after, within_minutes=within, over_minutes=over, minutes=minutes)
        if self.regression:
            gained = self.regression.log_e_values(counts, blue)
            after = replace(after, regression=_with(started, gained, dispersion))
        return replace(after, strata=_stratified(state.strata, counts, bake)) if self.non_inferiority else after

    def standard_errors(self, state: ProportionState, *, error: float) -> Numbers:
        """How many of them the new fleet lies within the tolerance, by a test of this level."""
        if self.non_inferiority is None:
            raise ValueError("a stream without a tolerance has no such test")
        return self.non_inferiority.standard_errors(state.strata, self.promotion_dispersion(state, error), error=error)

    def promotion_dispersion(self, state: ProportionState, error: float) -> Numbers:
        """Of the counts of a whole bake, for a test of this level.

        The hours before had one fleet, and do not tell its bursts from a level that both share; the minutes of the bake
        do, and are few. So it is the mean of both, by their logs, where that is below what the hours before show.
        """
        if state.minutes is None:
            return state.dispersion
        most, paired, normal = state.over_minutes, state.minutes.dispersion(), normal_quantile(error)
        few = (student_quantile(normal, state.minutes.freedom) / normal) ** 2
        mean = few * sqrt(most * _PAIRED_SHARE * paired)
        known = (paired > 0) & (state.minutes.hits >= _LEAST_BURSTS * most)
        found = where(known, larger(state.within_minutes, smaller(most, mean)), most)
        return where(most > 0, found, state.dispersion)

    def _estimate(self, hits: Numbers, requests: Numbers) -> Numbers:
        return clip((hits + _PLUG_IN_WEIGHT * self.prior_rate) / (requests + _PLUG_IN_WEIGHT), _EDGE, 1 - _EDGE)


def _stratified(strata: tuple[Counts, ...], counts: Counts, bake: int) -> tuple[Counts, ...]:
    nothing = Counts(*(0.0 * of for of in vars(counts).values()))
    known = strata + (nothing,) * (bake + 1 - len(strata))
    return tuple(each + counts if number == bake else each for number, each in enumerate(known))


def _with(before: Sequence[Numbers], gained: Sequence[Numbers], dispersion: Numbers) -> tuple[Numbers, ...]:
    return tuple(each + more / dispersion for each, more in zip(before, gained, strict=True))
