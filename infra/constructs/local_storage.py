"""Instance types that keep data on disks of their own."""

import re

_WITH_DISKS = re.compile(r"^ml\.([a-z]+\d[a-z]*d[a-z]*|g5|g6e?|g7e?|p[56][a-z0-9-]*|trn\d\w*|dl1)\.")
"""A d after the generation (m5d, m6gd, g4dn, p4de), or a family that always has them."""


def has_local_storage(instance_type: str) -> bool:
    """Whether the instances encrypt their disks in hardware.

    A volume key does nothing for them, and CreateEndpointConfig has refused one; AWS's pages tell either.
    """
    return bool(_WITH_DISKS.match(instance_type))
