"""Run the monitoring job now, outside of its schedule, on the requests of the last hours."""

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from slipway.canary.observation.object_prefixes import OUTCOME_PREFIX
from slipway.operations.aws_errors import RefusedError, code_of
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.polling import Polling
from slipway.operations.s3_documents import read_json
from slipway.training.monitoring_job import (
    CAPTURED,
    OUTCOMES,
    capture_prefix,
    job_prefix,
    processing_request,
    report_prefix,
)

_HOUR = timedelta(hours=1)
_POLLING = Polling(longest_wait_seconds=5.0)


@dataclass(frozen=True)
class MonitoringResult:
    """What the job found; `reports` is the S3 prefix of statistics, constraints and violations."""

    job: str
    message: str
    reports: str
    violations: list[dict[str, Any]]


def run_monitoring(stage: DeployedStage, *, hours: int, now: datetime | None = None) -> MonitoringResult:
    """Run the job on the `hours` before `now`, and wait for its end.

    Raises:
        RefusedError: no job is defined, nothing was captured, or the job has failed.
    """
    now = now or datetime.now(UTC)
    definition = _definition(stage)
    sources = dict(_sources(stage, now, hours))
    if not sources:
        raise RefusedError(
            f"no request to {stage.names.endpoint} was captured in the last {hours} h; widen --hours, or check that "
            "[endpoint] capture_percent is above 0"
        )
    # A job's name has room for 14 more characters; a time to the second would be the same for two runs in one second.
    token = secrets.token_hex(4)
    bucket, name = stage.artifacts_bucket, f"{job_prefix(stage.names)}-{now:%y%m%d}{token}"
    if _has_objects(stage, f"{OUTCOME_PREFIX}/"):
        sources[OUTCOMES] = f"s3://{bucket}/{OUTCOME_PREFIX}/"
    prefix = f"{report_prefix(stage.settings)}now/{now:%Y%m%d%H%M%S}-{token}"
    request = processing_request(
        definition,
        stage.settings,
        name=name,
        sources=sources,
        reports=f"s3://{bucket}/{prefix}",
        start=(now - hours * _HOUR).isoformat(timespec="milliseconds"),
        end=now.isoformat(timespec="milliseconds"),
    )
    stage.client("sagemaker").create_processing_job(**request)
    job = _ended(stage, name)
    found = _violations(stage, prefix)
    return MonitoringResult(name, str(job.get("ExitMessage", "")), f"s3://{bucket}/{prefix}/", found)


def _definition(stage: DeployedStage) -> Mapping[str, Any]:
    try:
        found = stage.client("ssm").get_parameter(Name=stage.names.monitor_parameter)
    except ClientError as exc:
        if code_of(exc) != "ParameterNotFound":
            raise
        raise RefusedError(
            f"{stage.names.prefix} has no monitoring job; set monitoring.schedule and deploy "
            f"{stage.names.stack('endpoint')}"
        ) from exc
    definition: Mapping[str, Any] = json.loads(found["Parameter"]["Value"])
    return definition


def _sources(stage: DeployedStage, now: datetime, hours: int) -> Iterator[tuple[str, str]]:
    """A local path for each hour with captured requests; SageMaker fails a job whose input is empty."""
    for number in range(hours, -1, -1):
        prefix = f"{capture_prefix(stage.settings)}{now - number * _HOUR:%Y/%m/%d/%H}/"
        if _has_objects(stage, prefix):
            yield f"{CAPTURED}/{hours - number:02d}", f"s3://{stage.artifacts_bucket}/{prefix}"


def _has_objects(stage: DeployedStage, prefix: str) -> bool:
    listed = stage.client("s3").list_objects_v2(Bucket=stage.artifacts_bucket, Prefix=prefix, MaxKeys=1)
    return bool(listed.get("Contents"))


def _ended(stage: DeployedStage, name: str) -> Mapping[str, Any]:
    sagemaker = stage.client("sagemaker")

    def ended() -> Mapping[str, Any] | None:
        job: Mapping[str, Any] = sagemaker.describe_processing_job(ProcessingJobName=name)
        if job["ProcessingJobStatus"] in ("Failed", "Stopped"):
            reason = job.get("FailureReason", "SageMaker gives no reason")
            raise RefusedError(f"monitoring job {name} ended {job['ProcessingJobStatus']}: {reason}")
        return job if job["ProcessingJobStatus"] == "Completed" else None

    return _POLLING.until(ended, late="")


def _violations(stage: DeployedStage, prefix: str) -> list[dict[str, Any]]:
    document = read_json(stage.client("s3"), stage.artifacts_bucket, f"{prefix}/constraint_violations.json")
    found: list[dict[str, Any]] = document["violations"] if document else []  # none for a period without requests
    return found
