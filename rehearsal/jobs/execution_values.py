"""The values of the expressions of one pipeline execution."""

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.jobs.definition import Step
from rehearsal.jobs.expressions import PropertyFileReference, Reference, UnresolvedError, look_up
from rehearsal.jobs.job_outcomes import JobError
from rehearsal.jobs.transfer import split_uri


class ExecutionValues:
    """The parameters, the execution's own variables, and what the steps that have run returned."""

    def __init__(
        self,
        *,
        execution_arn: str,
        pipeline_name: str,
        parameters: Mapping[str, Any],
        steps: Mapping[str, Step],
        s3: Any,
    ) -> None:
        self._parameters = parameters
        self._steps = steps
        self._s3 = s3
        self._results: dict[str, Mapping[str, Any]] = {}
        self._lock = threading.Lock()
        self._execution = {
            "PipelineName": pipeline_name,
            "PipelineArn": execution_arn.partition("/execution/")[0],
            "PipelineExecutionId": execution_arn.rpartition("/")[2],
            "PipelineExecutionArn": execution_arn,
            "StartDateTime": _now(),
        }

    def finish(self, step: str, result: Mapping[str, Any]) -> None:
        with self._lock:
            self._results[step] = result

    def get(self, reference: Reference) -> Any:
        match reference.path:
            case ("Parameters", str(name)):
                return self._parameters[name]
            case ("Execution", "CurrentDateTime"):
                return _now()
            case ("Execution", str(name)):
                return self._execution[name]
            case ("Steps", str(step), *path):
                return look_up(self._result(step), tuple(path), f"step {step}")
        raise UnresolvedError(f"reference must begin with Parameters, Execution or Steps, got {reference.text}")

    def property_file(self, reference: PropertyFileReference) -> Any:
        file = self._steps[reference.step].property_files[reference.name]
        path = ("ProcessingOutputConfig", "Outputs", file.output_name, "S3Output", "S3Uri")
        folder: str = look_up(self._result(reference.step), path, f"step {reference.step}")
        return self.s3_json(f"{folder.rstrip('/')}/{file.file_path.lstrip('/')}")

    def s3_json(self, uri: str) -> Any:
        try:
            bucket, key = split_uri(uri)
            return json.loads(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except (ClientError, BotoCoreError, JobError) as exc:
            raise UnresolvedError(f"{uri} cannot be read: {exc}") from exc
        except ValueError as exc:
            raise UnresolvedError(f"{uri} must be JSON: {exc}") from exc

    def _result(self, step: str) -> Mapping[str, Any]:
        with self._lock:
            if step in self._results:
                return self._results[step]
        raise UnresolvedError(f"step {step} has no result")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
