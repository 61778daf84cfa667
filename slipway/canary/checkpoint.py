"""What one look at a rollout leaves to the next, as JSON in the state machine's own data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from slipway.canary.observation.counting import PERIOD_SECONDS
from slipway.canary.observation.latencies import Usual
from slipway.canary.statistics.decision import Evidence, Verdict
from slipway.canary.statistics.e_values import Counts
from slipway.canary.statistics.means import MeanState
from slipway.canary.statistics.proportions import ProportionState
from slipway.canary.statistics.tolerances import JudgePlan


@dataclass(frozen=True)
class Memory:
    """One rollout so far; times are epoch seconds.

    Attributes:
        config: the new fleet's endpoint config.
        since: when the deployment began.
        evidence: of both fleets.
        rate: seconds of waiting that pass in one second.
        bakes: starts of the bakes seen.
        usual: the old fleet's usual latencies, by who tells them; without those that are unknown.
        dispersion: of the old fleet's counts, by stream; without those that are unknown.
        learnt: until when the old fleet was asked for it.
        verdict: the last one.
        sentence: why.
        joined: where that lies which the evidence of the value came from, so that both are remembered or neither.
        settled: the verdict on whether everybody may meet the new fleet has been given; only a rollback can follow.
    """

    config: str
    since: float
    evidence: Evidence
    rate: float = 1.0
    bakes: tuple[float, ...] = ()
    usual: Mapping[str, Usual] = field(default_factory=dict)
    dispersion: Mapping[str, float] = field(default_factory=dict)
    learnt: float = 0.0
    verdict: Verdict = Verdict.EXTEND
    sentence: str = ""
    joined: str = ""
    settled: bool = False

    @classmethod
    def start(cls, plan: JudgePlan, *, config: str, since: float) -> Self:
        return cls(config, since, Evidence.start(plan))

    def timed(self, rate: float, baking_since: float | None) -> Self:
        """With the clock's rate and the bake of this look."""
        bakes = {*self.bakes, *(() if baking_since is None else (baking_since,))}
        return replace(self, rate=max(self.rate, rate), bakes=tuple(sorted(bakes)))

    def is_warm(self, warm_up_seconds: float, *, now: float) -> bool:
        """Whether all datapoints of the minute of `now` are from after the warm-up; an old fleet's end ends it too."""
        if not warm_up_seconds:
            return True
        return bool(self.bakes) and (now - self.bakes[0]) * self.rate >= warm_up_seconds + PERIOD_SECONDS

    def to_document(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in _PLAIN}
        streams = {name: _stream(state) for name, state in self.evidence.states.items()}
        value = asdict(self.evidence.value) if self.evidence.value else None
        usual = {source: known.to_document() for source, known in self.usual.items()}
        return {**told, "usual": usual, "verdict": int(self.verdict), "streams": streams, "value": value}

    @classmethod
    def from_document(cls, plan: JudgePlan, document: Mapping[str, Any]) -> Self:
        """What `to_document` told, under the plan of today; streams that the plan has gained start anew."""
        start = Evidence.start(plan)
        streams = document["streams"]
        states = {
            name: _state(state, streams[name]) if name in streams else state for name, state in start.states.items()
        }
        value = start.value
        if value and document["value"]:
            value = MeanState(**{**document["value"], "logs": tuple(document["value"]["logs"])})
        told = {name: document[name] for name in _PLAIN if name in document}
        return cls(
            **{**told, "bakes": tuple(told["bakes"])},
            usual={source: Usual.from_document(known) for source, known in document.get("usual", {}).items()},
            evidence=replace(start, states=states, value=value),
            verdict=Verdict(document["verdict"]),
        )


_PLAIN = ("config", "since", "rate", "bakes", "dispersion", "learnt", "sentence", "joined", "settled")


def _stream(state: ProportionState) -> dict[str, Any]:
    return {
        "seen": list(asdict(state.seen).values()),
        "regression": state.regression,
        "safety": state.safety,
        "looks": state.looks,
    }


def _state(start: ProportionState, told: Mapping[str, Any]) -> ProportionState:
    """The weights of the bets are the plan's."""
    seen, safety = Counts(*told["seen"]), tuple(tuple(side) for side in told["safety"])
    return replace(start, seen=seen, regression=tuple(told["regression"]), safety=safety, looks=told["looks"])
