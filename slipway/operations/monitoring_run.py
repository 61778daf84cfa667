"""The monitoring job out of turn: what the endpoint was asked in the last hours, examined now."""

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from slipway.canary.observation.object_prefixes import OUTCOME_PREFIX
from slipway.operations.aws_errors import RefusedError, code_of
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.polling import pauses
from slipway.training.monitoring_job import (
    CAPTURED,
    OUTCOMES,
    capture_prefix,
    job_prefix,
    processing_request,
    report_prefix,
)

_HOUR = timedelta(hours=1)
_LONGEST_PAUSE_SECONDS = 5.0


@dataclass(frozen=True)
class MonitoringResult:
    """What the job found; `reports` is the prefix that statistics, constraints and violations lie below."""

    job: str
    message: str
    reports: str
    violations: list[dict[str, Any]]


def run_monitoring(stage: DeployedStage, *, hours: int) -> MonitoringResult:
    """Run the job to its end.

    Raises:
        RefusedError: no job is defined, nothing was captured, or the job has failed.
    """
    now = datetime.now(UTC)
    definition = _definition(stage)
    sources = dict(_sources(stage, now, hours))
    if not sources:
        raise RefusedError(f"nothing that {stage.names.endpoint} was asked in the last {hours} h has been captured")
    # A name has room for 14 characters, the schedule's for its second: two of one second need more to differ.
    token = secrets.token_hex(4)
    bucket, name = stage.artifacts_bucket, f"{job_prefix(stage.names)}-{now:%y%m%d}{token}"
    if _holds(stage, f"{OUTCOME_PREFIX}/"):
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
    """A local path for each hour in which something was captured; SageMaker fails a job whose input is empty."""
    for number in range(hours, -1, -1):
        prefix = f"{capture_prefix(stage.settings)}{now - number * _HOUR:%Y/%m/%d/%H}/"
        if _holds(stage, prefix):
            yield f"{CAPTURED}/{hours - number:02d}", f"s3://{stage.artifacts_bucket}/{prefix}"


def _holds(stage: DeployedStage, prefix: str) -> bool:
    listed = stage.client("s3").list_objects_v2(Bucket=stage.artifacts_bucket, Prefix=prefix, MaxKeys=1)
    return bool(listed.get("Contents"))


def _ended(stage: DeployedStage, name: str) -> Mapping[str, Any]:
    sagemaker, pause = stage.client("sagemaker"), pauses(longest=_LONGEST_PAUSE_SECONDS)
    while True:
        job: Mapping[str, Any] = sagemaker.describe_processing_job(ProcessingJobName=name)
        if job["ProcessingJobStatus"] == "Completed":
            return job
        if job["ProcessingJobStatus"] in ("Failed", "Stopped"):
            reason = job.get("FailureReason", "nobody said why")
            raise RefusedError(f"monitoring job {name} ended {job['ProcessingJobStatus']}: {reason}")
        time.sleep(next(pause))


def _violations(stage: DeployedStage, prefix: str) -> list[dict[str, Any]]:
    try:
        body = stage.client("s3").get_object(Bucket=stage.artifacts_bucket, Key=f"{prefix}/constraint_violations.json")[
            "Body"
        ]
    except ClientError as exc:
        if code_of(exc) != "NoSuchKey":
            raise
        return []  # of a period without requests there is none
    found: list[dict[str, Any]] = json.loads(body.read())["violations"]
    return found
