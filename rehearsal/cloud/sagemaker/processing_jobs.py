"""Processing jobs."""

import threading
from collections.abc import Callable
from typing import Any

from rehearsal.cloud.sagemaker.jobs import JobKind, Jobs
from rehearsal.cloud.sagemaker.platform import Platform, Record
from rehearsal.cloud.sagemaker.ports import JobRunner, WriteLog
from rehearsal.cloud.sagemaker.volumes import refuse_volume_key


class ProcessingJobs(Jobs):
    kind = JobKind("ProcessingJob", "processing-job", "Processing job")

    def __init__(
        self,
        platform: Platform,
        write_log: WriteLog,
        runner: JobRunner,
        *,
        check_experiment: Callable[[Record], None],
    ) -> None:
        super().__init__(platform, write_log, check_experiment=check_experiment)
        self._runner = runner

    def _initial(self, request: Record) -> Record:
        refuse_volume_key(request["ProcessingResources"]["ClusterConfig"])
        return {"StoppingCondition": {"MaxRuntimeInSeconds": 86_400, **request.get("StoppingCondition", {})}}

    def _machines(self, request: Record) -> tuple[str, int]:
        cluster = request["ProcessingResources"]["ClusterConfig"]
        return f"{cluster['InstanceType']} for processing job usage", cluster["InstanceCount"]

    def _on_line(self, job: Record, _line: str) -> None:
        if "ProcessingStartTime" not in job:
            with self._platform.lock:
                job["ProcessingStartTime"] = self._platform.now()

    def _execute(self, request: Record, log: Callable[[str], None], stopped: threading.Event, job_arn: str) -> Record:
        ended: Any = self._runner.run_processing(request, log=log, stopped=stopped, arn=job_arn)
        return {
            "ProcessingJobStatus": ended.status,
            "FailureReason": ended.failure_reason,
            "ExitMessage": ended.exit_message,
            "ProcessingStartTime": ended.started,
            "ProcessingEndTime": ended.ended,
        }
