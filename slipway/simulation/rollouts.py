"""Rollouts under the judge: when each ends, and how many requests the new fleet answered until then."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slipway.canary.config import Tolerances
from slipway.canary.statistics.evidence import Decision
from slipway.simulation.looks import Looks, rows
from slipway.simulation.service import Floats
from slipway.simulation.traffic import Block, Traffic, judge_edges

LOOK_SECONDS = 10
_LATER_LOOK_SECONDS = 60


@dataclass(frozen=True)
class Watch:
    """How long the judge may look: `shares` of the traffic in turn, each for as many seconds.

    A promotion waits until all of them have passed; without a verdict by then the last share goes on up to
    `longest_seconds`.
    """

    shares: tuple[tuple[float, int], ...]
    longest_seconds: int = 0
    look_seconds: int = LOOK_SECONDS

    @property
    def bake_seconds(self) -> int:
        return sum(seconds for _, seconds in self.shares)

    def share_at(self, second: int) -> float:
        until = 0
        for share, seconds in self.shares:
            until += seconds
            if second < until:
                return share
        return self.shares[-1][0]

    def looks(self) -> Iterator[tuple[int, float]]:
        """The length of each block in seconds, and green's share in it."""
        second, end = 0, max(self.bake_seconds, self.longest_seconds)
        while second < end:
            step = self.look_seconds if second < self.bake_seconds else _LATER_LOOK_SECONDS
            step = min(step, end - second)
            yield step, self.share_at(second)
            second += step


@dataclass(frozen=True)
class Outcomes:
    """One row a rollout: its `Decision` (EXTEND: none until the end), when, and green's requests until then."""

    verdicts: NDArray[np.int_]
    seconds: Floats
    green_requests: Floats

    def share(self, verdict: Decision) -> float:
        return float(np.mean(self.verdicts == verdict))


See = Callable[[Block, NDArray[np.int_], Floats], None]


def judge_rollouts(
    plan: Tolerances,
    watch: Watch,
    traffic: Traffic,
    recorded: Sequence[Block] = (),
    *,
    dispersion: Mapping[str, Floats] | None = None,
    beside: See | None = None,
) -> Outcomes:
    """Let the judge look at every block until it has a verdict or the watch ends.

    Args:
        plan: what the judge tolerates.
        watch: its looks.
        traffic: draws the blocks; left with the undecided rollouts.
        recorded: the first blocks, if they have been drawn from `traffic` already.
        dispersion: of the old fleet's counts, by stream; told by an hour drawn from `traffic` if not given.
        beside: is shown every block, the rollouts it is of, and the new fleet's requests until its end.
    """
    total, edges = traffic.rollouts, judge_edges(plan, traffic.service)
    verdicts = np.full(total, int(Decision.EXTEND))
    seconds, exposed = np.zeros(total), np.zeros(total)
    undecided = np.arange(total)
    judge = Looks(plan, traffic, dispersion)
    for number, (step, share) in enumerate(watch.looks()):
        if number < len(recorded):
            block = rows(recorded[number], undecided)
        else:
            block = traffic.draw(step, green_share=share, edges=edges)
        seconds[undecided] = block.end_second
        exposed[undecided] += block.green.requests
        if beside:
            beside(block, undecided, exposed[undecided])
        found = judge.verdicts(block)
        if block.end_second < watch.bake_seconds:
            found = np.where(found == Decision.PROMOTE, int(Decision.EXTEND), found)
        verdicts[undecided] = found
        open_ = found == Decision.EXTEND
        if not open_.all():
            undecided = undecided[open_]
            judge.keep(open_)
            traffic.keep(open_)
        if not undecided.size:
            break
    return Outcomes(verdicts, seconds, exposed)
