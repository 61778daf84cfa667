"""What SageMaker hands a training container: configuration files, folders and variables."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rehearsal.containers.container import ML_ROOT
from rehearsal.jobs.job_outcomes import JobError

_HOST = "algo-1"
_GROUP = "homogeneousCluster"


def resource_config(instance_type: str) -> dict[str, Any]:
    """resourceconfig.json of a job on one instance."""
    return {
        "current_host": _HOST,
        "current_instance_type": instance_type,
        "current_group_name": _GROUP,
        "hosts": [_HOST],
        "instance_groups": [{"instance_group_name": _GROUP, "instance_type": instance_type, "hosts": [_HOST]}],
        "network_interface_name": "eth0",
    }


def input_data_config(channels: list[Mapping[str, Any]], default_mode: str) -> dict[str, Any]:
    """inputdataconfig.json: how each channel is delivered."""
    config: dict[str, Any] = {}
    for channel in channels:
        mode = channel.get("InputMode", default_mode)
        if mode not in {"File", "FastFile"}:
            raise JobError(f"ClientError: TrainingInputMode must be File or FastFile on the laptop, got {mode}")
        source = channel.get("DataSource", {}).get("S3DataSource", {})
        config[channel["ChannelName"]] = {
            "TrainingInputMode": mode,
            "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
            **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
        }
    return config


def write_configuration(ml: Path, request: Mapping[str, Any]) -> None:
    """Make the folders and write input/config/*.json below `ml`."""
    for name in ("input/config", "input/data", "model", "output/data"):
        (ml / name).mkdir(parents=True, exist_ok=True)
    mode = request["AlgorithmSpecification"].get("TrainingInputMode", "File")
    files = {
        "hyperparameters": dict(request.get("HyperParameters", {})),
        "resourceconfig": resource_config(request["ResourceConfig"].get("InstanceType", "")),
        "inputdataconfig": input_data_config(list(request.get("InputDataConfig", ())), mode),
    }
    for name, content in files.items():
        (ml / "input/config" / f"{name}.json").write_text(json.dumps(content, sort_keys=True), encoding="utf-8")


def training_environment(request: Mapping[str, Any], arn: str) -> dict[str, str]:
    """The variables the platform itself sets."""
    return {
        **request.get("Environment", {}),
        "TRAINING_JOB_NAME": request["TrainingJobName"],
        "TRAINING_JOB_ARN": arn,
        "DMLC_INTERFACE": "eth0",
    }


def toolkit_environment(request: Mapping[str, Any]) -> dict[str, str]:
    """The variables that the sagemaker-training toolkit derives inside an image that contains it."""
    channels = sorted(channel["ChannelName"] for channel in request.get("InputDataConfig", ()))
    hyperparameters: Mapping[str, str] = request.get("HyperParameters", {})
    return {
        "SM_MODEL_DIR": f"{ML_ROOT}/model",
        "SM_INPUT_DIR": f"{ML_ROOT}/input",
        "SM_INPUT_CONFIG_DIR": f"{ML_ROOT}/input/config",
        "SM_OUTPUT_DIR": f"{ML_ROOT}/output",
        "SM_OUTPUT_DATA_DIR": f"{ML_ROOT}/output/data",
        "SM_CHANNELS": json.dumps(channels),
        **{f"SM_CHANNEL_{name.upper()}": f"{ML_ROOT}/input/data/{name}" for name in channels},
        "SM_HPS": json.dumps(dict(hyperparameters), sort_keys=True),
        **{f"SM_HP_{name.upper()}": value for name, value in hyperparameters.items()},
        "SM_CURRENT_HOST": _HOST,
        "SM_HOSTS": json.dumps([_HOST]),
        "SM_CURRENT_INSTANCE_TYPE": request["ResourceConfig"].get("InstanceType", ""),
        "SM_NUM_CPUS": str(os.cpu_count() or 1),
        "SM_NUM_GPUS": "0",
    }
