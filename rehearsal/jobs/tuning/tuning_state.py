"""What a tuning job shows of itself: its training jobs, its counters, its best job."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from rehearsal.jobs.tuning.strategies import Proposal

_ENDED = ("Completed", "Failed", "Stopped")


@dataclass
class TuningTrial:
    """One training job of the search."""

    proposal: Proposal
    job_name: str
    description: Mapping[str, Any]
    """The last DescribeTrainingJob."""
    definition_name: str | None = None
    objective: float | None = None
    reports: Sequence[float] = ()
    """What it reported of the objective, until it ended or was to be stopped."""
    is_stopping: bool = False

    @property
    def status(self) -> str:
        return str(self.description["TrainingJobStatus"])

    @property
    def ended(self) -> bool:
        return self.status in _ENDED

    @property
    def objective_status(self) -> str:
        if not self.ended:
            return "Pending"
        return "Failed" if self.objective is None else "Succeeded"

    def read_objective(self, metric_name: str) -> None:
        """Take the metric from FinalMetricDataList of a job that completed, or that was stopped on the way."""
        if self.status == "Completed" or self.is_stopping:
            metrics = self.description.get("FinalMetricDataList", ())
            self.objective = next((each["Value"] for each in metrics if each["MetricName"] == metric_name), None)

    def summary(self, objective: Mapping[str, str]) -> dict[str, Any]:
        """HyperParameterTrainingJobSummary, without what is not known yet; `objective` is the tuning job's."""
        known = ("CreationTime", "TrainingStartTime", "TrainingEndTime", "TrainingJobArn", "FailureReason")
        row: dict[str, Any] = {key: self.description[key] for key in known if self.description.get(key)}
        row |= {
            "TrainingJobName": self.job_name,
            "TrainingJobStatus": self.status,
            "TunedHyperParameters": dict(self.proposal.candidate),
            "ObjectiveStatus": self.objective_status,
        }
        if self.definition_name:
            row["TrainingJobDefinitionName"] = self.definition_name
        if self.objective is not None:
            row["FinalHyperParameterTuningJobObjectiveMetric"] = {**objective, "Value": self.objective}
        return row


@dataclass(frozen=True)
class TuningState:
    """A tuning job at one moment, in the shapes of DescribeHyperParameterTuningJob and its list of training jobs."""

    training_jobs: list[dict[str, Any]] = field(default_factory=list)
    """HyperParameterTrainingJobSummary, in the order of their start."""
    best_training_job: dict[str, Any] | None = None
    training_job_counters: dict[str, int] = field(default_factory=dict)
    objective_counters: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class TuningOutcome(TuningState):
    status: Literal["Completed", "Failed", "Stopped"] = "Completed"
    failure_reason: str | None = None


def training_job_counters(trials: list[TuningTrial]) -> dict[str, int]:
    counts = Counter(trial.status for trial in trials)
    return {
        "Completed": counts["Completed"],
        "InProgress": counts["InProgress"] + counts["Stopping"],
        "RetryableError": 0,
        "NonRetryableError": counts["Failed"],
        "Stopped": counts["Stopped"],
    }


def objective_counters(trials: list[TuningTrial]) -> dict[str, int]:
    counts = Counter(trial.objective_status for trial in trials)
    return {name: counts[name] for name in ("Succeeded", "Pending", "Failed")}
