"""What SageMaker accepts as a DeploymentConfig; every error is reported together."""

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any, NamedTuple

from slipway.errors import InputError

_ROUTINGS = ("ALL_AT_ONCE", "CANARY", "LINEAR")
_SIZE_TYPES = ("INSTANCE_COUNT", "CAPACITY_PERCENT")
_MOST_ALARMS = 10
LONGEST_WAIT_SECONDS = 3600
SHORTEST_TIMEOUT_SECONDS, LONGEST_TIMEOUT_SECONDS = 600, 28_800


class ConfigViolation(NamedTuple):
    """One broken rule: the field it is about, the whole message, and the value that was refused."""

    about: str
    text: str
    value: object = None


def check_deployment_config(config: Mapping[str, Any], *, instances: int) -> None:
    """Refuse what SageMaker refuses for a variant of `instances`.

    Raises:
        InputError: a rule is broken; every broken rule is in the message, a line each.
    """
    if instances < 1:
        raise InputError(f"instances must be at least 1, got {instances}")
    if errors := list(deployment_config_errors(config, instances=instances)):
        raise InputError("\n".join(error.text for error in errors))


def deployment_config_errors(config: Mapping[str, Any], *, instances: int) -> Iterator[ConfigViolation]:
    """Everything SageMaker would refuse in `config` for a variant of `instances`."""
    known = ("BlueGreenUpdatePolicy", "RollingUpdatePolicy", "AutoRollbackConfiguration")
    if unknown := sorted(config.keys() - set(known)):
        text = f"DeploymentConfig keys must be among {', '.join(known)}, got {', '.join(unknown)}"
        yield ConfigViolation("DeploymentConfig", text, unknown)
    blue_green, rolling = config.get("BlueGreenUpdatePolicy"), config.get("RollingUpdatePolicy")
    if blue_green and rolling:
        text = "DeploymentConfig must have one update policy, got BlueGreenUpdatePolicy and RollingUpdatePolicy"
        yield ConfigViolation("UpdatePolicy", text)
    if blue_green:
        yield from _blue_green_errors(blue_green, instances)
    if rolling:
        yield from _rolling_errors(rolling, instances)
    yield from _alarm_errors(config.get("AutoRollbackConfiguration") or {})


def _blue_green_errors(policy: Mapping[str, Any], instances: int) -> Iterator[ConfigViolation]:
    routing = policy.get("TrafficRoutingConfiguration")
    if not routing:
        about = "TrafficRoutingConfiguration"
        yield ConfigViolation(about, f"BlueGreenUpdatePolicy must have {about}, got none")
        return
    type_, wait = routing.get("Type"), routing.get("WaitIntervalInSeconds", 0)
    final = policy.get("TerminationWaitInSeconds", 0)
    if type_ not in _ROUTINGS:
        text = f"TrafficRoutingConfiguration.Type must be one of {', '.join(_ROUTINGS)}, got {type_}"
        yield ConfigViolation("TrafficRoutingConfiguration", text, type_)
    yield from _out_of_range("WaitIntervalInSeconds", wait, 0, LONGEST_WAIT_SECONDS)
    yield from _out_of_range("TerminationWaitInSeconds", final, 0, LONGEST_WAIT_SECONDS)
    steps = 0
    if type_ == "CANARY":
        yield from _size_errors("CanarySize", routing.get("CanarySize"), instances, low_percent=0)
        steps = 1
    elif type_ == "LINEAR":
        yield from _size_errors("LinearStepSize", routing.get("LinearStepSize"), instances, low_percent=10)
        steps = _steps(routing.get("LinearStepSize"), instances) - 1
    yield from _timeout_errors(policy, waits=steps * _whole(wait) + _whole(final))


def _rolling_errors(policy: Mapping[str, Any], instances: int) -> Iterator[ConfigViolation]:
    if "WaitIntervalInSeconds" not in policy:
        yield ConfigViolation("WaitIntervalInSeconds", "RollingUpdatePolicy must have WaitIntervalInSeconds, got none")
    wait = policy.get("WaitIntervalInSeconds", 0)
    yield from _out_of_range("WaitIntervalInSeconds", wait, 0, LONGEST_WAIT_SECONDS)
    yield from _size_errors("MaximumBatchSize", policy.get("MaximumBatchSize"), instances, low_percent=5)
    if rollback := policy.get("RollbackMaximumBatchSize"):
        yield from _size_errors("RollbackMaximumBatchSize", rollback, instances, low_percent=0, high_percent=100)
    yield from _timeout_errors(policy, waits=_steps(policy.get("MaximumBatchSize"), instances) * _whole(wait))


def _timeout_errors(policy: Mapping[str, Any], *, waits: int) -> Iterator[ConfigViolation]:
    timeout = policy.get("MaximumExecutionTimeoutInSeconds")
    if timeout is None:
        return
    yield from _out_of_range(
        "MaximumExecutionTimeoutInSeconds", timeout, SHORTEST_TIMEOUT_SECONDS, LONGEST_TIMEOUT_SECONDS
    )
    if _whole(timeout) <= waits:
        text = f"MaximumExecutionTimeoutInSeconds must exceed the waits ({waits}), got {timeout}"
        yield ConfigViolation("MaximumExecutionTimeoutInSeconds", text, timeout)


def _alarm_errors(rollback: Mapping[str, Any]) -> Iterator[ConfigViolation]:
    if rollback.get("Alarms") is None:
        return
    names = [alarm.get("AlarmName", "") for alarm in rollback["Alarms"]]
    if not 1 <= len(names) <= _MOST_ALARMS:
        text = f"AutoRollbackConfiguration.Alarms must have 1..{_MOST_ALARMS} alarms, got {len(names)}"
        yield ConfigViolation("AlarmCount", text, len(names))
    if len(set(names)) < len(names):
        text = f"AutoRollbackConfiguration.Alarms must be unique, got {', '.join(names)}"
        yield ConfigViolation("AlarmNames", text, names)


def _size_errors(
    name: str, size: Mapping[str, Any] | None, instances: int, *, low_percent: int, high_percent: int = 50
) -> Iterator[ConfigViolation]:
    """One instance is always allowed: there is no smaller part of a fleet."""
    if not size:
        yield ConfigViolation(name, f"{name} must be given, got none")
        return
    if size.get("Type") not in _SIZE_TYPES:
        text = f"{name}.Type must be one of {', '.join(_SIZE_TYPES)}, got {size.get('Type')}"
        yield ConfigViolation(name, text, size.get("Type"))
        return
    value = size.get("Value", 0)
    low, high = max(1, low_percent), high_percent
    if size["Type"] == "INSTANCE_COUNT":
        low, high = max(1, ceil(instances * low_percent / 100)), max(1, instances * high_percent // 100)
    yield from _out_of_range(f"{name}.Value", value, low, high)


def _steps(size: Mapping[str, Any] | None, instances: int) -> int:
    if not size or not isinstance(size.get("Value"), int):
        return 1
    value: int = size["Value"]
    batch = value if size.get("Type") == "INSTANCE_COUNT" else value * instances // 100
    return ceil(instances / max(1, batch))


def _whole(value: object) -> int:
    """`value` for arithmetic; what is no whole number has its own rule."""
    return value if isinstance(value, int) else 0


def _out_of_range(name: str, value: object, low: int, high: int) -> Iterator[ConfigViolation]:
    if not isinstance(value, int) or not low <= value <= high:
        yield ConfigViolation(name.removesuffix(".Value"), f"{name} must be in {low}..{high}, got {value}", value)
