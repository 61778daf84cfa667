"""The state of the endpoint: what it serves, what is being rolled out, and the alarms of a fleet."""

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
    made: datetime | None
    stage: str = ""
    """VariantStatus of a new fleet: Creating, ActivatingTraffic, Baking, …"""
    instances: int | None = None
    weight: float | None = None


@dataclass(frozen=True)
class EndpointNow:
    status: str
    live: Fleet | None
    pending: Fleet | None
    failure: str | None = None


@dataclass(frozen=True)
class AlarmNow:
    name: str
    state: str
    reason: str
    watches_verdict: bool


def look(stage: DeployedStage) -> EndpointNow | None:
    """None where there is no endpoint yet."""
    sagemaker = stage.client("sagemaker")
    try:
        found = sagemaker.describe_endpoint(EndpointName=stage.names.endpoint)
    except ClientError as exc:
        if "Could not find" in message_of(exc):
            return None
        raise
    summary = found.get("PendingDeploymentSummary") or {}
    live_config, pending_config = found.get("EndpointConfigName"), summary.get("EndpointConfigName")
    return EndpointNow(
        status=found["EndpointStatus"],
        live=_fleet(sagemaker, live_config, found.get("ProductionVariants", ())) if live_config else None,
        pending=_fleet(sagemaker, pending_config, summary.get("ProductionVariants", ())) if pending_config else None,
        failure=found.get("FailureReason"),
    )


def alarms(stage: DeployedStage, config: str) -> list[AlarmNow]:
    """Those named after an endpoint config, which watch that fleet alone."""
    pages = stage.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{config}-")
    return [
        AlarmNow(
            name=alarm["AlarmName"],
            state=alarm["StateValue"],
            reason=alarm.get("StateReason", ""),
            watches_verdict=alarm.get("MetricName") == DECISION_METRIC,
        )
        for page in pages
        for alarm in page["MetricAlarms"]
    ]


def _fleet(sagemaker: Any, config: str, variants: Any) -> Fleet:
    variant: dict[str, Any] = next((each for each in variants if each.get("VariantName") == VARIANT), {})
    statuses = [status["Status"] for status in variant.get("VariantStatus", ())]
    package, made = _package(sagemaker, config)
    return Fleet(
        config=config,
        package=package,
        made=made,
        stage=statuses[-1] if statuses else "",
        instances=variant.get("CurrentInstanceCount"),
        weight=variant.get("CurrentWeight"),
    )


def _package(sagemaker: Any, config: str) -> tuple[str | None, datetime | None]:
    """The model package of an endpoint config and the config's age; either may be deleted meanwhile."""
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
