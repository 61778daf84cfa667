"""The job that examines a period of captured requests: as Model Monitor describes it, and as an ordinary job."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from slipway.canary.observation.object_prefixes import CAPTURE_PREFIX, REPORT_PREFIX
from slipway.errors import InputError
from slipway.settings import Settings
from slipway.settings.limits import RESOURCE_NAME_LENGTH
from slipway.settings.local_storage import volume_key
from slipway.settings.monitoring import Facet
from slipway.settings.names import COST_TAG, VARIANT, Names
from slipway.training.container_arguments import MAX_ARGUMENT_LENGTH

CAPTURED = "/opt/ml/processing/input/endpoint"
REPORTS = "/opt/ml/processing/output/monitoring"
OUTCOMES = "/opt/ml/processing/input/outcomes"
ONLY_REQUESTS, ONLY_OUTCOMES = "requests", "outcomes"
"""What `monitor --only` takes: outcomes that come late are looked at in a run of their own."""

MOST_HOURS = 8
"""Back from now: a job takes ten inputs, one an hour, the hour that has begun, and outcomes."""

_DATASET_FORMAT = '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}'
_MOST_ARGUMENTS = 50
_STARTED = "-20260101000000"
_MAX_RUNTIME_SECONDS = 3000
"""Below the hour after which the next one begins: Model Monitor asks for that."""


def monitor_arguments(settings: Settings) -> tuple[str, ...]:
    """What `monitor` needs to know.

    Raises:
        InputError: more columns are excluded from drift than Model Monitor takes arguments.
    """
    watched, excluded = settings.monitoring, settings.data.exclude_from_drift
    # Each value in one piece with its flag: a column named "-x" is then no flag itself.
    arguments = (
        f"--max-input-drift={watched.max_input_drift}",
        f"--max-prediction-drift={watched.max_prediction_drift}",
        *(f"--facet={_facet(facet)}" for facet in watched.bias),
        *([f"--min-ndcg={watched.min_ndcg}"] if watched.min_ndcg else []),
        *(f"--exclude-from-drift={name}" for name in excluded),
    )
    if len(arguments) > _MOST_ARGUMENTS:
        room = _MOST_ARGUMENTS - len(arguments) + len(excluded)
        raise InputError(f"data.exclude_from_drift must be at most {room} columns, got {len(excluded)}")
    if longest := [argument for argument in arguments if len(argument) > MAX_ARGUMENT_LENGTH]:
        raise InputError(f"an argument must be at most {MAX_ARGUMENT_LENGTH} characters long, got {longest[0]}")
    return arguments


def _facet(facet: Facet) -> str:
    described: dict[str, Any] = {"name": facet.column, "metrics": facet.metrics}
    if facet.values:
        described["values"] = facet.values
    if facet.threshold is not None:
        described["threshold"] = facet.threshold
    if facet.reference != "baseline":
        described["reference"] = facet.reference
    return json.dumps(described, separators=(",", ":"), ensure_ascii=False)


def monitoring_job(
    settings: Settings, *, bucket: str, image_uri: str, kms_key_arn: str, role_arn: str
) -> dict[str, Any]:
    """A MonitoringJobDefinition; every string may be a CDK token.

    It names no baseline: each model brings its own in its artifact, and the job finds the one that responded.
    """
    vpc = settings.access.vpc
    captured = {
        "EndpointName": settings.names.endpoint,
        "LocalPath": CAPTURED,
        "S3InputMode": "File",
        "S3DataDistributionType": "FullyReplicated",
    }
    reports = {
        "S3Uri": f"s3://{bucket}/{REPORT_PREFIX}",
        "LocalPath": REPORTS,
        "S3UploadMode": "EndOfJob",
    }
    return {
        "MonitoringInputs": [{"EndpointInput": captured}],
        "MonitoringOutputConfig": {"MonitoringOutputs": [{"S3Output": reports}], "KmsKeyId": kms_key_arn},
        "MonitoringResources": {"ClusterConfig": _cluster(settings.training.processing_instance_type, kms_key_arn)},
        "MonitoringAppSpecification": {
            "ImageUri": image_uri,
            "ContainerEntrypoint": ["python", "-m", "pipeline_steps", "monitor"],
            "ContainerArguments": list(monitor_arguments(settings)),
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": _MAX_RUNTIME_SECONDS},
        "Environment": {"publish_cloudwatch_metrics": "Enabled"},
        # Not isolated: it reads in the registry which model responded.
        "NetworkConfig": {"EnableNetworkIsolation": False, **({"VpcConfig": vpc.request()} if vpc else {})},
        "RoleArn": role_arn,
    }


def _cluster(instance_type: str, kms_key_arn: str) -> dict[str, Any]:
    return {
        "InstanceCount": 1,
        "InstanceType": instance_type,
        "VolumeSizeInGB": 30,
        **volume_key(instance_type, kms_key_arn),
    }


def capture_prefix(settings: Settings) -> str:
    """Where in the artifacts bucket the endpoint's requests lie, hour by hour below it."""
    return f"{CAPTURE_PREFIX}/{settings.names.endpoint}/{VARIANT}/"


def job_prefix(names: Names) -> str:
    """What the jobs' names begin with: the schedule's, cut and made unique by a hash where it is long."""
    room = RESOURCE_NAME_LENGTH - len(_STARTED)
    prefix = names.monitoring_schedule
    if len(prefix) <= room:
        return prefix
    digest = hashlib.sha256(prefix.encode()).hexdigest()[:8]
    return f"{names.prefix[: room - len('--monitor') - len(digest)].rstrip('-')}-{digest}-monitor"


def report_prefix(settings: Settings) -> str:
    """Where in the artifacts bucket the reports of the schedule lie, as Model Monitor puts them."""
    return f"{REPORT_PREFIX}/{settings.names.endpoint}/{settings.names.monitoring_schedule}/"


def processing_request(
    definition: Mapping[str, Any],
    settings: Settings,
    *,
    name: str,
    sources: Mapping[str, str],
    reports: str,
    start: str,
    end: str,
) -> dict[str, Any]:
    """The CreateProcessingJob request that Model Monitor would make of `definition` for one period.

    Args:
        definition: of `monitoring_job`, or what DescribeMonitoringSchedule returns.
        settings: of the use case.
        name: the job's.
        sources: local path → `s3://` prefix, none of them empty.
        reports: the `s3://` prefix that the reports go to.
        start: of the period, ISO 8601 with a time zone.
        end: just after it.
    """
    (made,) = definition["MonitoringOutputConfig"]["MonitoringOutputs"]
    output = {"OutputName": "monitoring", "S3Output": {**made["S3Output"], "S3Uri": reports}}
    return {
        "ProcessingJobName": name,
        "ProcessingInputs": processing_inputs(sources),
        "ProcessingOutputConfig": {"Outputs": [output], "KmsKeyId": definition["MonitoringOutputConfig"]["KmsKeyId"]},
        "ProcessingResources": definition["MonitoringResources"],
        "StoppingCondition": definition["StoppingCondition"],
        "AppSpecification": definition["MonitoringAppSpecification"],
        "Environment": {
            **definition.get("Environment", {}),
            **_environment(settings.names, made["S3Output"]["LocalPath"], start=start, end=end),
        },
        "NetworkConfig": definition["NetworkConfig"],
        "RoleArn": definition["RoleArn"],
        "Tags": [{"Key": COST_TAG, "Value": settings.names.prefix}],
    }


def _environment(names: Names, output_path: str, *, start: str, end: str) -> dict[str, str]:
    return {
        "dataset_format": _DATASET_FORMAT,
        "dataset_source": CAPTURED,
        "output_path": output_path,
        "sagemaker_endpoint_name": names.endpoint,
        "sagemaker_monitoring_schedule_name": names.monitoring_schedule,
        "start_time": start,
        "end_time": end,
    }


def processing_inputs(sources: Mapping[str, str]) -> list[dict[str, Any]]:
    """An input a local path."""
    return [
        {
            "InputName": f"input-{number}",
            "S3Input": {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File"},
        }
        for number, (path, uri) in enumerate(sources.items(), 1)
    ]
