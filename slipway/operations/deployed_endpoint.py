"""The deployed endpoint: what it serves, what is being rolled out, and the alarms of a fleet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from slipway.metrics import DECISION_METRIC
from slipway.operations.aws_errors import message_of
from slipway.operations.deployed_stage import DeployedStage
from slipway.settings.names import VARIANT

_KINDS = ("ProductionVariants", "ShadowProductionVariants")


@dataclass(frozen=True)
class Fleet:
    """An endpoint config and what it serves."""

    config: str
    package: str | None
    created: datetime | None
    variant_status: str = ""
    """Of a new fleet: Creating, ActivatingTraffic, Baking, …"""
    instances: int | None = None
    weight: float | None = None
    shadow: str | None = None
    """The package of its shadow variant."""


@dataclass(frozen=True)
class DeployedEndpoint:
    status: str
    live: Fleet | None
    pending: Fleet | None
    failure: str | None = None


@dataclass(frozen=True)
class FleetAlarm:
    name: str
    state: str
    reason: str
    watches_canary_analysis: bool


def describe_endpoint(stage: DeployedStage) -> DeployedEndpoint | None:
    """None where there is no endpoint yet."""
    return endpoint_named(stage.client("sagemaker"), stage.names.endpoint)


def endpoint_named(sagemaker: Any, name: str) -> DeployedEndpoint | None:
    try:
        found = sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as exc:
        if "Could not find" in message_of(exc):
            return None
        raise
    summary = found.get("PendingDeploymentSummary") or {}
    live_config, pending_config = found.get("EndpointConfigName"), summary.get("EndpointConfigName")
    return DeployedEndpoint(
        status=found["EndpointStatus"],
        live=_fleet(sagemaker, live_config, found.get("ProductionVariants", ())) if live_config else None,
        pending=_fleet(sagemaker, pending_config, summary.get("ProductionVariants", ())) if pending_config else None,
        failure=found.get("FailureReason"),
    )


def traffic_shares(stage: DeployedStage) -> dict[str, float]:
    """Of the requests, by production variant, the live one first; empty where nothing serves."""
    try:
        found = stage.client("sagemaker").describe_endpoint(EndpointName=stage.names.endpoint)
    except ClientError as exc:
        if "Could not find" in message_of(exc):
            return {}
        raise
    # Without a weight on serverless endpoints, which have one variant.
    weights = {each["VariantName"]: each.get("CurrentWeight", 1.0) for each in found.get("ProductionVariants", ())}
    total = sum(weights.values()) or 1.0
    return {name: weight / total for name, weight in weights.items()}


def fleet_alarms(stage: DeployedStage, config: str) -> list[FleetAlarm]:
    """Those named after an endpoint config, which watch that fleet alone."""
    pages = stage.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{config}-")
    return [
        FleetAlarm(
            name=alarm["AlarmName"],
            state=alarm["StateValue"],
            reason=alarm.get("StateReason", ""),
            watches_canary_analysis=alarm.get("MetricName") == DECISION_METRIC,
        )
        for page in pages
        for alarm in page["MetricAlarms"]
    ]


def _fleet(sagemaker: Any, config: str, variants: Any) -> Fleet:
    variant: dict[str, Any] = next((each for each in variants if each.get("VariantName") == VARIANT), {})
    statuses = [status["Status"] for status in variant.get("VariantStatus", ())]
    described = _config(sagemaker, config)
    package, shadow = (_package(sagemaker, described.get(kind, ())) for kind in _KINDS)
    return Fleet(
        config=config,
        package=package,
        created=described.get("CreationTime") if package else None,
        shadow=shadow,
        variant_status=statuses[-1] if statuses else "",
        instances=variant.get("CurrentInstanceCount"),
        weight=variant.get("CurrentWeight"),
    )


def _config(sagemaker: Any, name: str) -> dict[str, Any]:
    """An endpoint config; it may be deleted meanwhile."""
    try:
        found: dict[str, Any] = sagemaker.describe_endpoint_config(EndpointConfigName=name)
    except ClientError as exc:
        if "Could not find" in message_of(exc):
            return {}
        raise
    return found


def _package(sagemaker: Any, variants: Sequence[Mapping[str, Any]]) -> str | None:
    """The model package of the first of these variants; its model may be deleted meanwhile."""
    if not variants:
        return None
    try:
        model = sagemaker.describe_model(ModelName=variants[0]["ModelName"])
    except ClientError as exc:
        if "Could not find" in message_of(exc):
            return None
        raise
    containers = [*model.get("Containers", ()), model.get("PrimaryContainer") or {}]
    return next((container["ModelPackageName"] for container in containers if "ModelPackageName" in container), None)
