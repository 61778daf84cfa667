"""How long each bake lasts and whom the first step exposes, even where the rest of a DeploymentConfig is flawed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from slipway.guardrails.planned import PlannedRollout
from slipway.rollout.plan import whole_instances

Way = Literal["ALL_AT_ONCE", "CANARY", "LINEAR", "ROLLING", "UNKNOWN"]


@dataclass(frozen=True)
class Waits:
    """Bakes in seconds; None where there is none of the kind, or no readable value."""

    way: Way
    step: int | None
    final: int | None

    @property
    def watched(self) -> int | None:
        """The bake that must catch a bad model: the one after the first step, or else the only one."""
        return self.final if self.way == "ALL_AT_ONCE" else self.step


def waits(planned: PlannedRollout) -> Waits:
    """The bakes of `planned`; without a policy it is all at once without a bake, as SageMaker has it."""
    deployment = planned.deployment or {}
    if rolling := deployment.get("RollingUpdatePolicy"):
        wait = _seconds(rolling, "WaitIntervalInSeconds", default=None)
        return Waits("ROLLING", wait, wait)
    policy = deployment.get("BlueGreenUpdatePolicy") or {}
    routing = policy.get("TrafficRoutingConfiguration") or {}
    final = _seconds(policy, "TerminationWaitInSeconds", default=0)
    type_ = routing.get("Type")
    if type_ in ("CANARY", "LINEAR"):
        return Waits("CANARY" if type_ == "CANARY" else "LINEAR", _seconds(routing, "WaitIntervalInSeconds"), final)
    return Waits("ALL_AT_ONCE" if type_ in (None, "ALL_AT_ONCE") else "UNKNOWN", None, final)


def first_size(planned: PlannedRollout) -> tuple[str, Mapping[str, Any]] | None:
    """The name and the CapacitySize of the first step; None for all at once, or where it is not readable."""
    deployment = planned.deployment or {}
    routing = (deployment.get("BlueGreenUpdatePolicy") or {}).get("TrafficRoutingConfiguration") or {}
    name = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}.get(str(routing.get("Type")))
    place = routing
    if rolling := deployment.get("RollingUpdatePolicy"):
        name, place = "MaximumBatchSize", rolling
    size = place.get(name) if name else None
    if not name or not isinstance(size, Mapping) or not isinstance(size.get("Value"), int):
        return None
    return (name, size) if size.get("Type") in ("INSTANCE_COUNT", "CAPACITY_PERCENT") else None


def first_share(planned: PlannedRollout) -> float | None:
    """Share of the users that the first step exposes, 0..1; None where it is not known."""
    if waits(planned).way == "ALL_AT_ONCE":
        return 1.0
    found, instances = first_size(planned), planned.instances
    if found is None:
        return None
    if instances:
        return whole_instances(found[1], instances) / instances
    return int(found[1]["Value"]) / 100 if found[1]["Type"] == "CAPACITY_PERCENT" else None


def _seconds(place: Mapping[str, Any], key: str, default: int | None = 0) -> int | None:
    value = place.get(key, default)
    return value if isinstance(value, int) and value >= 0 else None
