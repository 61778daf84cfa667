"""Planned rollouts in a CloudFormation template, synthesized or written by hand."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from slipway.endpoint_kinds import kind_of_config
from slipway.errors import InputError
from slipway.guardrails.described import checked_alarm, checked_deployment, mapping, mappings, retained, variants
from slipway.guardrails.intrinsics import Intrinsics
from slipway.guardrails.planned import PlannedRollout, ScaledVariant, Variant

_ENDPOINT, _CONFIG = "AWS::SageMaker::Endpoint", "AWS::SageMaker::EndpointConfig"
_MODEL = "AWS::SageMaker::Model"
_ALARMS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
_NUMBERS = (
    "Period",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "Value",
    "WaitIntervalInSeconds",
    "TerminationWaitInSeconds",
    "MaximumExecutionTimeoutInSeconds",
    "InitialInstanceCount",
    "MinCapacity",
    "MaxCapacity",
)
_SCALED = re.compile(r"^endpoint/(?P<endpoint>.+)/variant/(?P<variant>[^/]+)$")
_BOOLEANS = {"true": True, "false": False}


def from_template(
    template: Mapping[str, Any],
    *,
    alarms_elsewhere: Iterable[Mapping[str, Any]] = (),
    requests_per_second: float | None = None,
) -> list[PlannedRollout]:
    """One rollout for each endpoint in `template`.

    Args:
        template: the template as read from JSON. What it does not contain is taken from `Intrinsics`.
        alarms_elsewhere: alarms that other templates make (see `alarms_in`).
        requests_per_second: the expected traffic of each endpoint.

    Raises:
        InputError: it is no template, or a resource is not what CloudFormation would take.
    """
    # What stands for a name in one template means another resource in the next.
    elsewhere = (alarm for alarm in alarms_elsewhere if "${" not in str(alarm.get("AlarmName")))
    alarms = (*elsewhere, *alarms_in(template))
    return [
        _planned(template, id_, properties, alarms=alarms, requests_per_second=requests_per_second)
        for id_, properties in _of(template, _ENDPOINT)
    ]


def alarms_in(template: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The alarms that `template` makes, in CloudWatch's shape; one without a name is called after its logical id."""
    intrinsics = Intrinsics(template)
    return tuple(
        checked_alarm({**properties, "AlarmName": intrinsics.name_of(id_, "AlarmName", "")})
        for type_ in _ALARMS
        for id_, properties in _of(template, type_)
    )


def _planned(
    template: Mapping[str, Any],
    id_: str,
    endpoint: Mapping[str, Any],
    *,
    alarms: tuple[Mapping[str, Any], ...],
    requests_per_second: float | None,
) -> PlannedRollout:
    intrinsics = Intrinsics(template)
    name = intrinsics.name_of(id_, "EndpointName", "EndpointName")
    config_name, config, named = _config(template, str(endpoint.get("EndpointConfigName", "")))
    scaling = tuple(_scaling(template, name))
    return PlannedRollout(
        endpoint=name,
        config_name=config_name,
        config_is_named=named,
        variants=tuple(_served(template, config)),
        shadow_variants=variants(config, "ShadowProductionVariants"),
        kind=kind_of_config(config),
        deployment=checked_deployment(endpoint.get("DeploymentConfig"), f"{id_}.DeploymentConfig"),
        alarms=alarms,
        autoscaled=bool(scaling),
        scaling=scaling,
        retained=retained(endpoint),
        requests_per_second=requests_per_second,
    )


def _config(template: Mapping[str, Any], name_or_ref: str) -> tuple[str, Mapping[str, Any], bool]:
    """The config's name as everything else has it, its properties, and whether the template names it."""
    intrinsics = Intrinsics(template)
    for id_, properties in _of(template, _CONFIG):
        name = intrinsics.name_of(id_, "EndpointConfigName", "EndpointConfigName")
        if name_or_ref in (name, f"${{{id_}}}"):
            return name, properties, "EndpointConfigName" in properties
    return name_or_ref, {}, False


def _served(template: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[Variant]:
    """The production variants, with the package and the environment of their models where this template makes them."""
    intrinsics = Intrinsics(template)
    models = {
        intrinsics.name_of(id_, "ModelName", "ModelName"): properties for id_, properties in _of(template, _MODEL)
    }
    made = mappings(config.get("ProductionVariants"), "ProductionVariants")
    for variant, described in zip(variants(config, "ProductionVariants"), made, strict=True):
        model = models.get(str(described.get("ModelName", "")))
        if model is None:
            yield variant
            continue
        containers = mappings(model.get("Containers"), "Containers")
        container = mapping(model.get("PrimaryContainer"), "PrimaryContainer") or (containers or ({},))[0]
        given = mapping(container.get("Environment"), "Environment") or {}
        package = container.get("ModelPackageName")
        yield replace(
            variant,
            package=str(package) if package else None,
            environment=tuple((str(name), str(value)) for name, value in given.items()),
        )


def _scaling(template: Mapping[str, Any], endpoint: str) -> Iterator[ScaledVariant]:
    for _, properties in _of(template, _TARGET):
        found = _SCALED.match(str(properties.get("ResourceId", "")))
        if found and found["endpoint"] == endpoint:
            least, most = (properties.get(key) for key in ("MinCapacity", "MaxCapacity"))
            yield ScaledVariant(found["variant"], *(n if isinstance(n, int) else None for n in (least, most)))


def _of(template: Mapping[str, Any], type_: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    resources = mapping(template.get("Resources"), "Resources")
    if resources is None:
        raise InputError(f"a template must have Resources, got {', '.join(sorted(map(str, template))) or 'nothing'}")
    intrinsics = Intrinsics(template)
    for id_, resource in resources.items():
        if isinstance(resource, Mapping) and resource.get("Type") == type_:
            properties = mapping(intrinsics.resolve(resource.get("Properties") or {}), f"{id_}.Properties")
            yield str(id_), _typed(properties or {})


def _typed(value: Any, key: str = "") -> Any:
    """CloudFormation takes numbers and booleans as text too; a dimension's value is text."""
    if isinstance(value, Mapping):
        return {k: item if k == "Value" and "Name" in value else _typed(item, str(k)) for k, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    if isinstance(value, str) and key in _NUMBERS:
        return _number(value)
    return _BOOLEANS.get(value.lower(), value) if isinstance(value, str) and key == "ReturnData" else value


def _number(text: str) -> int | float | str:
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number
