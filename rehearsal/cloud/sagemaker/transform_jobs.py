"""Transform jobs."""

import threading
from collections.abc import Callable
from typing import Any

from rehearsal.cloud.sagemaker.api_errors import validation_error
from rehearsal.cloud.sagemaker.jobs import JobKind, Jobs
from rehearsal.cloud.sagemaker.models import Models
from rehearsal.cloud.sagemaker.platform import Platform, Record
from rehearsal.cloud.sagemaker.ports import JobRunner, WriteLog
from rehearsal.cloud.sagemaker.volumes import refuse_volume_key
from rehearsal.jobs.transform.data_processing import DataProcessing
from rehearsal.jobs.transform.payloads import limit_errors


class TransformJobs(Jobs):
    kind = JobKind("TransformJob", "transform-job", "Transform job")

    def __init__(
        self,
        platform: Platform,
        write_log: WriteLog,
        runner: JobRunner,
        models: Models,
        *,
        check_experiment: Callable[[Record], None],
    ) -> None:
        super().__init__(platform, write_log, check_experiment=check_experiment)
        self._runner, self._models = runner, models

    def _initial(self, request: Record) -> Record:
        return {"TransformOutput": {"AssembleWith": "None", **request["TransformOutput"]}}

    def create(self, request: Record) -> Record:
        self._models.get(request["ModelName"])
        refuse_volume_key(request["TransformResources"])
        if wrong := next(limit_errors(request), ""):
            raise validation_error(wrong)
        try:
            DataProcessing.of(request)
        except ValueError as exc:
            raise validation_error(str(exc)) from exc
        return super().create(request)

    def _machines(self, request: Record) -> tuple[str, int]:
        machines = request["TransformResources"]
        return f"{machines['InstanceType']} for transform job usage", machines["InstanceCount"]

    def _on_line(self, job: Record, _line: str) -> None:
        if "TransformStartTime" not in job:
            with self._platform.lock:
                job["TransformStartTime"] = self._platform.now()

    def _execute(self, request: Record, log: Callable[[str], None], stopped: threading.Event, job_arn: str) -> Record:
        model = self._models.get(request["ModelName"])
        role = {"RoleArn": model["ExecutionRoleArn"], "VpcConfig": model.get("VpcConfig")}
        ended: Any = self._runner.run_transform(
            {**request, **role}, model=model["_served"], log=log, stopped=stopped, arn=job_arn
        )
        return {
            "TransformJobStatus": ended.status,
            "FailureReason": ended.failure_reason,
            "TransformStartTime": ended.started,
            "TransformEndTime": ended.ended,
        }
