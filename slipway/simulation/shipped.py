"""Rollouts as a use case gets them: the judge that decides before the bake ends, and the alarm on errors beside it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from math import ceil
from typing import Self

import numpy as np
from numpy.typing import NDArray

from slipway.canary.config import PROCEED, Tolerances
from slipway.canary.statistics.evidence import Decision
from slipway.rollout.plan import RolloutPlan
from slipway.settings import Rollout
from slipway.simulation.error_alarm import AlarmWatch, ErrorAlarm
from slipway.simulation.looks import MINUTE, Looks, rows
from slipway.simulation.rollouts import LOOK_SECONDS, Outcomes
from slipway.simulation.service import Floats
from slipway.simulation.traffic import Block, Traffic, judge_edges


class Ending(IntEnum):
    """How a rollout ends: in the first two the new fleet serves everybody, the others send it back."""

    PROVEN = 0
    UNPROVEN = 1
    WITHOUT_EVIDENCE = 2
    BY_ALARM = 3
    BY_JUDGE = 4


@dataclass(frozen=True)
class Shipped:
    """Who watches a rollout, how long, and what follows.

    Attributes:
        bakes: the new fleet's share and seconds, in turn; where there are several, everybody is served in the last.
        alarm: the new fleet's errors, watched in all of them.
        judge: compares the fleets until everybody is served by the new one; None where nobody does.
        decide_seconds: so long before that the verdict is due.
        proceeds: whether the rollout goes on without one.
    """

    bakes: tuple[tuple[float, int], ...]
    alarm: ErrorAlarm
    judge: Tolerances | None = None
    decide_seconds: float = 0.0
    proceeds: bool = False

    @classmethod
    def of(cls, rollout: Rollout, plan: RolloutPlan) -> Self:
        """What the settings make of `plan`, which is theirs in whole instances."""
        judge = rollout.canary_analysis
        *partial, everybody = plan.steps
        return cls(
            bakes=(
                *((step / plan.instances, plan.wait_seconds) for step in partial),
                (everybody / plan.instances, plan.final_wait_seconds),
            ),
            alarm=ErrorAlarm(rollout),
            judge=rollout.tolerances() if judge.enabled else None,
            decide_seconds=min(judge.decide_seconds, rollout.bake_seconds / 2),  # as the judge's config has it
            proceeds=judge.without_evidence == PROCEED,
        )

    @cached_property
    def seconds(self) -> int:
        return sum(seconds for _, seconds in self.bakes)

    @cached_property
    def judged_seconds(self) -> int:
        """The end of the last bake before everybody is served by the new fleet, or of the only one."""
        return sum(seconds for _, seconds in self.bakes[: max(1, len(self.bakes) - 1)])

    @cached_property
    def due_seconds(self) -> int:
        return ceil(self.judged_seconds - self.decide_seconds)

    @property
    def comparable_seconds(self) -> int:
        """In which both fleets serve."""
        return sum(seconds for share, seconds in self.bakes if share < 1)

    @property
    def canary_seconds(self) -> float:
        """The same, each in terms of the share that the new fleet has."""
        return sum(share * seconds for share, seconds in self.bakes if share < 1)

    def looks(self) -> Iterator[tuple[int, float]]:
        """The length of each block in seconds, and green's share in it; one ends where the verdict is due."""
        second = end = 0
        for share, seconds in self.bakes:
            end += seconds
            while second < end:
                step = LOOK_SECONDS if self.judge and second < self.judged_seconds else MINUTE
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

    def outcomes(self) -> Outcomes:
        """The same in the terms of judges that know no more than a promotion and a rollback."""
        back = self.how >= Ending.WITHOUT_EVIDENCE
        verdicts = np.where(back, int(Decision.ROLL_BACK), int(Decision.PROMOTE))
        return Outcomes(verdicts, self.seconds, self.green_requests)


def roll_out(
    shipped: Shipped,
    traffic: Traffic,
    recorded: Sequence[Block] = (),
    *,
    dispersion: Mapping[str, Floats] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Endings:
    """Every rollout to its end; `traffic` is left with those that were not sent back.

    The verdict on whether everybody may meet the new fleet is due once; a rollback by the judge can follow it, as long
    as both fleets serve, and one by the alarm until the last bake ends.

    Args:
        shipped: who watches.
        traffic: draws the blocks.
        recorded: the first blocks, if they have been drawn from `traffic` already.
        dispersion: of the old fleet's counts, by stream; told by an hour drawn from `traffic` if not given.
        progress: is told at each look how much is done, 0..1.
    """
    total, edges = traffic.rollouts, judge_edges(shipped.judge or Tolerances(), traffic.service)
    how, seconds, exposed = np.full(total, int(Ending.UNPROVEN)), np.zeros(total), np.zeros(total)
    going = np.arange(total)
    judge = Looks(shipped.judge, traffic, dispersion) if shipped.judge else None
    alarm = AlarmWatch(shipped.alarm, total)
    for number, (step, share) in enumerate(shipped.looks()):
        if number < len(recorded):
            block = rows(recorded[number], going)
        else:
            block = traffic.draw(step, green_share=share, edges=edges)
        seconds[going] = block.end_second
        exposed[going] += block.green.requests
        if judge and block.end_second <= shipped.judged_seconds:
            how[going] = _judged(
                how[going], judge.verdicts(block), shipped, due=block.end_second == shipped.due_seconds
            )
        alarm.see(block, going, exposed[going])
        alarmed = (alarm.seconds[going] == block.end_second) & (how[going] != Ending.BY_JUDGE)
        how[going[alarmed]] = Ending.BY_ALARM
        left = how[going] < Ending.WITHOUT_EVIDENCE
        if not left.all():
            going = going[left]
            traffic.keep(left)
            if judge:
                judge.keep(left)
        if progress:
            progress(block.end_second / shipped.seconds if going.size else 1.0)
        if not going.size:
            break
    return Endings(how, seconds, exposed)


def _judged(how: NDArray[np.int_], found: NDArray[np.int_], shipped: Shipped, *, due: bool) -> NDArray[np.int_]:
    """How the rollouts stand after a look, before which they stood as `how` tells."""
    if due:
        without = Ending.UNPROVEN if shipped.proceeds else Ending.WITHOUT_EVIDENCE
        how = np.where(found == Decision.PROMOTE, int(Ending.PROVEN), int(without))
    return np.where(found == Decision.ROLL_BACK, int(Ending.BY_JUDGE), how)
