"""The rollback alarms as CloudFormation gets them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Template

from infra.stages import UseCaseStacks
from slipway.settings import Settings

Synth = Callable[..., tuple[UseCaseStacks, Path]]


def kinds(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The alarms' properties by kind."""
    found = [r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::CloudWatch::Alarm"]
    return {alarm["AlarmName"]["Fn::Join"][1][1].removeprefix("-"): alarm for alarm in found}


def watched(alarm: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The metrics of an alarm, each with its Period."""
    if "MetricName" in alarm:
        yield alarm
    for query in alarm.get("Metrics", ()):
        if stat := query.get("MetricStat"):
            yield {**stat["Metric"], "Period": stat["Period"]}


@pytest.fixture
def alarms(templates: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return kinds(templates["endpoint"])


def test_there_are_six_and_no_data_is_no_alarm(alarms: dict[str, Any]) -> None:
    assert alarms.keys() == {
        "ServerErrors",
        "ModelErrors",
        "Latency",
        "PredictionDrift",
        "InputDrift",
        "CanaryDecision",
    }
    assert {alarm["TreatMissingData"] for alarm in alarms.values()} == {"notBreaching"}


@pytest.mark.parametrize(
    ("kind", "space", "names", "selector"),
    [
        ("ServerErrors", "AWS/SageMaker", {"Invocations", "Invocation5XXErrors"}, "EndpointConfigName"),
        ("ModelErrors", "AWS/SageMaker", {"Invocations", "InvocationModelErrors"}, "EndpointConfigName"),
        ("Latency", "AWS/SageMaker", {"Invocations", "ModelLatency"}, "EndpointConfigName"),
        ("PredictionDrift", "Slipway/Endpoint", {"PredictionDrift"}, "ModelPackageArn"),
        ("InputDrift", "Slipway/Endpoint", {"InputDrift"}, "ModelPackageArn"),
        ("CanaryDecision", "Slipway/Rollout/shoppers-dev", {"CanaryDecision"}, "EndpointConfigName"),
    ],
)
def test_every_metric_is_of_the_new_fleet_and_errors_also_of_the_whole_variant(
    alarms: dict[str, Any], *, kind: str, space: str, names: set[str], selector: str
) -> None:
    metrics = list(watched(alarms[kind]))
    assert {metric["MetricName"] for metric in metrics} == names
    new_fleet = {"EndpointConfigName": {"Fn::GetAtt": ["EndpointConfig", "EndpointConfigName"]}}
    new_fleet["ModelPackageArn"] = {"Ref": "ModelPackageArn"}
    beside = set()
    for metric in metrics:
        assert metric["Namespace"] == space
        dimensions = {d["Name"]: d["Value"] for d in metric["Dimensions"]}
        if selector not in dimensions:
            beside.add(metric["MetricName"])
            continue
        assert dimensions.pop(selector) == new_fleet[selector]
        assert dimensions.pop("EndpointName") == "shoppers-dev"
        assert dimensions == ({} if kind == "CanaryDecision" else {"VariantName": "primary"})
    assert beside == (names if kind in ("ServerErrors", "ModelErrors") else set())


def test_an_alarm_that_is_switched_off_is_not_made_and_not_waited_for(synth: Synth, settings: Settings) -> None:
    idle = settings.rollout.canary_analysis.model_copy(update={"enabled": False})
    off = {"alarms_off": ("Latency", "PredictionDrift", "InputDrift", "CanaryDecision"), "canary_analysis": idle}
    changed = settings.model_copy(update={"rollout": settings.rollout.model_copy(update=off)})
    template = Template.from_stack(synth(changed)[0].endpoint).to_json()
    assert kinds(template).keys() == {"ServerErrors", "ModelErrors"}
    (endpoint,) = (r for r in template["Resources"].values() if r["Type"] == "AWS::SageMaker::Endpoint")
    named = endpoint["Properties"]["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
    assert len(named) == len(endpoint["DependsOn"]) == 2
    assert "ServedModelPackageArn" not in template["Parameters"], (
        "without alarms on drift there is nothing to leave out"
    )
