"""How far a running tuning job is."""

import time
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from slipway.rounding import rounded

_SECONDS = 1.0


class TuningProgress:
    """Asks SageMaker for a job's trials, at most once a second; `name_of` finds a job's name by its ARN."""

    def __init__(self, sagemaker: Any, name_of: Callable[[str], str]) -> None:
        self._sagemaker, self._name_of = sagemaker, cache(name_of)
        self._asked_at = 0.0
        self._text = ""

    def text(self, steps: Iterable[Mapping[str, Any]]) -> str:
        """What the running step of `steps` that tunes has come to; empty where none does."""
        jobs = [step.get("Metadata", {}).get("TuningJob") for step in steps if step["StepStatus"] == "Executing"]
        if not (running := [job["Arn"] for job in jobs if job]):
            return ""
        if (now := time.monotonic()) - self._asked_at >= _SECONDS:
            name = self._name_of(running[0])
            described = self._sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
            self._asked_at, self._text = now, progress_text(described)
        return self._text


def progress_text(job: Mapping[str, Any]) -> str:
    """Its trials and the best one so far, in words."""
    counts = job["TrainingJobStatusCounters"]
    ended = sum(count for status, count in counts.items() if status != "InProgress")
    limits = job["HyperParameterTuningJobConfig"]["ResourceLimits"]
    among = f" of {most}" if (most := limits.get("MaxNumberOfTrainingJobs")) else ""
    found = job.get("BestTrainingJob", {}).get("FinalHyperParameterTuningJobObjectiveMetric")
    best = f", best {found['MetricName']} {rounded(found['Value'])}" if found else ""
    return f"{ended}{among} trials ended{best}"
