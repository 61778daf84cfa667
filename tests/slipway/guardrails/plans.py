"""A rollout with nothing wrong, to be broken one way at a time."""

import copy
from dataclasses import replace
from typing import Any

from slipway.canary.config import Tolerances
from slipway.guardrails import PlannedAnalysis, PlannedRollout, Variant

CONFIG = "${EndpointConfig.EndpointConfigName}"


def dimensions(**given: str) -> list[dict[str, str]]:
    named = {"EndpointName": "shop", "VariantName": "primary", "EndpointConfigName": CONFIG} | given
    return [{"Name": name, "Value": value} for name, value in named.items() if value]


def alarm(kind: str, metric: str, **given: Any) -> dict[str, Any]:
    return {
        "AlarmName": f"{CONFIG}-{kind}",
        "Namespace": "AWS/SageMaker",
        "MetricName": metric,
        "Dimensions": dimensions(),
        "Period": 60,
        "EvaluationPeriods": 2,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        **given,
    }


def custom(name: str, **given: Any) -> dict[str, Any]:
    """An alarm on a metric that is not SageMaker's."""
    described = {"Namespace": "Shop", "EvaluationPeriods": 1, "Statistic": "Average", "Threshold": 5}
    return alarm(name, name, **described | given)


def canary_decision(**given: Any) -> dict[str, Any]:
    described = {"Namespace": "Slipway/Rollout/shop", "Dimensions": dimensions(VariantName="")}
    described |= {"Statistic": "Maximum", "Threshold": 2, "ComparisonOperator": "GreaterThanOrEqualToThreshold"}
    return custom("CanaryDecision", **described | given)


def percent(value: int) -> dict[str, Any]:
    return {"Type": "CAPACITY_PERCENT", "Value": value}


def blue_green(type_: str, *, wait: int = 300, final: int = 300, **given: Any) -> dict[str, Any]:
    sizes = {name: given.pop(name) for name in ("CanarySize", "LinearStepSize") if name in given}
    routing = {"Type": type_, "WaitIntervalInSeconds": wait, **sizes}
    waits = {"TerminationWaitInSeconds": final, "MaximumExecutionTimeoutInSeconds": 28800}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, **waits, **given}}


def canary(size: int = 25, **given: Any) -> dict[str, Any]:
    return blue_green("CANARY", CanarySize=percent(size), **{"final": 120} | given)


def linear(step: int, **given: Any) -> dict[str, Any]:
    return blue_green("LINEAR", LinearStepSize=percent(step), **given)


def all_at_once(final: int) -> dict[str, Any]:
    return blue_green("ALL_AT_ONCE", wait=0, final=final)


def rolling(batch: int, **given: Any) -> dict[str, Any]:
    return {"RollingUpdatePolicy": {"MaximumBatchSize": percent(batch), "WaitIntervalInSeconds": 300, **given}}


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
        deployment=guarded(canary(), *(a["AlarmName"] for a in alarms)),
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
        routing = canary()["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
        return self.blue_green(TrafficRoutingConfiguration=routing | given)

    def errors(self, **given: Any) -> PlannedRollout:
        return self._alarm(0, given)

    def latency(self, **given: Any) -> PlannedRollout:
        return self._alarm(1, given)

    def named(self, *names: str, **changes: Any) -> PlannedRollout:
        return self.plan(deployment=guarded(canary(), *names), **changes)

    def also(self, *alarms: dict[str, Any], **changes: Any) -> PlannedRollout:
        """The good plan with more alarms, named."""
        every = (*good_plan().alarms, *alarms)
        return self.named(*(a["AlarmName"] for a in every), alarms=every, **changes)

    def with_analysis(self, policy: dict[str, Any] | None = None, **given: Any) -> PlannedRollout:
        """The good plan with canary analysis that 1,500 requests suffice for, and an alarm on its decision."""
        tolerances = Tolerances(error_tolerance=0.02, score_limit=0.1, **given.pop("tolerances", {}))
        analysis = PlannedAnalysis(tolerances, **{"decide_seconds": 120} | given.pop("analysis", {}))
        alarms = (*good_plan().alarms, canary_decision())
        named = guarded(policy or canary(), *(a["AlarmName"] for a in alarms))
        return self.plan(**{"alarms": alarms, "deployment": named, "analysis": analysis} | given)

    def _alarm(self, which: int, given: dict[str, Any]) -> PlannedRollout:
        alarms = [dict(a) for a in good_plan().alarms]
        alarms[which] |= given
        alarms[which] = {key: value for key, value in alarms[which].items() if value is not None}
        return self.named(*(a["AlarmName"] for a in alarms), alarms=tuple(alarms))
