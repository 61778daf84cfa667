"""Rollouts under canary analysis alone: when each ends, and how many requests the new fleet answered until then."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from slipway.canary.config import Tolerances
from slipway.canary.statistics.evidence import Decision
from slipway.canary.statistics.non_inferiority import spent
from slipway.simulation.analysis import RolloutAnalysis, rows
from slipway.simulation.service import Floats
from slipway.simulation.stream_counts import latency_edges
from slipway.simulation.traffic import Block, Traffic

POLL_SECONDS = 10
_LATER_POLL_SECONDS = 60


@dataclass(frozen=True)
class PollingPlan:
    """How long the fleets are compared: `shares` of the traffic in turn, each for as many seconds.

    The first test that may promote is when all of them have passed; without a decision by then the last share goes on
    up to `longest_seconds`, with a test whenever twice the time has passed, and at the end.
    """

    shares: tuple[tuple[float, int], ...]
    longest_seconds: int = 0
    poll_seconds: int = POLL_SECONDS
    copied: bool = False
    """The new fleet gets copies of its share of the requests, and the old one all of them."""

    @property
    def bake_seconds(self) -> int:
        return sum(seconds for _, seconds in self.shares)

    def promotion_tests(self, error: float) -> dict[int, float]:
        """The level of each test, by its second; all of them together have `error`."""
        end, seconds = max(self.bake_seconds, self.longest_seconds), [self.bake_seconds]
        while 2 * seconds[-1] < end:
            seconds.append(2 * seconds[-1])
        seconds += [end] * (seconds[-1] < end)
        until = [0.0, *(spent(second / end, error) for second in seconds)]
        return {second: after - before for second, (before, after) in zip(seconds, pairwise(until), strict=True)}

    def bake_at(self, second: int) -> int:
        """The number of the bake that ends at `second` or goes on then, from 0."""
        ends = accumulate(seconds for _, seconds in self.shares)
        return min(sum(end < second for end in ends), len(self.shares) - 1)

    def share_at(self, second: int) -> float:
        until = 0
        for share, seconds in self.shares:
            until += seconds
            if second < until:
                return share
        return self.shares[-1][0]

    def polls(self) -> Iterator[tuple[int, float]]:
        """The length of each block in seconds, and green's share in it."""
        second, end = 0, max(self.bake_seconds, self.longest_seconds)
        while second < end:
            step = self.poll_seconds if second < self.bake_seconds else _LATER_POLL_SECONDS
            step = min(step, end - second)
            yield step, self.share_at(second)
            second += step


@dataclass(frozen=True)
class SimulatedResults:
    """One row a rollout: its `Decision` (EXTEND: none until the end), when, and green's requests until then."""

    decisions: NDArray[np.int_]
    seconds: Floats
    green_requests: Floats

    def share(self, decision: Decision) -> float:
        return float(np.mean(self.decisions == decision))


See = Callable[[Block, NDArray[np.int_], Floats], None]


def analyse_rollouts(
    tolerances: Tolerances,
    plan: PollingPlan,
    traffic: Traffic,
    recorded: Sequence[Block] = (),
    *,
    dispersion: Mapping[str, Floats] | None = None,
    beside: See | None = None,
) -> SimulatedResults:
    """Analyse every block until there is a decision or the plan ends.

    Args:
        tolerances: of the analysis.
        plan: of its polls.
        traffic: draws the blocks; left with the undecided rollouts.
        recorded: the first blocks, if they have been drawn from `traffic` already.
        dispersion: of the old fleet's counts, by stream; estimated from an hour drawn from `traffic` if not given.
        beside: is called with every block, its rollouts, and the new fleet's requests until its end.
    """
    total, edges = traffic.rollouts, latency_edges(tolerances, traffic.service)
    decisions = np.full(total, int(Decision.EXTEND))
    seconds, exposed = np.zeros(total), np.zeros(total)
    undecided = np.arange(total)
    analysis, tests = (
        RolloutAnalysis(tolerances, traffic, dispersion),
        plan.promotion_tests(tolerances.false_promotion_rate),
    )
    for number, (step, share) in enumerate(plan.polls()):
        if number < len(recorded):
            block = rows(recorded[number], undecided)
        else:
            block = traffic.draw(step, green_share=share, edges=edges, copied=plan.copied)
        seconds[undecided] = block.end_second
        exposed[undecided] += block.green.requests
        if beside:
            beside(block, undecided, exposed[undecided])
        error = tests.get(block.end_second, 0.0)
        found = analysis.decisions(block, bake=plan.bake_at(block.end_second), error=error)
        decisions[undecided] = found
        open_ = found == Decision.EXTEND
        if not open_.all():
            undecided = undecided[open_]
            analysis.keep(open_)
            traffic.keep(open_)
        if not undecided.size:
            break
    return SimulatedResults(decisions, seconds, exposed)
