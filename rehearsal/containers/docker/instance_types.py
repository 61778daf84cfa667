"""How much memory and how many processors an instance type gives its container."""

from dataclasses import dataclass

_GIB_PER_VCPU = {
    **dict.fromkeys(("c5", "c5d", "c6i", "c6id", "c7i"), 2),
    **dict.fromkeys(("g4dn", "g5", "m4", "m5", "m5d", "m6i", "m6id", "m7i"), 4),
    **dict.fromkeys(("r5", "r5d", "r6i", "r7i"), 8),
}
_VCPUS = {"large": 2, "xlarge": 4}
_BURSTABLE = {"medium": (2, 4), "large": (2, 8), "xlarge": (4, 16), "2xlarge": (8, 32)}


@dataclass(frozen=True)
class Capacity:
    vcpus: int
    memory_gib: int


def capacity_of(instance_type: str) -> Capacity | None:
    """What `ml.<family>.<size>` has; None for a type this table does not know, which is then not limited."""
    _, _, name = instance_type.partition("ml.")
    family, _, size = name.partition(".")
    if family in {"t2", "t3"} and size in _BURSTABLE:
        return Capacity(*_BURSTABLE[size])
    count = size.removesuffix("xlarge")
    vcpus = 4 * int(count) if count.isdigit() and count != size else _VCPUS.get(size)
    if vcpus is None or family not in _GIB_PER_VCPU:
        return None
    return Capacity(vcpus, vcpus * _GIB_PER_VCPU[family])
