"""How a job ended, in SageMaker's words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

JobStatus = Literal["Completed", "Failed", "Stopped"]
LogSink = Callable[[str], None]

_MAX_REASON = 1024


class JobError(Exception):
    """The job cannot go on; the text is its FailureReason."""

    @property
    def reason(self) -> str:
        return str(self)[:_MAX_REASON]


class JobStopped(Exception):  # noqa: N818 -- an order that was followed, not an error
    """The job was stopped, or its time was over; the text is the secondary status."""


@dataclass(frozen=True)
class TrainingOutcome:
    status: JobStatus
    started: datetime
    ended: datetime
    secondary_status: str
    failure_reason: str | None = None
    final_metrics: list[dict[str, Any]] = field(default_factory=list)
    """FinalMetricDataList: MetricName, Value, Timestamp."""
    model_artifacts: str | None = None
    """The S3 URI of model.tar.gz."""
    transitions: list[dict[str, Any]] = field(default_factory=list)
    """SecondaryStatusTransitions: Status, StartTime, EndTime."""
    waited_seconds: float = 0.0
    """Without an instance, which is not billed."""


@dataclass(frozen=True)
class ProcessingOutcome:
    status: JobStatus
    started: datetime
    ended: datetime
    failure_reason: str | None = None
    exit_message: str | None = None
    """What the container wrote to /opt/ml/output/message."""


@dataclass(frozen=True)
class TransformOutcome:
    status: JobStatus
    started: datetime
    ended: datetime
    failure_reason: str | None = None


class Transitions:
    """The secondary statuses a training job passes through, with their times."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def enter(self, status: str) -> None:
        now = datetime.now(UTC)
        if self.rows:
            self.rows[-1]["EndTime"] = now
        self.rows.append({"Status": status, "StartTime": now})

    def end(self, status: str) -> None:
        self.enter(status)
        self.rows[-1]["EndTime"] = self.rows[-1]["StartTime"]
