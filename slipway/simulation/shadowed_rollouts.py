"""Rollouts whose candidates are shadows first: those that are proven, or that proceed, go on to the canary."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Self

import numpy as np

from slipway.canary.shadow_comparison import SAME_FOR_USERS, ShadowComparison, promotion_times
from slipway.canary.statistics.evidence import Decision
from slipway.simulation.analysed_rollouts import PollingPlan, SimulatedResults, analyse_rollouts
from slipway.simulation.configured_rollouts import ConfiguredRollout, Ending, Endings, roll_out
from slipway.simulation.reference import reference_dispersions
from slipway.simulation.service import Floats
from slipway.simulation.traffic import Traffic


@dataclass(frozen=True)
class ShadowPolls(PollingPlan):
    """The polls of a shadow, and the tests that may promote it."""

    steps: tuple[int, ...] = ()

    @classmethod
    def of(cls, shadow: ShadowComparison) -> Self:
        shares = ((shadow.copied, 0),)
        return cls(shares, shadow.most_seconds, copied=True, steps=tuple(shadow.waits()))

    def polls(self) -> Iterator[tuple[int, float]]:
        return ((step, self.share_at(0)) for step in self.steps)

    def promotion_tests(self, error: float) -> dict[int, float]:
        """At the first poll after each time."""
        times, ends = promotion_times(self.longest_seconds), list(accumulate(self.steps))
        return {next(end for end in ends if end >= at): error / len(times) for at in times}


@dataclass(frozen=True)
class ShadowedEndings:
    """How each candidate's time as a shadow ended, and its rollout: without a second where it got to none."""

    shadows: SimulatedResults
    endings: Endings


def roll_out_shadowed(
    configured: ConfiguredRollout,
    shadow: ShadowComparison,
    traffic: Traffic,
    *,
    dispersion: Mapping[str, Floats] | None = None,
    progress: Callable[[float], None] | None = None,
) -> ShadowedEndings:
    """Every candidate to its end; `traffic` is left with the undecided shadows."""
    total, everyone = traffic.rollouts, np.ones(traffic.rollouts, dtype=bool)
    if dispersion is None:
        dispersion = reference_dispersions(shadow.tolerances, traffic)
    start = traffic.afresh(everyone)
    shadows = analyse_rollouts(shadow.tolerances, ShadowPolls.of(shadow), traffic, dispersion=dispersion)
    is_worse = shadows.decisions == Decision.ROLL_BACK
    how = np.where(is_worse, int(Ending.AS_SHADOW), int(Ending.WITHOUT_EVIDENCE))
    seconds, requests = np.zeros(total), np.zeros(total)
    going = (Decision.PROMOTE, Decision.EXTEND) if configured.proceeds else (Decision.PROMOTE,)
    for decision in going:
        chosen = shadows.decisions == decision
        if not chosen.any():
            continue
        known = {name: of[chosen] for name, of in dispersion.items()}
        later = replace(configured, proven=SAME_FOR_USERS if decision == Decision.PROMOTE else ())
        ended = roll_out(later, start.afresh(chosen), dispersion=known, progress=progress)
        how[chosen], seconds[chosen], requests[chosen] = ended.how, ended.seconds, ended.green_requests
    if progress:
        progress(1.0)
    return ShadowedEndings(shadows, Endings(how, seconds, requests))
