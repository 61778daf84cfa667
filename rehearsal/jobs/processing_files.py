"""What SageMaker hands a processing container: local paths, configuration files and variables."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from rehearsal.containers.container import ML_ROOT
from rehearsal.jobs.job_outcomes import JobError
from rehearsal.jobs.training_files import resource_config

_PROCESSING_ROOT = f"{ML_ROOT}/processing/"


def local_folder(ml: Path, local_path: str) -> Path:
    """Where a LocalPath of the request lies on this machine."""
    if not local_path.startswith(_PROCESSING_ROOT) or ".." in Path(local_path).parts:
        raise JobError(f"ClientError: LocalPath must begin with {_PROCESSING_ROOT}, got {local_path}")
    return ml / Path(local_path).relative_to(ML_ROOT)


def s3_input(each: Mapping[str, Any]) -> Mapping[str, Any]:
    """The S3Input of one ProcessingInput, the only kind the laptop reads."""
    source: Mapping[str, Any] | None = each.get("S3Input")
    if source is None:
        raise JobError(f"ClientError: processing input {each.get('InputName')} must be an S3Input on the laptop")
    if (mode := source.get("S3InputMode", "File")) != "File":
        raise JobError(f"ClientError: S3InputMode must be File on the laptop, got {mode}")
    return source


def s3_output(each: Mapping[str, Any]) -> Mapping[str, Any]:
    """The S3Output of one ProcessingOutput, the only kind the laptop writes."""
    target: Mapping[str, Any] | None = each.get("S3Output")
    if target is None:
        raise JobError(f"ClientError: processing output {each.get('OutputName')} must be an S3Output on the laptop")
    return target


def write_configuration(ml: Path, request: Mapping[str, Any], arn: str) -> None:
    """Make the output folders and write config/*.json below `ml`."""
    for name in ("config", "output", "processing"):
        (ml / name).mkdir(parents=True, exist_ok=True)
    for each in request.get("ProcessingOutputConfig", {}).get("Outputs", ()):
        local_folder(ml, s3_output(each)["LocalPath"]).mkdir(parents=True, exist_ok=True)
    cluster = request["ProcessingResources"]["ClusterConfig"]
    job = {key: value for key, value in request.items() if key != "Tags"} | {"ProcessingJobArn": arn}
    files = {"processingjobconfig": job, "resourceconfig": resource_config(cluster.get("InstanceType", ""))}
    for name, content in files.items():
        text = json.dumps(content, sort_keys=True, default=_plain)
        (ml / "config" / f"{name}.json").write_text(text, encoding="utf-8")


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def processing_environment(request: Mapping[str, Any], arn: str) -> dict[str, str]:
    """The variables the platform itself sets."""
    return {
        **request.get("Environment", {}),
        "PROCESSING_JOB_NAME": request["ProcessingJobName"],
        "PROCESSING_JOB_ARN": arn,
    }
