"""What one rollout of a rehearsal showed: a row of `report.json`, and the moments that its picture marks."""

from dataclasses import dataclass, field
from typing import Any

from rehearsal.endpoints.load_generator import LoadGenerator
from rehearsal.journey.embedded_aws import EmbeddedAws
from slipway.endpoint_kinds import REAL_TIME, EndpointKind
from slipway.settings import Settings

ALARM = "alarm"
"""The moment of an alarm, of which there is one for each of a rollout's alarms."""
_EVALUATION_SECONDS, _ARRIVAL_SECONDS = 60, 0.5
"""An alarm is evaluated within a minute of its period's end, and once the metrics have arrived."""
FIRST = "first"
"""The type of an endpoint's first rollout."""


@dataclass(frozen=True)
class LatencyLimit:
    """What the alarm on latency allows: this percentile in ms, over so many seconds of real time."""

    ms: float
    percentile: float
    seconds: float
    min_requests: int


def latency_limit(settings: Settings, *, speed: float) -> LatencyLimit:
    """As the rollout's alarm has it, with the minute in which it is evaluated."""
    rollout = settings.rollout
    seconds = rollout.alarm_periods * rollout.alarm_period_seconds + _EVALUATION_SECONDS
    return LatencyLimit(
        ms=rollout.max_latency_ms,
        percentile=rollout.latency_percentile,
        seconds=seconds / speed + _ARRIVAL_SECONDS,
        min_requests=rollout.min_requests,
    )


@dataclass(frozen=True)
class LaunchTarget:
    """Where rollouts happen: the account, the endpoint, the function that rolls out, and its users."""

    aws: EmbeddedAws
    endpoint: str
    rollout_function: str
    traffic: LoadGenerator
    artifacts_bucket: str = ""
    experiment_function: str = ""
    kind: EndpointKind = REAL_TIME
    latency: LatencyLimit | None = None


@dataclass
class RolloutResult:
    """Filled while the rollout runs.

    What the traffic generator counts is known of every rollout, also of one that was cut off. What only the embedded
    AWS counts (`exposed`, `failed_by_new_fleet`) is None until it is read, after the rollout's end.
    """

    model_package: str
    fault: str | None
    type: str
    outcome: str = "none"
    by: str | None = None
    requests: int = 0
    exposed: int | None = None
    failed: int = 0
    failed_by_new_fleet: int | None = None
    dropped: int = 0
    not_sent: int = 0
    late_p99_ms: float = 0.0
    seconds: float = 0.0
    started_at: float = 0.0
    ended_at: float = 0.0
    config: str | None = None
    previous_config: str | None = None
    reason: str = ""
    proven: bool | None = None
    """Whether canary analysis proved a promoted model safe; None where there was no old fleet to compare it with."""
    shadow: dict[str, Any] | None = None
    """What canary analysis decided of the candidate as a shadow; None where it was none."""
    alarms: list[str] = field(default_factory=list)
    moments: list[tuple[float, str]] = field(default_factory=list)

    @property
    def has_two_fleets(self) -> bool:
        """Whether the new fleet served users beside an old one."""
        return self.type != FIRST and self.config is not None

    @property
    def alarmed_at(self) -> float | None:
        """When the alarm that rolled it back went off."""
        alarms = [at for at, what in self.moments if what == ALARM]
        return alarms[self.alarms.index(self.by)] if self.by in self.alarms else None

    @property
    def is_cut_off(self) -> bool:
        """Whether the rehearsal ended before the rollout: by an interrupt, a limit, or the end of the embedded AWS."""
        return self.outcome == "none" and self.failed_by_new_fleet is None

    @property
    def outcome_in_words(self) -> str:
        return "cut off" if self.is_cut_off else self.outcome.replace("_", " ")

    def row(self) -> dict[str, Any]:
        """As `report.json` has it. Its keys are a contract: `verdict` is the outcome's key there."""
        return {
            "model_package": self.model_package,
            "fault": self.fault,
            "type": self.type,
            "verdict": self.outcome,
            "proven": self.proven,
            "by": self.by,
            "reason": self.reason,
            "shadow": self.shadow,
            "requests": self.requests,
            "exposed": self.exposed,
            "failed": self.failed,
            "failed_by_new_fleet": self.failed_by_new_fleet,
            "dropped": self.dropped,
            "not_sent": self.not_sent,
            "late_p99_ms": self.late_p99_ms,
            "seconds": self.seconds,
        }
