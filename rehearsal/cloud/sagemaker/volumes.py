"""The key of a machine's volume, which some machines do not have."""

from collections.abc import Mapping
from typing import Any

from rehearsal.cloud.sagemaker.api_errors import validation_error
from slipway.settings.local_storage import has_local_storage


def refuse_volume_key(machine: Mapping[str, Any], *, key: str = "VolumeKmsKeyId") -> None:
    """SageMaker takes no key for disks that encrypt themselves; `machine` is a ResourceConfig or a ClusterConfig.

    Raises:
        ApiError: there is one.
    """
    if machine.get(key) and has_local_storage(str(machine.get("InstanceType", ""))):
        raise validation_error(
            f"KMS key is not supported for NVMe instance storage: {key} with {machine['InstanceType']}"
        )
