"""All evidence on both fleets, and the decision it allows: for one rollout or for thousands at once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any, Self

from slipway.canary.config import AnalysedMetric, Tolerances
from slipway.canary.statistics.arithmetic import Numbers, log_mean, where
from slipway.canary.statistics.dispersion import OVER_MINUTES, WITHIN_MINUTES
from slipway.canary.statistics.e_values import Counts
from slipway.canary.statistics.means import MeanState
from slipway.canary.statistics.non_inferiority import normal_quantile
from slipway.canary.statistics.proportions import ProportionState
from slipway.canary.statistics.streams import Stream, streams

_INDEPENDENT: Mapping[str, Numbers] = {}


class Decision(IntEnum):
    """What the evidence so far allows; its number is the value of the metric that an alarm may watch."""

    EXTEND = 0
    PROMOTE = 1
    ROLL_BACK = 2


@dataclass(frozen=True)
class Evidence:
    """All that has been seen of one rollout, or of as many as the arrays have elements."""

    tolerances: Tolerances
    states: Mapping[str, ProportionState]
    value: MeanState | None = None
    proven: Mapping[AnalysedMetric, str] = field(default_factory=dict)
    """Metrics that another comparison has proven no worse, and by what: a promotion tests the others alone."""

    @classmethod
    def start(
        cls, tolerances: Tolerances, zero: Numbers = 0.0, *, proven: Mapping[AnalysedMetric, str] | None = None
    ) -> Self:
        """Before any block; an array of zeros in place of `zero` starts as many rollouts."""
        value = MeanState.start() if tolerances.watches_value else None
        states = {stream.name: stream.test.start(zero) for stream in streams(tolerances)}
        return cls(tolerances, states, value, proven or {})

    def observe(
        self,
        block: Mapping[str, Counts],
        dispersion: Mapping[str, Numbers] = _INDEPENDENT,
        *,
        bake: int = 0,
        minute: int = 0,
    ) -> Self:
        """The evidence after one more block. A stream that counted nothing at all stays as it is.

        Args:
            block: the counts of each stream.
            dispersion: of each stream's counts within a fleet, known before the block; 1 for those that are not given.
                Of errors what a promotion's test needs too (`promotion_dispersions`).
            bake: the number of the bake that it was counted in, from 0.
            minute: the number of the minute, likewise.

        Raises:
            ValueError: a stream is missing, so that its metric could never object.
        """
        if missing := sorted(self.states.keys() - block.keys()):
            raise ValueError(f"a block must count every stream, got none of {', '.join(missing)}")
        states = dict(self.states)
        for stream in streams(self.tolerances):
            if (counts := block[name := stream.name]).empty:
                continue
            of_promotion = (dispersion.get(name + WITHIN_MINUTES, 0.0), dispersion.get(name + OVER_MINUTES, 0.0))
            known = dispersion.get(name, 1.0)
            states[name] = stream.test.observe(
                states[name], counts, known, bake=bake, minute=minute, of_promotion=of_promotion
            )
        return replace(self, states=states)

    def with_counts_reset(self, names: Collection[str]) -> Self:
        """With nothing counted yet by these streams, whose thresholds have changed; their e-values stay."""
        nothing = Counts(0.0, 0.0, 0.0, 0.0)
        states = {n: replace(state, seen=nothing) if n in names else state for n, state in self.states.items()}
        return replace(self, states=states)

    def with_value(self, value: MeanState) -> Self:
        return replace(self, value=value)

    def take(self, kept: Any) -> Self:
        """The rollouts chosen by the mask."""
        return replace(self, states={name: state.take(kept) for name, state in self.states.items()})

    def names(self, metric: AnalysedMetric) -> tuple[str, ...]:
        """The streams that may speak against the new fleet on this metric."""
        return tuple(s.name for s in streams(self.tolerances) if s.metric == metric and s.test.regression)

    def log_regression(self, metric: AnalysedMetric) -> Numbers:
        """Log e-value against "the new fleet is no worse on this metric"."""
        if metric == "value":
            return self.value.log_regression if self.value else 0.0
        names = self.names(metric)
        counted = [s for s in streams(self.tolerances) if s.name in names]
        return log_mean([self.states[s.name].log_regression for s in counted], [s.weight for s in counted])

    @property
    def needed(self) -> tuple[Stream, ...]:
        """The streams that a promotion needs."""
        return tuple(s for s in streams(self.tolerances) if s.test.non_inferiority and s.metric not in self.proven)

    def standard_errors(self, *, error: float) -> dict[str, Numbers]:
        """How many of them the new fleet lies within the tolerance, for the streams that a promotion needs."""
        return {s.name: s.test.standard_errors(self.states[s.name], error=error) for s in self.needed}

    @property
    def green_requests(self) -> Numbers:
        return self.states["errors"].seen.green_requests

    def decisions(self, *, error: float = 0.0) -> Numbers:
        """A `Decision` a rollout. A rollback outweighs a promotion; without evidence for either it is EXTEND.

        Args:
            error: the level of a test that may promote; 0 where none is due.
        """
        found = 0 * self.green_requests + int(Decision.EXTEND)
        if error:
            safe = self.green_requests >= self.tolerances.min_requests
            for distance in self.standard_errors(error=error).values():
                safe = safe & (distance >= normal_quantile(error))
            found = where(safe, int(Decision.PROMOTE), found)
        for metric in self.tolerances.metrics:
            found = where(self.log_regression(metric) >= self.tolerances.log_rollback, int(Decision.ROLL_BACK), found)
        return found

    def decision(self, *, error: float = 0.0) -> Decision:
        """The decision on a single rollout."""
        return Decision(int(self.decisions(error=error)))
