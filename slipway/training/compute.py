"""The machine a job runs on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slipway.settings.local_storage import volume_key


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
