"""A rollout with nothing wrong, to be broken one way at a time."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from slipway.canary.config import Tolerances
from slipway.guardrails import PlannedAnalysis, PlannedRollout, Variant, lint

CONFIG = "${EndpointConfig.EndpointConfigName}"
FINAL = 120


def alarm(kind: str, metric: str, **given: Any) -> dict[str, Any]:
    dimensions = {"EndpointName": "shop", "VariantName": "primary", "EndpointConfigName": CONFIG}
    return {
        "AlarmName": f"{CONFIG}-{kind}",
        "Namespace": "AWS/SageMaker",
        "MetricName": metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        "Period": 60,
        "EvaluationPeriods": 2,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        **given,
    }


def canary_decision(**given: Any) -> dict[str, Any]:
    described = {
        "Namespace": "Slipway/Rollout/shop",
        "Dimensions": [{"Name": "EndpointName", "Value": "shop"}, {"Name": "EndpointConfigName", "Value": CONFIG}],
        "Statistic": "Maximum",
        "Threshold": 2,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "EvaluationPeriods": 1,
    }
    return alarm("CanaryDecision", "CanaryDecision", **described | given)


def size(value: int, type_: str = "CAPACITY_PERCENT") -> dict[str, Any]:
    return {"Type": type_, "Value": value}


def blue_green(type_: str, **sizes: Any) -> dict[str, Any]:
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": type_, "WaitIntervalInSeconds": 300, **sizes},
            "TerminationWaitInSeconds": FINAL,
            "MaximumExecutionTimeoutInSeconds": 3600,
        }
    }


def rolling(**given: Any) -> dict[str, Any]:
    policy = {"MaximumBatchSize": size(25), "WaitIntervalInSeconds": 300, "MaximumExecutionTimeoutInSeconds": 3600}
    return {"RollingUpdatePolicy": policy | given}


def guarded(policy: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**policy, "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in names]}}


def good_plan() -> PlannedRollout:
    alarms = (
        alarm("Errors", "Invocation5XXErrors", Statistic="Average", Threshold=0.05),
        alarm("Latency", "ModelLatency", ExtendedStatistic="p90", Threshold=500_000),
    )
    return PlannedRollout(
        endpoint="shop",
        config_name=CONFIG,
        variants=(Variant("primary", 4, "ml.m5.large"),),
        deployment=guarded(blue_green("CANARY", CanarySize=size(25)), *(a["AlarmName"] for a in alarms)),
        alarms=alarms,
        autoscaled=True,
        retained=frozenset({"DesiredInstanceCount", "DesiredWeight", "DataCaptureConfig"}),
        requests_per_second=40,
        previous_variants=("primary",),
    )


class Broken:
    """Copies of the good plan with one thing changed."""

    def plan(self, **changes: Any) -> PlannedRollout:
        return replace(good_plan(), **changes)

    def policy(self, policy: dict[str, Any], **changes: Any) -> PlannedRollout:
        return self.plan(deployment=guarded(policy, *good_plan().named_alarms), **changes)

    def blue_green(self, **given: Any) -> PlannedRollout:
        deployment = copy.deepcopy(dict(good_plan().deployment or {}))
        deployment["BlueGreenUpdatePolicy"] |= given
        return self.plan(deployment=deployment)

    def routing(self, **given: Any) -> PlannedRollout:
        return self.blue_green(
            TrafficRoutingConfiguration={
                "Type": "CANARY",
                "WaitIntervalInSeconds": 300,
                "CanarySize": size(25),
                **given,
            }
        )

    def errors(self, **given: Any) -> PlannedRollout:
        return self._alarm(0, given)

    def latency(self, **given: Any) -> PlannedRollout:
        return self._alarm(1, given)

    def named(self, *names: str, **changes: Any) -> PlannedRollout:
        return self.plan(deployment=guarded(blue_green("CANARY", CanarySize=size(25)), *names), **changes)

    def also(self, *alarms: dict[str, Any], **changes: Any) -> PlannedRollout:
        """The good plan with more alarms, named."""
        every = (*good_plan().alarms, *alarms)
        return self.named(*(a["AlarmName"] for a in every), alarms=every, **changes)

    def with_analysis(self, policy: dict[str, Any] | None = None, **given: Any) -> PlannedRollout:
        """The good plan with canary analysis that 1,500 requests suffice for, and an alarm on its decision."""
        tolerances = Tolerances(error_tolerance=0.02, score_limit=0.1, **given.pop("tolerances", {}))
        analysis = PlannedAnalysis(tolerances, **{"decide_seconds": 120} | given.pop("analysis", {}))
        alarms = (*good_plan().alarms, canary_decision())
        named = guarded(policy or blue_green("CANARY", CanarySize=size(25)), *(a["AlarmName"] for a in alarms))
        return self.plan(**{"alarms": alarms, "deployment": named, "analysis": analysis} | given)

    def _alarm(self, which: int, given: dict[str, Any]) -> PlannedRollout:
        alarms = [dict(a) for a in good_plan().alarms]
        alarms[which] |= given
        alarms[which] = {key: value for key, value in alarms[which].items() if value is not None}
        return self.named(*(a["AlarmName"] for a in alarms), alarms=tuple(alarms))


@pytest.fixture
def good() -> PlannedRollout:
    return good_plan()


@pytest.fixture
def broken() -> Broken:
    return Broken()


@pytest.fixture
def rules_of() -> Callable[[PlannedRollout], set[str]]:
    return lambda planned: {finding.rule for finding in lint(planned)}
