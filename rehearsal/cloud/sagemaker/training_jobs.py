"""Training jobs."""

import math
import threading
from collections.abc import Callable
from typing import Any

from rehearsal.cloud.sagemaker.api_errors import validation_error
from rehearsal.cloud.sagemaker.jobs import JobKind, Jobs
from rehearsal.cloud.sagemaker.platform import Platform, Record
from rehearsal.cloud.sagemaker.ports import JobRunner, WriteLog
from rehearsal.cloud.sagemaker.volumes import refuse_volume_key
from rehearsal.jobs.metric_scanner import MetricScanner

OBJECTIVE_PARAMETER = "_tuning_objective_metric"
"""A tuning job gives this hyperparameter to each of its training jobs."""

_DAY_SECONDS = 86_400


class TrainingJobs(Jobs):
    kind = JobKind("TrainingJob", "training-job", "Training job")

    def __init__(
        self,
        platform: Platform,
        write_log: WriteLog,
        runner: JobRunner,
        tuning_job_arn: Callable[[str], str | None],
        *,
        check_experiment: Callable[[Record], None],
    ) -> None:
        """`tuning_job_arn` finds the tuning job, if any, of a training job by its name."""
        super().__init__(platform, write_log, check_experiment=check_experiment)
        self._runner, self._tuning_job_arn = runner, tuning_job_arn
        self._scanners: dict[str, MetricScanner] = {}

    def _initial(self, request: Record) -> Record:
        if not request["AlgorithmSpecification"].get("TrainingImage"):
            raise validation_error("AlgorithmSpecification.TrainingImage must be given")
        _check_times(request)
        refuse_volume_key(request["ResourceConfig"])
        now = self._platform.now()
        return {
            "SecondaryStatus": "Starting",
            "SecondaryStatusTransitions": [{"Status": "Starting", "StartTime": now}],
            "TuningJobArn": self._owner(request),
            "EnableNetworkIsolation": request.get("EnableNetworkIsolation", False),
            "EnableInterContainerTrafficEncryption": request.get("EnableInterContainerTrafficEncryption", False),
            "EnableManagedSpotTraining": request.get("EnableManagedSpotTraining", False),
        }

    def _machines(self, request: Record) -> tuple[str, int]:
        spot = "spot " if request.get("EnableManagedSpotTraining") else ""
        cluster = request["ResourceConfig"]
        # A cluster of several kinds has InstanceGroups instead; a laptop runs none.
        return f"{cluster.get('InstanceType')} for {spot}training job usage", cluster.get("InstanceCount", 1)

    def _owner(self, request: Record) -> str | None:
        parameters = request.get("HyperParameters", {})
        return self._tuning_job_arn(request["TrainingJobName"]) if OBJECTIVE_PARAMETER in parameters else None

    def reported(self, name: str, metric: str) -> list[float]:
        """What a job of a tuning job has printed of the metric so far, in the order of its lines."""
        scanner = self._scanners.get(name)
        return scanner.values(metric) if scanner else []

    def _on_line(self, job: Record, line: str) -> None:
        if job.get("TuningJobArn"):
            definitions = job["AlgorithmSpecification"].get("MetricDefinitions", ())
            self._scanners.setdefault(job[self.kind.name], MetricScanner(definitions)).read(line)
        if job["SecondaryStatus"] == "Starting":
            with self._platform.lock:
                job["SecondaryStatus"] = "Training"
                job["TrainingStartTime"] = self._platform.now()

    def _execute(self, request: Record, log: Callable[[str], None], stopped: threading.Event, job_arn: str) -> Record:
        ended: Any = self._runner.run_training(request, log=log, stopped=stopped, arn=job_arn)
        seconds = (ended.ended - ended.started).total_seconds()
        return {
            "TrainingJobStatus": ended.status,
            "SecondaryStatus": ended.secondary_status,
            "SecondaryStatusTransitions": ended.transitions,
            "FailureReason": ended.failure_reason,
            "FinalMetricDataList": ended.final_metrics,
            "ModelArtifacts": {"S3ModelArtifacts": ended.model_artifacts} if ended.model_artifacts else None,
            "TrainingStartTime": ended.started,
            "TrainingEndTime": ended.ended,
            "TrainingTimeInSeconds": math.ceil(seconds),
            # On AWS a spot machine's seconds count less, by its discount; here only those without a machine do.
            "BillableTimeInSeconds": math.ceil(seconds - ended.waited_seconds),
        }


def _check_times(request: Record) -> None:
    stopping = request.get("StoppingCondition", {})
    runs, waits = stopping.get("MaxRuntimeInSeconds", _DAY_SECONDS), stopping.get("MaxWaitTimeInSeconds")
    if request.get("EnableManagedSpotTraining"):
        if waits is None or waits < runs:
            raise validation_error(
                "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"
            )
    elif waits is not None:
        raise validation_error("MaxWaitTimeInSeconds above 0 is not supported when EnableManagedSpotTraining is false")
