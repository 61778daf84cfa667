"""A tuning job's training jobs, as its Describe and List actions show them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.cloud.sagemaker.platform import Record
from rehearsal.cloud.sagemaker.tuning_definitions import definition_of, objective_of, searched

_SHOWN = (
    "TrainingJobName",
    "TrainingJobArn",
    "CreationTime",
    "TrainingStartTime",
    "TrainingEndTime",
    "LastModifiedTime",
    "TrainingJobStatus",
    "FailureReason",
)
_COUNTED = {"Completed": "Completed", "InProgress": "InProgress", "Stopping": "InProgress", "Stopped": "Stopped"}


def training_summary(job: Mapping[str, Any], tuning: Mapping[str, Any]) -> Record:
    """One trial: its tuned hyperparameters and its final objective. `_objective` is the value, for sorting."""
    goal, definition = objective_of(tuning), definition_of(job, tuning)
    tuned, given = searched(definition, tuning), job.get("HyperParameters", {})
    value = _objective(job, goal["MetricName"])
    summary: Record = {
        **{key: job[key] for key in _SHOWN if key in job},
        "TunedHyperParameters": {name: text for name, text in given.items() if name in tuned},
        "ObjectiveStatus": _objective_status(job, value),
        "_objective": value,
        "_hyperparameters": given,
    }
    if name := definition.get("DefinitionName"):
        summary["TrainingJobDefinitionName"] = name
    if value is not None:
        summary["FinalHyperParameterTuningJobObjectiveMetric"] = {**goal, "Value": value}
    return summary


def _objective(job: Mapping[str, Any], metric: str) -> float | None:
    finals = job.get("FinalMetricDataList", ())
    return next((float(each["Value"]) for each in finals if each["MetricName"] == metric), None)


def _objective_status(job: Mapping[str, Any], value: float | None) -> str:
    if job["TrainingJobStatus"] in ("InProgress", "Stopping"):
        return "Pending"
    return "Succeeded" if value is not None else "Failed"


def counters(trials: Iterable[Record]) -> Record:
    """TrainingJobStatusCounters and ObjectiveStatusCounters."""
    rows = list(trials)
    jobs = Counter(_COUNTED.get(row["TrainingJobStatus"], "NonRetryableError") for row in rows)
    goals = Counter(row["ObjectiveStatus"] for row in rows)
    names = ("Completed", "InProgress", "RetryableError", "NonRetryableError", "Stopped")
    return {
        "TrainingJobStatusCounters": {name: jobs[name] for name in names},
        "ObjectiveStatusCounters": {name: goals[name] for name in ("Succeeded", "Pending", "Failed")},
    }
