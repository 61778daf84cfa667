"""Instance types that keep data on disks of their own, which take no volume key."""

import re

_WITH_DISKS = re.compile(r"^ml\.([a-z]+\d[a-z]*d[a-z]*|g5|g6e?|g7e?|p[56][a-z0-9-]*|trn\d\w*|dl1|i\d\w*|d\d\w*)\.")
"""A d after the generation (m5d, m6gd, g4dn, p3dn, p4de), or a family that always has them.

From EC2's page "Instance store volumes", which SageMaker's API reference names for this.
"""


def has_local_storage(instance_type: str) -> bool:
    """Whether the instances encrypt their disks in hardware.

    SageMaker refuses a volume key of a training, processing or transform job there; of an endpoint config its pages
    document nothing, and it has been refused.
    """
    return bool(_WITH_DISKS.match(instance_type))


def volume_key(instance_type: str, kms_key_arn: str) -> dict[str, str]:
    """`VolumeKmsKeyId` of a job's machines, where they take one."""
    return {} if has_local_storage(instance_type) else {"VolumeKmsKeyId": kms_key_arn}
