"""Every rule catches a rollout that breaks it, and no rule speaks for another."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from blueprint.errors import InputError
from blueprint.guardrails import RULES, PlannedRollout, Variant, lint, refuse_unsafe

CONFIG = "${EndpointConfig.EndpointConfigName}"
ERRORS, LATENCY = f"{CONFIG}-Errors", f"{CONFIG}-Latency"
Mutant = Callable[[Any], PlannedRollout]


def percent(value: int) -> dict[str, Any]:
    return {"Type": "CAPACITY_PERCENT", "Value": value}


def linear(step: int, **given: Any) -> dict[str, Any]:
    routing = {"Type": "LINEAR", "WaitIntervalInSeconds": 300, "LinearStepSize": percent(step)}
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": routing,
            "TerminationWaitInSeconds": 300,
            "MaximumExecutionTimeoutInSeconds": 28800,
            **given,
        }
    }


def all_at_once(final: int) -> dict[str, Any]:
    routing = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": final}}


def rolling(batch: int, **given: Any) -> dict[str, Any]:
    return {"RollingUpdatePolicy": {"MaximumBatchSize": percent(batch), "WaitIntervalInSeconds": 300, **given}}


def dimensions(**given: str) -> list[dict[str, str]]:
    named = {"EndpointName": "shop", "VariantName": "primary", "EndpointConfigName": CONFIG} | given
    return [{"Name": name, "Value": value} for name, value in named.items() if value]


def custom(name: str) -> dict[str, Any]:
    return {
        "AlarmName": f"{CONFIG}-{name}",
        "Namespace": "Shop",
        "MetricName": name,
        "Period": 60,
        "EvaluationPeriods": 1,
        "Statistic": "Average",
        "Threshold": 5,
        "ComparisonOperator": "GreaterThanThreshold",
    }


def ratio(threshold: float) -> dict[str, Any]:
    """Metric math: the share of failed requests, where there are requests enough."""
    watched = {"errors": ("Invocation5XXErrors", "Sum"), "requests": ("Invocations", "Sum")}
    metrics = [
        {
            "Id": id_,
            "ReturnData": False,
            "MetricStat": {
                "Metric": {"Namespace": "AWS/SageMaker", "MetricName": name, "Dimensions": dimensions()},
                "Period": 60,
                "Stat": stat,
            },
        }
        for id_, (name, stat) in watched.items()
    ]
    judged = {"Id": "share", "Expression": "IF(requests >= 20, errors / requests, 0)"}
    single = ("Namespace", "MetricName", "Dimensions", "Statistic", "Period")
    return {**dict.fromkeys(single), "Metrics": [judged, *metrics], "Threshold": threshold}


MUTANTS: list[tuple[str, str, Mutant]] = [
    ("SG001", "both policies", lambda b: b.policy(linear(25) | rolling(25))),
    ("SG002", "unknown key", lambda b: b.policy(linear(25) | {"Rollback": True})),
    ("SG002", "unknown routing", lambda b: b.routing(Type="SHADOW")),
    ("SG003", "canary of 90 %", lambda b: b.routing(CanarySize=percent(90))),
    ("SG003", "canary of 3 out of 4", lambda b: b.routing(CanarySize={"Type": "INSTANCE_COUNT", "Value": 3})),
    ("SG003", "canary without a size", lambda b: b.routing(CanarySize=None)),
    ("SG004", "linear step of 99 %", lambda b: b.policy(linear(99))),
    ("SG004", "linear step of 5 %", lambda b: b.policy(linear(5), variants=(Variant("primary", 20),))),
    ("SG005", "batch of 60 %", lambda b: b.policy(rolling(60))),
    ("SG005", "batch of 4 %", lambda b: b.policy(
        rolling(4), variants=(Variant("primary", 50),), requests_per_second=400
    )),
    ("SG006", "timeout below the waits", lambda b: b.policy(linear(25, MaximumExecutionTimeoutInSeconds=1200))),
    ("SG006", "timeout below 600 s", lambda b: b.blue_green(MaximumExecutionTimeoutInSeconds=599)),
    ("SG007", "wait above an hour", lambda b: b.policy(all_at_once(3601))),
    ("SG007", "negative wait", lambda b: b.blue_green(TerminationWaitInSeconds=-1)),
    ("SG007", "no interval for UpdateEndpoint", lambda b: replace(b.policy(_without_interval()), through_api=True)),
    ("SG007", "rolling without a wait", lambda b: b.policy({"RollingUpdatePolicy": {"MaximumBatchSize": percent(25)}})),
    ("SG008", "eleven alarms", lambda b: b.named(
        ERRORS, LATENCY, *(f"{CONFIG}-{n}" for n in range(9)),
        alarms=(*b.plan().alarms, *(custom(str(n)) for n in range(9))),
    )),
    ("SG009", "an alarm twice", lambda b: b.named(ERRORS, LATENCY, ERRORS)),
    ("SG101", "canary without a bake", lambda b: b.routing(WaitIntervalInSeconds=0)),
    ("SG101", "all at once without a bake", lambda b: b.policy(all_at_once(0))),
    ("SG101", "no DeploymentConfig", lambda b: b.plan(deployment=None)),
    ("SG102", "no final bake", lambda b: b.blue_green(TerminationWaitInSeconds=0)),
    ("SG103", "a canary of the whole fleet", lambda b: b.plan(variants=(Variant("primary", 1),))),
    ("SG104", "a tenth of four instances", lambda b: b.routing(CanarySize=percent(10))),
    ("SG201", "serverless", lambda b: b.plan(variants=(Variant("primary", serverless=True),))),
    ("SG202", "rolling of two variants", lambda b: b.policy(
        rolling(25), variants=(Variant("primary", 4), Variant("other", 4)), previous_variants=("primary", "other")
    )),
    ("SG203", "two shadows", lambda b: b.plan(shadow_variants=(Variant("s1", 1), Variant("s2", 1)))),
    ("SG203", "a shadow on an asynchronous endpoint", lambda b: b.plan(
        asynchronous=True, shadow_variants=(Variant("s1", 1),)
    )),
    ("SG204", "inferentia 1", lambda b: b.plan(variants=(Variant("primary", 4, "ml.inf1.xlarge"),))),
    ("SG204", "elastic inference", lambda b: b.plan(variants=(Variant("primary", 4, accelerator="ml.eia2.medium"),))),
    ("SG205", "named config", lambda b: b.plan(config_is_named=True)),
    ("SG206", "renamed variant", lambda b: b.plan(previous_variants=("AllTraffic",))),
    ("SG207", "autoscaling forgotten", lambda b: b.plan(retained=frozenset())),
    ("SG207", "autoscaled count left out", lambda b: b.plan(retained=frozenset({"DesiredWeight"}))),
    ("SG301", "no alarm", lambda b: b.plan(deployment=linear(25), alarms=())),
    ("SG301", "an empty list", lambda b: b.named()),
    ("SG302", "no alarm on errors", lambda b: b.named(LATENCY, alarms=b.plan().alarms[1:])),
    ("SG303", "no alarm on latency", lambda b: b.named(ERRORS, alarms=b.plan().alarms[:1])),
    ("SG304", "unknown alarm", lambda b: b.named(ERRORS, LATENCY, f"{CONFIG}-Drift")),
    ("SG305", "alarm not named", lambda b: b.plan(
        alarms=(*b.plan().alarms, {**b.plan().alarms[0], "AlarmName": f"{CONFIG}-Third"})
    )),
    ("SG306", "alarm with a fixed name", lambda b: b.errors(AlarmName="shop-errors")),
    ("SG401", "misspelt metric", lambda b: b.latency(MetricName="ModelLatancy")),
    ("SG401", "misspelt namespace", lambda b: b.errors(Namespace="AWS/Sagemaker")),
    ("SG401", "invocation metric of the instances", lambda b: b.errors(Namespace="/aws/sagemaker/Endpoints")),
    ("SG402", "overhead of an asynchronous endpoint", lambda b: replace(
        b.latency(MetricName="OverheadLatency"), asynchronous=True
    )),
    ("SG402", "set-up time of instances", lambda b: b.latency(MetricName="ModelSetupTime")),
    ("SG403", "no EndpointConfigName", lambda b: b.errors(Dimensions=dimensions(EndpointConfigName=""))),
    ("SG404", "another variant", lambda b: b.errors(Dimensions=dimensions(VariantName="AllTraffic"))),
    ("SG404", "another endpoint", lambda b: b.errors(Dimensions=dimensions(EndpointName="shopp"))),
    ("SG404", "no endpoint", lambda b: b.errors(Dimensions=dimensions(EndpointName=""))),
    ("SG404", "the config's ARN", lambda b: b.errors(Dimensions=dimensions(EndpointConfigName="${EndpointConfig}"))),
    ("SG404", "one dimension too many", lambda b: b.errors(Dimensions=dimensions(InstanceId="i-1"))),
    ("SG404", "metric math of another variant", lambda b: b.errors(**_math_of_another_variant())),
    ("SG405", "milliseconds as the unit", lambda b: b.latency(Unit="Milliseconds")),
    ("SG405", "percent as the unit", lambda b: b.errors(Unit="Percent")),
    ("SG501", "M above N", lambda b: b.errors(DatapointsToAlarm=3)),
    ("SG501", "period of 90 s", lambda b: b.errors(Period=90)),
    ("SG501", "a percentile as Statistic", lambda b: b.latency(Statistic="p90", ExtendedStatistic=None)),
    ("SG501", "both statistics", lambda b: b.latency(Statistic="Average")),
    ("SG501", "no period", lambda b: b.errors(Period=None)),
    ("SG501", "unknown operator", lambda b: b.errors(ComparisonOperator=">")),
    ("SG501", "unknown treatment", lambda b: b.errors(TreatMissingData="notbreaching")),
    ("SG502", "average of errors above 1", lambda b: b.errors(Threshold=1)),
    ("SG502", "latency above eight minutes", lambda b: b.latency(Threshold=500_000_000)),
    ("SG502", "memory above 100 %", lambda b: b.named(ERRORS, LATENCY, f"{CONFIG}-Memory", alarms=(
        *b.plan().alarms,
        custom("Memory") | {"Namespace": "/aws/sagemaker/Endpoints", "MetricName": "MemoryUtilization",
                            "Threshold": 101},
    ))),
    ("SG502", "a share of errors above 1 by metric math", lambda b: b.errors(**ratio(5))),
    ("SG503", "five percent as 5", lambda b: b.errors(Threshold=5)),
    ("SG503", "one percent as 1 or more", lambda b: b.errors(
        Threshold=1, ComparisonOperator="GreaterThanOrEqualToThreshold"
    )),
    ("SG504", "500 milliseconds", lambda b: b.latency(Threshold=500)),
    ("SG505", "2000 milliseconds", lambda b: b.latency(Threshold=2000)),
    ("SG506", "no errors is an alarm", lambda b: b.errors(
        Threshold=0, ComparisonOperator="GreaterThanOrEqualToThreshold"
    )),
    ("SG506", "few errors are an alarm", lambda b: b.errors(ComparisonOperator="LessThanThreshold")),
    ("SG506", "requests are counted, not errors", lambda b: b.errors(Statistic="SampleCount", Threshold=5)),
    ("SG506", "latencies are added up", lambda b: b.latency(Statistic="Sum", ExtendedStatistic=None)),
    ("SG506", "low latency is an alarm", lambda b: b.latency(ComparisonOperator="LessThanOrEqualToThreshold")),
    ("SG601", "window of 360 s in a bake of 300 s", lambda b: b.policy(
        rolling(25), alarms=tuple({**a, "EvaluationPeriods": 6} for a in b.plan().alarms)
    )),
    ("SG601", "window longer than the only bake", lambda b: b.policy(all_at_once(100))),
    ("SG602", "2 out of 10 in a bake of 300 s", lambda b: b.errors(EvaluationPeriods=10, DatapointsToAlarm=2)),
    ("SG603", "window of 180 s in a final bake of 120 s", lambda b: b.errors(EvaluationPeriods=3)),
    ("SG604", "period of 10 s", lambda b: b.latency(Period=10, Statistic="Average", ExtendedStatistic=None)),
    ("SG605", "no traffic is an alarm", lambda b: b.errors(TreatMissingData="breaching")),
    ("SG606", "no traffic keeps the alarm", lambda b: b.errors(TreatMissingData="ignore")),
    ("SG701", "a request a second", lambda b: b.errors(Threshold=0.001)),
    ("SG702", "p99 of few requests", lambda b: b.latency(ExtendedStatistic="p99")),
    ("SG702", "p99 of few requests, left unjudged", lambda b: b.latency(
        ExtendedStatistic="p99", EvaluateLowSampleCountPercentile="ignore"
    )),
]  # fmt: skip


def _without_interval() -> dict[str, Any]:
    policy = all_at_once(300)
    del policy["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["WaitIntervalInSeconds"]
    return policy


def _math_of_another_variant() -> dict[str, Any]:
    given = ratio(0.05)
    for query in given["Metrics"][1:]:
        query["MetricStat"]["Metric"]["Dimensions"] = dimensions(VariantName="AllTraffic")
    return given


def test_a_good_plan_has_nothing_wrong(good: PlannedRollout) -> None:
    assert lint(good) == ()
    refuse_unsafe(good)


@pytest.mark.parametrize(
    "given",
    [
        {"Threshold": 0.0, "Statistic": "Sum"},
        {"DatapointsToAlarm": 1, "EvaluationPeriods": 5},
        {"TreatMissingData": "missing"},
        {"Threshold": 0.05, "Statistic": "Maximum"},
        ratio(0.05),
    ],
)
def test_other_good_alarms_have_nothing_wrong(broken: Any, given: dict[str, Any]) -> None:
    assert lint(broken.errors(**given)) == ()


@pytest.mark.parametrize("policy", [linear(25), rolling(25), all_at_once(300)])
def test_other_good_ways_have_nothing_wrong(broken: Any, policy: dict[str, Any]) -> None:
    assert lint(broken.policy(policy)) == ()


@pytest.mark.parametrize(("rule", "mutant"), [pytest.param(r, m, id=f"{r} {what}") for r, what, m in MUTANTS])
def test_a_mutant_is_caught_by_exactly_its_rule(
    rule: str, mutant: Mutant, broken: Any, rules_of: Callable[[PlannedRollout], set[str]]
) -> None:
    assert rules_of(mutant(broken)) == {rule}


def test_every_rule_has_a_mutant_and_an_id_of_its_own() -> None:
    ids = [rule.id for rule in RULES]
    assert ids == sorted(set(ids))
    assert {rule for rule, _, _ in MUTANTS} == set(ids)
    assert len(ids) >= 20


@pytest.mark.parametrize(("rule", "mutant"), [pytest.param(r, m, id=f"{r} {what}") for r, what, m in MUTANTS])
def test_every_message_says_what_why_and_what_to_do(rule: str, mutant: Mutant, broken: Any) -> None:
    for finding in lint(mutant(broken)):
        assert finding.what
        assert finding.reason
        assert finding.fix
        assert str(finding).startswith(f"{finding.severity} {rule} shop")


def test_an_unsafe_plan_is_refused_with_every_error_at_once(broken: Any) -> None:
    planned = broken.errors(Threshold=5, TreatMissingData="breaching")
    with pytest.raises(InputError) as refused:
        refuse_unsafe(planned)
    assert str(refused.value).splitlines() == [str(finding) for finding in lint(planned)]
    assert "error SG503 shop/Errors: Average of Invocation5XXErrors is to be greater than 5" in str(refused.value)


def test_warnings_refuse_nothing(broken: Any) -> None:
    refuse_unsafe(broken.blue_green(TerminationWaitInSeconds=0))


def test_without_the_expected_traffic_nothing_is_said_about_it(broken: Any) -> None:
    assert lint(broken.plan(requests_per_second=None)) == ()
    assert {finding.rule for finding in lint(broken.plan(requests_per_second=0.5))} == {"SG701", "SG702"}
