"""The machine a job runs on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slipway.settings import Settings
from slipway.settings.local_storage import volume_key
from slipway.settings.names import COST_TAG


@dataclass(frozen=True)
class Compute:
    """One instance for at most `max_runtime_seconds`, its volume encrypted with the project's key if it has one.

    `tags` are the job's: by them its cost is found on the bill.
    """

    instance_type: str
    """No pipeline parameter: whether the volume takes a key hangs on it."""
    kms_key_arn: str
    max_runtime_seconds: int
    volume_gb: int = 30
    tags: Mapping[str, str] = field(default_factory=dict)

    def resources(self) -> dict[str, Any]:
        """`ClusterConfig` of a processing job, `ResourceConfig` of a training job: the same fields."""
        return {
            "InstanceType": self.instance_type,
            "InstanceCount": 1,
            "VolumeSizeInGB": self.volume_gb,
            **volume_key(self.instance_type, self.kms_key_arn),
        }

    def stopping_condition(self) -> dict[str, Any]:
        return {"MaxRuntimeInSeconds": self.max_runtime_seconds}

    def tagged(self) -> dict[str, Any]:
        """`Tags` of the request that makes the job; a tuning job hands its own on to its training jobs."""
        return {"Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()]} if self.tags else {}


def compute_of(settings: Settings, instance_type: str, kms_key_arn: str) -> Compute:
    """An instance for a job of the use case."""
    tags = {COST_TAG: settings.names.prefix}
    return Compute(instance_type, kms_key_arn, settings.training.max_runtime_seconds, tags=tags)


def vpc_config(settings: Settings) -> dict[str, Any] | None:
    """`VpcConfig` of the use case's jobs."""
    vpc = settings.access.vpc
    return vpc.request() if vpc else None
