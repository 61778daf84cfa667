"""The alarm that makes SageMaker roll back, on a clock that can be stopped within a minute."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from slipway.cloudwatch import AlarmState
from slipway.operations.rollback_alarm import fire_rollback_alarm
from slipway.settings.names import Names
from tests.slipway.cloudwatch.virtual_clock import VirtualClock

MINUTE = 1_800_000_000.0
ALARM = {
    "AlarmName": "green-CanaryDecision",
    "Namespace": "Slipway/Rollout/shoppers-dev",
    "MetricName": "CanaryDecision",
    "Dimensions": [
        {"Name": "EndpointName", "Value": "shoppers-dev"},
        {"Name": "EndpointConfigName", "Value": "green"},
    ],
    "Statistic": "Maximum",
    "Period": 10,
    "EvaluationPeriods": 1,
    "Threshold": 2,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "notBreaching",
}


@dataclass
class CloudWatch:
    """The one alarm of the new fleet, evaluated as CloudWatch does it."""

    clock: VirtualClock
    put: list[dict[str, Any]] = field(default_factory=list)
    alarm: dict[str, Any] = field(default_factory=lambda: ALARM)
    states: dict[str, str] = field(default_factory=dict)
    """Set by hand."""

    def get_paginator(self, _action: str) -> "CloudWatch":
        return self

    def paginate(self, *, AlarmNamePrefix: str) -> list[dict[str, Any]]:  # noqa: N803
        assert AlarmNamePrefix == "green-"
        return [{"MetricAlarms": [{**self.alarm, "StateValue": self.clock.state(self.alarm["AlarmName"])}]}]

    def put_metric_data(self, *, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803
        self.put += MetricData
        self.clock.put(Namespace, *MetricData)

    def set_alarm_state(self, *, AlarmName: str, StateValue: str, **_: str) -> None:  # noqa: N803
        self.states[AlarmName] = StateValue


@dataclass
class Stage:
    cloudwatch: CloudWatch
    names: Names = field(default_factory=lambda: Names("shoppers", "dev"))

    def client(self, service: str) -> CloudWatch:
        assert service == "cloudwatch"
        return self.cloudwatch


@pytest.mark.parametrize("second", [1, 15, 32, 49, 58])
def test_the_decision_raises_an_alarm_of_ten_seconds_in_any_second_of_a_minute(second: int) -> None:
    clock = VirtualClock([ALARM], start=MINUTE)
    clock.advance(second)
    cloudwatch = CloudWatch(clock)
    stage: Any = Stage(cloudwatch)
    means = fire_rollback_alarm(stage, "green", actor="Ada")
    changes = [(change.at - MINUTE, change.new) for change in clock.advance(10)]
    assert changes[-1:] == [(-(-second // 10) * 10, AlarmState.ALARM)]
    assert [datum["StorageResolution"] for datum in cloudwatch.put] == [1]
    assert means == "metric Slipway/Rollout/shoppers-dev CanaryDecision = 2"


def test_a_fleet_without_the_alarm_on_decisions_is_rolled_back_by_another_of_its_alarms() -> None:
    name = "green-ServerErrors"
    alarm = {**ALARM, "AlarmName": name, "Namespace": "AWS/SageMaker", "MetricName": "Invocation5XXErrors"}
    cloudwatch = CloudWatch(VirtualClock([alarm], start=MINUTE), alarm=alarm)
    stage: Any = Stage(cloudwatch)
    assert fire_rollback_alarm(stage, "green", actor="Ada") == f"alarm {name}"
    assert (cloudwatch.states, cloudwatch.put) == ({name: "ALARM"}, [])
