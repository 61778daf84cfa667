"""The judge's looks at many rollouts at once: what their blocks tell it, and what it makes of that."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipway.canary.config import Tolerances
from slipway.canary.statistics.e_values import Counts
from slipway.canary.statistics.evidence import Evidence
from slipway.simulation.reference import reference_dispersions
from slipway.simulation.service import Floats
from slipway.simulation.traffic import Block, Traffic, judge_counts

MINUTE = 60
"""How often SageMaker tells what it has counted; the servers tell it at every look."""


class Looks:
    """The evidence so far, a row a rollout.

    Args:
        plan: what the judge tolerates.
        traffic: whose blocks it will see.
        dispersion: of the old fleet's counts, by stream; told by an hour drawn from `traffic` if not given.
    """

    def __init__(self, plan: Tolerances, traffic: Traffic, dispersion: Mapping[str, Floats] | None = None) -> None:
        self._plan, self._service = plan, traffic.service
        self._evidence = Evidence.start(plan, np.zeros(traffic.rollouts))
        self._dispersion = reference_dispersions(plan, traffic) if dispersion is None else dispersion
        self._minute: Block | None = None
        # As the judge's function has it: CloudWatch tells minutes, of which the last may hold some of the warm-up.
        self._cold_until = plan.warm_up_seconds + MINUTE if plan.warm_up_seconds else 0.0

    def verdicts(self, block: Block) -> NDArray[np.int_]:
        """What all blocks up to this one allow: a `Decision` a row."""
        minute = self._minute + block if self._minute else block
        whole = block.end_second % MINUTE == 0
        counts = judge_counts(self._plan, self._service, block, minute if whole else None)
        if block.end_second <= self._cold_until:
            counts = {name: _none(of) if "slow" in name else of for name, of in counts.items()}
        self._evidence = self._evidence.observe(counts, self._dispersion)
        self._minute = None if whole else minute
        return np.asarray(self._evidence.decisions())

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Go on with the rollouts chosen by the mask alone."""
        self._evidence = self._evidence.take(kept)
        self._dispersion = {name: of[kept] for name, of in self._dispersion.items()}
        self._minute = rows(self._minute, kept) if self._minute else None


def _none(counts: Counts) -> Counts:
    return Counts(*(np.zeros_like(of) for of in vars(counts).values()))


def rows(block: Block, chosen: NDArray[Any]) -> Block:
    """The block of the chosen rollouts, by mask or by number."""
    green, blue = (
        type(fleet)(fleet.requests[chosen], fleet.failed[chosen], fleet.latencies[chosen], fleet.scores[chosen])
        for fleet in (block.green, block.blue)
    )
    return Block(block.end_second, block.edges, green, blue)
