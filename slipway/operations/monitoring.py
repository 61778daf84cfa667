"""The monitoring job out of turn: what the endpoint was asked in the last hours, examined now."""

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from slipway.canary.observed_keys import OUTCOME_KEYS
from slipway.operations.errors import RefusedError, code_of
from slipway.operations.pauses import pauses
from slipway.operations.site import Site
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
class Examined:
    """What the job found; `reports` is the prefix that statistics, constraints and violations lie below."""

    job: str
    message: str
    reports: str
    violations: list[dict[str, Any]]


def examine_now(site: Site, *, hours: int) -> Examined:
    """Run the job to its end.

    Raises:
        RefusedError: no job is defined, nothing was captured, or the job has failed.
    """
    now = datetime.now(UTC)
    definition = _definition(site)
    sources = dict(_sources(site, now, hours))
    if not sources:
        raise RefusedError(f"nothing that {site.names.endpoint} was asked in the last {hours} h has been captured")
    # A name has room for 14 characters, the schedule's for its second: two of one second need more to differ.
    token = secrets.token_hex(4)
    bucket, name = site.artifacts_bucket, f"{job_prefix(site.names)}-{now:%y%m%d}{token}"
    if _holds(site, f"{OUTCOME_KEYS}/"):
        sources[OUTCOMES] = f"s3://{bucket}/{OUTCOME_KEYS}/"
    prefix = f"{report_prefix(site.settings)}now/{now:%Y%m%d%H%M%S}-{token}"
    request = processing_request(
        definition,
        site.settings,
        name=name,
        sources=sources,
        reports=f"s3://{bucket}/{prefix}",
        start=(now - hours * _HOUR).isoformat(timespec="milliseconds"),
        end=now.isoformat(timespec="milliseconds"),
    )
    site.client("sagemaker").create_processing_job(**request)
    job = _ended(site, name)
    found = _violations(site, prefix)
    return Examined(name, str(job.get("ExitMessage", "")), f"s3://{bucket}/{prefix}/", found)


def _definition(site: Site) -> Mapping[str, Any]:
    try:
        found = site.client("ssm").get_parameter(Name=site.names.monitor_parameter)
    except ClientError as exc:
        if code_of(exc) != "ParameterNotFound":
            raise
        raise RefusedError(
            f"{site.names.prefix} has no monitoring job; set monitoring.schedule and deploy "
            f"{site.names.stack('endpoint')}"
        ) from exc
    definition: Mapping[str, Any] = json.loads(found["Parameter"]["Value"])
    return definition


def _sources(site: Site, now: datetime, hours: int) -> Iterator[tuple[str, str]]:
    """A local path for each hour in which something was captured; SageMaker fails a job whose input is empty."""
    for number in range(hours, -1, -1):
        prefix = f"{capture_prefix(site.settings)}{now - number * _HOUR:%Y/%m/%d/%H}/"
        if _holds(site, prefix):
            yield f"{CAPTURED}/{hours - number:02d}", f"s3://{site.artifacts_bucket}/{prefix}"


def _holds(site: Site, prefix: str) -> bool:
    listed = site.client("s3").list_objects_v2(Bucket=site.artifacts_bucket, Prefix=prefix, MaxKeys=1)
    return bool(listed.get("Contents"))


def _ended(site: Site, name: str) -> Mapping[str, Any]:
    sagemaker, pause = site.client("sagemaker"), pauses(longest=_LONGEST_PAUSE_SECONDS)
    while True:
        job: Mapping[str, Any] = sagemaker.describe_processing_job(ProcessingJobName=name)
        if job["ProcessingJobStatus"] == "Completed":
            return job
        if job["ProcessingJobStatus"] in ("Failed", "Stopped"):
            reason = job.get("FailureReason", "nobody said why")
            raise RefusedError(f"monitoring job {name} ended {job['ProcessingJobStatus']}: {reason}")
        time.sleep(next(pause))


def _violations(site: Site, prefix: str) -> list[dict[str, Any]]:
    try:
        body = site.client("s3").get_object(Bucket=site.artifacts_bucket, Key=f"{prefix}/constraint_violations.json")[
            "Body"
        ]
    except ClientError as exc:
        if code_of(exc) != "NoSuchKey":
            raise
        return []  # of a period without requests there is none
    found: list[dict[str, Any]] = json.loads(body.read())["violations"]
    return found
