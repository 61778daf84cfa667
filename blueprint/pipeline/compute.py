"""The machine a job runs on."""

from dataclasses import dataclass
from typing import Any

from blueprint.pipeline.references import Text


@dataclass(frozen=True)
class Compute:
    """One instance, its volume encrypted with the project's key, for at most `max_runtime_seconds`."""

    instance_type: Text
    kms_key_arn: str
    max_runtime_seconds: int
    volume_gb: int = 30

    def resources(self) -> dict[str, Any]:
        """`ClusterConfig` of a processing job, `ResourceConfig` of a training job: the same four fields."""
        return {
            "InstanceType": self.instance_type,
            "InstanceCount": 1,
            "VolumeSizeInGB": self.volume_gb,
            "VolumeKmsKeyId": self.kms_key_arn,
        }

    def stopping_condition(self) -> dict[str, Any]:
        return {"MaxRuntimeInSeconds": self.max_runtime_seconds}
