"""Flaws that samples published by AWS are known for: each is caught."""

from typing import Any

import pytest

from slipway.guardrails import from_api, lint

CONFIG = {
    "EndpointConfigName": "config-2",
    "ProductionVariants": [{"VariantName": "AllTraffic", "InitialInstanceCount": 3, "InstanceType": "ml.c5.xlarge"}],
}


def found(policy: dict[str, Any], **alarm: Any) -> set[str]:
    watched = {
        "AlarmName": "config-2-alarm",
        "Namespace": "AWS/SageMaker",
        "Dimensions": [{"Name": "EndpointName", "Value": "ep"}, {"Name": "VariantName", "Value": "AllTraffic"}],
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0.05,
        "MetricName": "Invocation5XXErrors",
        "ComparisonOperator": "GreaterThanThreshold",
        **alarm,
    }
    deployment = {**policy, "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "config-2-alarm"}]}}
    update = {"EndpointName": "ep", "EndpointConfigName": "config-2", "DeploymentConfig": deployment}
    return {finding.rule for finding in lint(from_api(update, CONFIG, [watched]))}


def canary(wait: int, **sizes: int) -> dict[str, Any]:
    size = {"Type": "CAPACITY_PERCENT", "Value": sizes.get("percent", 34)}
    routing = {"Type": "CANARY", "CanarySize": size, "WaitIntervalInSeconds": wait}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": 600}}


def test_a_4xx_alarm_on_an_average_above_1_cannot_fire() -> None:
    assert "SG502" in found(canary(600), MetricName="Invocation4XXErrors", Threshold=1)


def test_a_window_of_twice_600_s_is_longer_than_a_bake_of_600_s() -> None:
    assert "SG601" in found(canary(600), Period=600, EvaluationPeriods=2)


def test_one_percent_of_5xx_is_not_an_average_of_1() -> None:
    assert "SG503" in found(canary(600), Threshold=1, ComparisonOperator="GreaterThanOrEqualToThreshold")


def test_all_at_once_without_a_wait_interval_is_no_request() -> None:
    routing = {"Type": "ALL_AT_ONCE"}
    policy = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": 600}}
    assert "SG007" in found(policy)


def test_alarms_of_both_fleets_are_reported() -> None:
    assert "SG403" in found(canary(600))


@pytest.mark.parametrize("rule", ["SG001", "SG003", "SG006"])
def test_what_a_schema_check_lets_through_is_reported_at_once(rule: str) -> None:
    policy = canary(3600, percent=90)
    policy["BlueGreenUpdatePolicy"]["MaximumExecutionTimeoutInSeconds"] = 600
    policy["RollingUpdatePolicy"] = {
        "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 34},
        "WaitIntervalInSeconds": 60,
    }
    assert rule in found(policy)
