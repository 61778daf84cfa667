"""Canary analysis of many simulated rollouts at once: the counts of their blocks, and the decisions that follow."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipway.canary.config import AnalysedMetric, Tolerances
from slipway.canary.statistics.dispersion import after
from slipway.canary.statistics.e_values import Counts
from slipway.canary.statistics.evidence import Evidence
from slipway.simulation.reference import reference_dispersions
from slipway.simulation.service import Floats
from slipway.simulation.stream_counts import stream_counts
from slipway.simulation.traffic import Block, Traffic

MINUTE = 60
"""How often SageMaker reports what it has counted; the servers report at every poll."""


class RolloutAnalysis:
    """The evidence so far, a row a rollout.

    Args:
        tolerances: of the analysis.
        traffic: whose blocks it gets.
        dispersion: of the old fleet's counts, by stream; estimated from an hour drawn from `traffic` if not given.
        proven: metrics that another comparison has proven.
    """

    def __init__(
        self,
        tolerances: Tolerances,
        traffic: Traffic,
        dispersion: Mapping[str, Floats] | None = None,
        *,
        proven: Sequence[AnalysedMetric] = (),
    ) -> None:
        self._tolerances, self._service = tolerances, traffic.service
        self._evidence = Evidence.start(tolerances, np.zeros(traffic.rollouts), proven=dict.fromkeys(proven, "before"))
        self._dispersion = reference_dispersions(tolerances, traffic) if dispersion is None else dispersion
        self._minute: Block | None = None
        # As the analysis function has it: CloudWatch has minutes, of which the last may hold some of the warm-up.
        self._cold_until = tolerances.warm_up_seconds + MINUTE if tolerances.warm_up_seconds else 0.0

    def decisions(self, block: Block, *, bake: int = 0, error: float = 0.0) -> NDArray[np.int_]:
        """What all blocks up to this one allow: a `Decision` a row.

        Args:
            block: the newest.
            bake: the number of its bake.
            error: the level of the promotion's test that is due after it; 0 if none is.
        """
        minute = self._minute + block if self._minute else block
        whole = block.end_second % MINUTE == 0
        counts = stream_counts(self._tolerances, self._service, block, minute if whole else None)
        if block.end_second <= self._cold_until:
            counts = {name: _none(of) if "slow" in name else of for name, of in counts.items()}
        self._evidence = self._evidence.observe(
            counts, after(block.end_second, self._dispersion), bake=bake, minute=(block.end_second - 1) // MINUTE
        )
        self._minute = None if whole else minute
        return np.asarray(self._evidence.decisions(error=error))

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
