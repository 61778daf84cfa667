"""Rollouts as a use case configures them: an analysis that decides before the bake ends, and the alarm on errors."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import accumulate
from math import ceil
from typing import Self

import numpy as np
from numpy.typing import NDArray

from slipway.canary.config import PROCEED, AnalysedMetric, Tolerances
from slipway.canary.shadow_comparison import ShadowComparison
from slipway.canary.statistics.evidence import Decision
from slipway.rollout.plan import RolloutPlan
from slipway.rollout.steps import poll_seconds
from slipway.settings import Rollout
from slipway.simulation.analysed_rollouts import POLL_SECONDS, SimulatedResults
from slipway.simulation.analysis import MINUTE, RolloutAnalysis, rows
from slipway.simulation.error_alarm import ErrorAlarm, SimulatedErrorAlarm
from slipway.simulation.service import Floats
from slipway.simulation.stream_counts import latency_edges
from slipway.simulation.traffic import Block, Traffic

_STEPS = (POLL_SECONDS, 20, 30, MINUTE)
"""Parts of a minute, no longer than the rollout's own polls."""


def whole_polls(rollout: Rollout) -> int:
    """Seconds between two polls, so that whole minutes end with one."""
    return max(step for step in _STEPS if step <= poll_seconds(rollout.timeout_seconds))


class Ending(IntEnum):
    """How a rollout ends: in the first two the new fleet takes all traffic, in the others it is rolled back.

    A candidate that is worse as a shadow is rejected before it gets any.
    """

    PROVEN = 0
    UNPROVEN = 1
    WITHOUT_EVIDENCE = 2
    BY_ALARM = 3
    BY_ANALYSIS = 4
    AS_SHADOW = 5


@dataclass(frozen=True)
class ConfiguredRollout:
    """What watches a rollout, how long, and what follows.

    Attributes:
        bakes: the new fleet's share and seconds, in turn; where there are several, it has all traffic in the last.
        alarm: the new fleet's errors, watched in all of them.
        tolerances: of the analysis that compares the fleets until the new one has all traffic; None without one.
        decide_seconds: so long before that the decision is due.
        proceeds: whether the rollout goes on without one.
        poll_seconds: between two polls of the analysis.
        shadow: how the candidate is compared as a shadow before.
        proven: metrics that have been proven before.
    """

    bakes: tuple[tuple[float, int], ...]
    alarm: ErrorAlarm
    tolerances: Tolerances | None = None
    decide_seconds: float = 0.0
    proceeds: bool = False
    poll_seconds: int = POLL_SECONDS
    shadow: ShadowComparison | None = None
    proven: tuple[AnalysedMetric, ...] = ()

    @classmethod
    def of(cls, rollout: Rollout, plan: RolloutPlan) -> Self:
        """What the settings make of `plan`, which is theirs in whole instances."""
        *partial, all_traffic = plan.steps
        return cls(
            bakes=(
                *((step / plan.instances, plan.wait_seconds) for step in partial),
                (all_traffic / plan.instances, plan.final_wait_seconds),
            ),
            alarm=ErrorAlarm(rollout),
            tolerances=rollout.tolerances() if rollout.canary_analysis.enabled else None,
            decide_seconds=rollout.decide_seconds,
            proceeds=rollout.canary_analysis.without_evidence == PROCEED,
            poll_seconds=whole_polls(rollout),
            shadow=rollout.shadow_comparison(),
        )

    @cached_property
    def seconds(self) -> int:
        return sum(seconds for _, seconds in self.bakes)

    @cached_property
    def compared_seconds(self) -> int:
        """The end of the last bake before the new fleet has all traffic, or of the only one."""
        return sum(seconds for _, seconds in self.bakes[: max(1, len(self.bakes) - 1)])

    @cached_property
    def due_seconds(self) -> int:
        return ceil(self.compared_seconds - self.decide_seconds)

    @property
    def comparable_seconds(self) -> int:
        """In which both fleets serve."""
        return sum(seconds for share, seconds in self.bakes if share < 1)

    @property
    def canary_seconds(self) -> float:
        """The same, each in terms of the share that the new fleet has."""
        return sum(share * seconds for share, seconds in self.bakes if share < 1)

    def bake_at(self, second: int) -> int:
        """The number of the bake that ends at `second` or goes on then, from 0."""
        return sum(end < second for end in accumulate(seconds for _, seconds in self.bakes))

    def polls(self) -> Iterator[tuple[int, float]]:
        """The length of each block in seconds, and green's share in it; one ends where the decision is due."""
        second = end = 0
        for share, seconds in self.bakes:
            end += seconds
            while second < end:
                step = self.poll_seconds if self.tolerances and second < self.compared_seconds else MINUTE
                until = min((second // step + 1) * step, end, self.due_seconds if second < self.due_seconds else end)
                yield until - second, share
                second = until


@dataclass(frozen=True)
class Endings:
    """One row a rollout: its `Ending`, when, and the new fleet's requests until then."""

    how: NDArray[np.int_]
    seconds: Floats
    green_requests: Floats

    def share(self, *endings: Ending) -> float:
        return float(np.isin(self.how, endings).mean())

    def results(self) -> SimulatedResults:
        """The same as promotions and rollbacks alone."""
        back = self.how >= Ending.WITHOUT_EVIDENCE
        decisions = np.where(back, int(Decision.ROLL_BACK), int(Decision.PROMOTE))
        return SimulatedResults(decisions, self.seconds, self.green_requests)


def roll_out(
    configured: ConfiguredRollout,
    traffic: Traffic,
    recorded: Sequence[Block] = (),
    *,
    dispersion: Mapping[str, Floats] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Endings:
    """Every rollout to its end; `traffic` is left with those that were not rolled back.

    The decision on shifting all traffic is due once; a rollback by the analysis can follow it, as long as both fleets
    serve, and one by the alarm until the last bake ends.

    Args:
        configured: what watches.
        traffic: draws the blocks.
        recorded: the first blocks, if they have been drawn from `traffic` already.
        dispersion: of the old fleet's counts, by stream; estimated from an hour drawn from `traffic` if not given.
        progress: is called at each poll with the share that is done, 0..1.
    """
    total, edges = traffic.rollouts, latency_edges(configured.tolerances or Tolerances(), traffic.service)
    how, seconds, exposed = np.full(total, int(Ending.UNPROVEN)), np.zeros(total), np.zeros(total)
    going = np.arange(total)
    tolerances = configured.tolerances
    analysis = RolloutAnalysis(tolerances, traffic, dispersion, proven=configured.proven) if tolerances else None
    alarm = SimulatedErrorAlarm(configured.alarm, total)
    for number, (step, share) in enumerate(configured.polls()):
        if number < len(recorded):
            block = rows(recorded[number], going)
        else:
            block = traffic.draw(step, green_share=share, edges=edges)
        seconds[going] = block.end_second
        exposed[going] += block.green.requests
        if analysis and block.end_second <= configured.compared_seconds:
            due, at = block.end_second == configured.due_seconds, configured.bake_at(block.end_second)
            error = tolerances.false_promotion_rate if tolerances and due else 0.0
            how[going] = _analysed(how[going], analysis.decisions(block, bake=at, error=error), configured, due=due)
        alarm.see(block, going, exposed[going])
        alarmed = (alarm.seconds[going] == block.end_second) & (how[going] != Ending.BY_ANALYSIS)
        how[going[alarmed]] = Ending.BY_ALARM
        left = how[going] < Ending.WITHOUT_EVIDENCE
        if not left.all():
            going = going[left]
            traffic.keep(left)
            if analysis:
                analysis.keep(left)
        if progress:
            progress(block.end_second / configured.seconds if going.size else 1.0)
        if not going.size:
            break
    return Endings(how, seconds, exposed)


def _analysed(
    how: NDArray[np.int_], found: NDArray[np.int_], configured: ConfiguredRollout, *, due: bool
) -> NDArray[np.int_]:
    """How the rollouts stand after a poll, given how they stood before it."""
    if due:
        without = Ending.UNPROVEN if configured.proceeds else Ending.WITHOUT_EVIDENCE
        how = np.where(found == Decision.PROMOTE, int(Ending.PROVEN), int(without))
    return np.where(found == Decision.ROLL_BACK, int(Ending.BY_ANALYSIS), how)
