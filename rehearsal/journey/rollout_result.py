"""What one rollout of a rehearsal showed: a row of `report.json`, and the moments that its picture marks."""

from dataclasses import dataclass, field
from typing import Any

from rehearsal.endpoints.load_generator import LoadGenerator
from rehearsal.journey.embedded_aws import EmbeddedAws
from slipway.endpoint_kinds import REAL_TIME, EndpointKind

FIRST = "first"
"""The type of an endpoint's first rollout."""


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
