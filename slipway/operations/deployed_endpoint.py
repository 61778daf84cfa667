"""The deployed endpoint: what it serves, what is being rolled out, and the alarms of a fleet."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from slipway.metrics import DECISION_METRIC
from slipway.operations.aws_errors import message_of
from slipway.operations.deployed_stage import DeployedStage
from slipway.settings.names import VARIANT


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
    package, created = _package(sagemaker, config)
    return Fleet(
        config=config,
        package=package,
        created=created,
        variant_status=statuses[-1] if statuses else "",
        instances=variant.get("CurrentInstanceCount"),
        weight=variant.get("CurrentWeight"),
    )


def _package(sagemaker: Any, config: str) -> tuple[str | None, datetime | None]:
    """The model package of an endpoint config and when the config was created; either may be deleted meanwhile."""
    try:
        described = sagemaker.describe_endpoint_config(EndpointConfigName=config)
        model = sagemaker.describe_model(ModelName=described["ProductionVariants"][0]["ModelName"])
    except ClientError as exc:
        if "Could not find" in message_of(exc):
            return None, None
        raise
    containers = [*model.get("Containers", ()), model.get("PrimaryContainer") or {}]
    packages = [container["ModelPackageName"] for container in containers if "ModelPackageName" in container]
    return (packages[0] if packages else None), described.get("CreationTime")
