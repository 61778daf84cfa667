"""What one poll of a rollout leaves to the next, as JSON in the orchestrator's own data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from math import inf
from typing import Any, Self

from slipway.canary.config import AnalysedMetric, Tolerances
from slipway.canary.observation.counting import PERIOD_SECONDS
from slipway.canary.observation.latencies import LatencyBaseline
from slipway.canary.statistics.e_values import Counts
from slipway.canary.statistics.evidence import Decision, Evidence
from slipway.canary.statistics.means import MeanState
from slipway.canary.statistics.paired_minutes import PairedMinutes
from slipway.canary.statistics.proportions import ProportionState


@dataclass(frozen=True)
class Checkpoint:
    """One rollout so far; times are epoch seconds.

    Attributes:
        endpoint_config: the new fleet's.
        since: when the deployment began.
        evidence: of both fleets.
        rate: seconds of waiting that pass in one second.
        bakes: starts of the bakes seen.
        latency_baselines: the old fleet's latencies, by who reports them; without those that are unknown.
        dispersion: of the old fleet's counts, by stream; without those that are unknown.
        dispersion_read_until: the end of the time that it was last read for.
        decision: the last one.
        explanation: of it.
        outcomes_key: of the object that holds the requests and outcomes that the evidence of the value came from.
        scores_key: of the object that holds what captured responses gave, where servers publish no scores.
        promotion_tests: how many were made of a shadow.
        settled: the decision on shifting all traffic to the new fleet has been made; only a rollback can follow.
    """

    endpoint_config: str
    since: float
    evidence: Evidence
    rate: float = 1.0
    bakes: tuple[float, ...] = ()
    latency_baselines: Mapping[str, LatencyBaseline] = field(default_factory=dict)
    dispersion: Mapping[str, float] = field(default_factory=dict)
    dispersion_read_until: float = 0.0
    decision: Decision = Decision.EXTEND
    explanation: str = ""
    outcomes_key: str = ""
    scores_key: str = ""
    promotion_tests: int = 0
    settled: bool = False

    @classmethod
    def start(
        cls,
        tolerances: Tolerances,
        *,
        endpoint_config: str,
        since: float,
        proven: Mapping[AnalysedMetric, str] | None = None,
    ) -> Self:
        return cls(endpoint_config, since, Evidence.start(tolerances, proven=proven))

    def minute(self, now: float) -> int:
        """The number of the minute of `now` since the deployment began, from 0."""
        return int(max(0.0, now - self.since) * self.rate // PERIOD_SECONDS)

    def baked_seconds(self, now: float) -> float:
        """Since the first bake began; before one is seen, as long as can be."""
        return (now - self.bakes[0]) * self.rate if self.bakes else inf

    @property
    def bake(self) -> int:
        """The number of the bake under way, from 0."""
        return max(0, len(self.bakes) - 1)

    def timed(self, rate: float, baking_since: float | None) -> Self:
        """With the clock's rate and the bake of this poll."""
        bakes = {*self.bakes, *(() if baking_since is None else (baking_since,))}
        return replace(self, rate=max(self.rate, rate), bakes=tuple(sorted(bakes)))

    def is_warm(self, warm_up_seconds: float, *, now: float) -> bool:
        """Whether all datapoints of the minute of `now` are from after the warm-up; an old fleet's end ends it too."""
        if not warm_up_seconds:
            return True
        return bool(self.bakes) and (now - self.bakes[0]) * self.rate >= warm_up_seconds + PERIOD_SECONDS

    def to_document(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "latency_baselines": {name: each.to_document() for name, each in self.latency_baselines.items()},
            "decision": int(self.decision),
            "streams": {name: _stream(state) for name, state in self.evidence.states.items()},
            "value": asdict(self.evidence.value) if self.evidence.value else None,
            "proven": dict(self.evidence.proven),
        }

    @classmethod
    def from_document(cls, tolerances: Tolerances, document: Mapping[str, Any]) -> Self:
        """A checkpoint from `to_document`, under the tolerances of today; streams that they have gained start anew."""
        start = Evidence.start(tolerances)
        streams = document["streams"]
        states = {
            name: _state(state, streams[name]) if name in streams else state for name, state in start.states.items()
        }
        value = start.value
        if value and document["value"]:
            value = MeanState(**{**document["value"], "logs": tuple(document["value"]["logs"])})
        baselines = document.get("latency_baselines", {})
        return cls(
            **{name: document[name] for name in _PLAIN if name in document} | {"bakes": tuple(document["bakes"])},
            latency_baselines={name: LatencyBaseline.from_document(each) for name, each in baselines.items()},
            evidence=replace(start, states=states, value=value, proven=document.get("proven", {})),
            decision=Decision(document["decision"]),
        )


_PLAIN = (
    "endpoint_config",
    "since",
    "rate",
    "bakes",
    "dispersion",
    "dispersion_read_until",
    "explanation",
    "outcomes_key",
    "scores_key",
    "promotion_tests",
    "settled",
)


def _stream(state: ProportionState) -> dict[str, Any]:
    return {
        "seen": list(asdict(state.seen).values()),
        "regression": state.regression,
        "dispersion": state.dispersion,
        "strata": [list(asdict(each).values()) for each in state.strata],
        "polls": state.polls,
        "within_minutes": state.within_minutes,
        "over_minutes": state.over_minutes,
        "minutes": state.minutes and state.minutes.to_document(),
    }


def _state(start: ProportionState, stored: Mapping[str, Any]) -> ProportionState:
    """The weights of the alternatives are those of the tolerances; what earlier versions did not keep starts anew."""
    minutes = stored.get("minutes")
    return replace(
        start,
        seen=Counts(*stored["seen"]),
        regression=tuple(stored["regression"]),
        dispersion=stored["dispersion"],
        strata=tuple(Counts(*each) for each in stored["strata"]),
        polls=stored["polls"],
        within_minutes=stored.get("within_minutes", 0.0),
        over_minutes=stored.get("over_minutes", 0.0),
        minutes=PairedMinutes.from_document(minutes) if minutes else start.minutes,
    )
