"""What a pipeline execution shows of itself while it runs and when it has ended."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

StepStatus = Literal["Starting", "Executing", "Stopping", "Stopped", "Failed", "Succeeded"]


@dataclass(frozen=True)
class StepRecord:
    """One step as ListPipelineExecutionSteps shows it."""

    name: str
    type: str
    status: StepStatus
    start_time: datetime
    end_time: datetime | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    failure_reason: str | None = None
    attempt_count: int = 1
    cache_hit_result: dict[str, str] | None = None
    display_name: str | None = None
    description: str | None = None

    def as_api(self) -> dict[str, Any]:
        """The PipelineExecutionStep of the API, without what is not known yet."""
        row = {
            "StepName": self.name,
            "StepDisplayName": self.display_name,
            "StepDescription": self.description,
            "StartTime": self.start_time,
            "EndTime": self.end_time,
            "StepStatus": self.status,
            "CacheHitResult": self.cache_hit_result,
            "FailureReason": self.failure_reason,
            "Metadata": self.metadata,
            "AttemptCount": self.attempt_count,
        }
        return {key: value for key, value in row.items() if value is not None}


@dataclass(frozen=True)
class RunOutcome:
    status: Literal["Succeeded", "Failed", "Stopped"]
    failure_reason: str | None = None
