"""Planned rollouts in the words of the AWS API: DescribeEndpointConfig, UpdateEndpoint, DescribeAlarms."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from slipway.endpoint_kinds import kind_of_config
from slipway.errors import InputError
from slipway.guardrails.configured_rollout import CAPACITY
from slipway.guardrails.planned import PlannedRollout, ScaledVariant, Variant, is_opaque

_WORDS = (
    "Namespace",
    "MetricName",
    "Statistic",
    "ExtendedStatistic",
    "Stat",
    "Unit",
    "Expression",
    "ComparisonOperator",
    "TreatMissingData",
    "AlarmRule",
)
_ROLLBACK_BATCH = "RollbackMaximumBatchSize"


def from_api(
    update: Mapping[str, Any],
    endpoint_config: Mapping[str, Any],
    alarms: Iterable[Mapping[str, Any]] = (),
    *,
    previous_config: Mapping[str, Any] | None = None,
    autoscaled: bool = False,
    scaling: tuple[ScaledVariant, ...] = (),
    requests_per_second: float | None = None,
) -> PlannedRollout:
    """The rollout that an UpdateEndpoint request begins.

    Args:
        update: the request: EndpointName, EndpointConfigName, DeploymentConfig, RetainAllVariantProperties, …
        endpoint_config: what DescribeEndpointConfig or CreateEndpointConfig has of the new config.
        alarms: MetricAlarms and CompositeAlarms of DescribeAlarms, or requests of PutMetricAlarm.
        previous_config: the config in use.
        autoscaled: the endpoint has a scalable target.
        scaling: its scalable targets, where their ranges are known.
        requests_per_second: the expected traffic.

    Raises:
        InputError: a part is not what the API would take.
    """
    name = str(update.get("EndpointConfigName") or endpoint_config.get("EndpointConfigName") or "")
    before = variants(previous_config, "ProductionVariants") if previous_config else None
    return PlannedRollout(
        endpoint=str(update.get("EndpointName", "")),
        config_name=name,
        variants=variants(endpoint_config, "ProductionVariants"),
        shadow_variants=variants(endpoint_config, "ShadowProductionVariants"),
        kind=kind_of_config(endpoint_config),
        deployment=checked_deployment(update.get("DeploymentConfig"), "DeploymentConfig"),
        alarms=tuple(checked_alarm(alarm) for alarm in alarms),
        autoscaled=autoscaled or bool(scaling),
        scaling=scaling,
        retained=retained(update),
        through_api=True,
        requests_per_second=requests_per_second,
        previous_variants=tuple(variant.name for variant in before) if before is not None else None,
        previous_types=tuple((v.name, v.instance_type) for v in before or () if v.instance_type),
    )


def variants(config: Mapping[str, Any], key: str) -> tuple[Variant, ...]:
    """Production or shadow variants of an endpoint config, in the API's or in CloudFormation's words."""
    return tuple(_variant(variant) for variant in mappings(config.get(key), key))


def _variant(variant: Mapping[str, Any]) -> Variant:
    count = variant.get("InitialInstanceCount", variant.get("DesiredInstanceCount"))
    return Variant(
        name=str(variant.get("VariantName", "AllTraffic")),
        instance_count=count if isinstance(count, int) else None,
        instance_type=_text(variant.get("InstanceType")),
        accelerator=_text(variant.get("AcceleratorType")),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def retained(endpoint: Mapping[str, Any]) -> frozenset[str]:
    """Variant properties that the update keeps; what is known to the deployment alone counts as kept."""
    whole = endpoint.get("RetainAllVariantProperties")
    if whole is not True and str(whole).lower() != "true" and not is_opaque(whole):
        return frozenset()
    excluded = mappings(endpoint.get("ExcludeRetainedVariantProperties"), "ExcludeRetainedVariantProperties")
    return CAPACITY - {str(each.get("VariantPropertyType")) for each in excluded}


def checked_deployment(value: object, where: str) -> Mapping[str, Any] | None:
    """A DeploymentConfig whose objects are objects, so that the rules can read every value in it.

    Raises:
        InputError: something else is in the place of an object or a list.
    """
    deployment = mapping(value, where)
    if deployment is None:
        return None
    policy = mapping(deployment.get("BlueGreenUpdatePolicy"), f"{where}.BlueGreenUpdatePolicy") or {}
    rolling = mapping(deployment.get("RollingUpdatePolicy"), f"{where}.RollingUpdatePolicy") or {}
    routing = mapping(policy.get("TrafficRoutingConfiguration"), f"{where}.TrafficRoutingConfiguration") or {}
    for place, keys in ((routing, ("CanarySize", "LinearStepSize")), (rolling, ("MaximumBatchSize", _ROLLBACK_BATCH))):
        for key in keys:
            mapping(place.get(key), f"{where}.{key}")
    rollback = mapping(deployment.get("AutoRollbackConfiguration"), f"{where}.AutoRollbackConfiguration") or {}
    for alarm in mappings(rollback.get("Alarms"), f"{where}.AutoRollbackConfiguration.Alarms"):
        if not isinstance(alarm.get("AlarmName"), str):
            raise InputError(f"{where}: AlarmName must be text, got {alarm.get('AlarmName')!r}")
    return deployment


def checked_alarm(alarm: Mapping[str, Any]) -> Mapping[str, Any]:
    """An alarm with a name, whose objects are objects and whose words are text.

    Raises:
        InputError: it has no name, or something else is in the place of an object, a list or a text.
    """
    name = alarm.get("AlarmName")
    if not isinstance(name, str) or not name:
        raise InputError(f"an alarm must have an AlarmName, got {name!r}")
    _checked_metric(alarm, name)
    for query in mappings(alarm.get("Metrics"), f"{name}.Metrics"):
        stat = mapping(query.get("MetricStat"), f"{name}.MetricStat") or {}
        for place in (query, stat, mapping(stat.get("Metric"), f"{name}.Metric") or {}):
            _checked_metric(place, name)
    return alarm


def _checked_metric(place: Mapping[str, Any], name: str) -> None:
    mappings(place.get("Dimensions"), f"{name}.Dimensions")
    for key in _WORDS:
        if not isinstance(place.get(key, ""), str | None):
            raise InputError(f"{name}: {key} must be text, got {place[key]!r}")


def mapping(value: object, what: str) -> Mapping[str, Any] | None:
    """Raises InputError where `value` is neither absent nor an object."""
    if value is None or isinstance(value, Mapping):
        return value
    raise InputError(f"{what} must be an object, got {value!r}")


def mappings(value: object, what: str) -> Sequence[Mapping[str, Any]]:
    """Raises InputError where `value` is neither absent nor a list of objects."""
    found = () if value is None else value
    if isinstance(found, Sequence) and not isinstance(found, str) and all(isinstance(item, Mapping) for item in found):
        return found
    raise InputError(f"{what} must be a list of objects, got {value!r}")
