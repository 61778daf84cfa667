"""The composite verdict: promote, roll back or extend, for one rollout or for thousands at once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Self

from slipway.canary.statistics.arithmetic import Numbers, log_mean, where
from slipway.canary.statistics.e_values import Counts
from slipway.canary.statistics.means import MeanState
from slipway.canary.statistics.proportions import ProportionState
from slipway.canary.statistics.tolerances import JudgePlan, Metric, streams

VERDICT_METRIC = "Verdict"
_VERDICTS = "Slipway/Rollout"
_INDEPENDENT: Mapping[str, Numbers] = {}


class Verdict(IntEnum):
    """What the evidence so far allows; its number is the value of the metric that an alarm may watch."""

    EXTEND = 0
    PROMOTE = 1
    ROLL_BACK = 2


def verdict_namespace(endpoint: str) -> str:
    """Where the verdicts on an endpoint's fleets are published.

    IAM can hold a publisher to a namespace, and to no dimension in it: with one for all, the analysis of any use case
    could send another's model back.
    """
    return f"{_VERDICTS}/{endpoint}"


def is_verdict_namespace(namespace: str) -> bool:
    return namespace.startswith(f"{_VERDICTS}/")


def verdict_datum(verdict: Verdict, *, endpoint: str, config: str) -> dict[str, Any]:
    """The verdict on the fleet of an endpoint config, as PutMetricData takes it for `verdict_namespace`.

    Kept by the second: by the minute it would count as of the minute's start, of which the alarm's short window sees
    the end only.
    """
    fleet = {"EndpointName": endpoint, "EndpointConfigName": config}
    return {
        "MetricName": VERDICT_METRIC,
        "Dimensions": [{"Name": name, "Value": value} for name, value in fleet.items()],
        "Value": float(verdict),
        "StorageResolution": 1,
    }


@dataclass(frozen=True)
class Evidence:
    """All that has been seen of one rollout, or of as many as the arrays have elements."""

    plan: JudgePlan
    states: Mapping[str, ProportionState]
    value: MeanState | None = None

    @classmethod
    def start(cls, plan: JudgePlan, zero: Numbers = 0.0) -> Self:
        """Before any block; an array of zeros in place of `zero` starts as many rollouts."""
        value = MeanState.start() if plan.watches_value else None
        return cls(plan, {stream.name: stream.test.start(zero) for stream in streams(plan)}, value)

    def observe(self, block: Mapping[str, Counts], dispersion: Mapping[str, Numbers] = _INDEPENDENT) -> Self:
        """The evidence after one more block. A stream that counted nothing at all was not looked at.

        Args:
            block: the counts of each stream.
            dispersion: of each stream's counts within a fleet, known before the block; 1 for those that are not told.

        Raises:
            ValueError: a stream is missing, so that its metric could never object.
        """
        if missing := sorted(self.states.keys() - block.keys()):
            raise ValueError(f"a block must count every stream, got none of {', '.join(missing)}")
        tests = {stream.name: stream.test for stream in streams(self.plan)}
        return replace(
            self,
            states={
                n: state if block[n].empty else tests[n].observe(state, block[n], dispersion.get(n, 1.0))
                for n, state in self.states.items()
            },
        )

    def counting_anew(self, names: Collection[str]) -> Self:
        """With nothing counted yet by these streams, whose question has changed; what they have won or lost stays."""
        nothing = Counts(0.0, 0.0, 0.0, 0.0)
        states = {n: replace(state, seen=nothing) if n in names else state for n, state in self.states.items()}
        return replace(self, states=states)

    def with_value(self, value: MeanState) -> Self:
        return replace(self, value=value)

    def take(self, kept: Any) -> Self:
        """The rollouts chosen by the mask."""
        return replace(self, states={name: state.take(kept) for name, state in self.states.items()})

    def names(self, metric: Metric) -> tuple[str, ...]:
        """The streams that may speak against the new fleet on this metric."""
        return tuple(s.name for s in streams(self.plan) if s.metric == metric and s.test.regression)

    def log_regression(self, metric: Metric) -> Numbers:
        """Log e-value against "the new fleet is no worse on this metric"."""
        if metric == "value":
            return self.value.log_regression if self.value else 0.0
        names = self.names(metric)
        told = [s for s in streams(self.plan) if s.name in names]
        return log_mean([self.states[s.name].log_regression for s in told], [s.weight for s in told])

    def log_safety(self) -> dict[str, Numbers]:
        """Log e-values against "worse by the tolerance or more", for the streams that need such evidence."""
        return {s.name: self.states[s.name].log_safety for s in streams(self.plan) if s.test.safety}

    @property
    def green_requests(self) -> Numbers:
        return self.states["errors"].seen.green_requests

    def verdicts(self) -> Numbers:
        """A `Verdict` a rollout. A rollback outweighs a promotion; without evidence for either it is EXTEND."""
        safe = self.green_requests >= self.plan.min_requests
        for logs in self.log_safety().values():
            safe = safe & (logs >= self.plan.log_promotion)
        found = where(safe, int(Verdict.PROMOTE), int(Verdict.EXTEND))
        for metric in self.plan.metrics:
            found = where(self.log_regression(metric) >= self.plan.log_rollback, int(Verdict.ROLL_BACK), found)
        return found

    def verdict(self) -> Verdict:
        """The verdict on a single rollout."""
        return Verdict(int(self.verdicts()))
