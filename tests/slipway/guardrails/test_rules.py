"""Every rule catches a rollout that breaks it, and no rule speaks for another."""

import copy
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slipway.canary.config import Tolerances
from slipway.canary.shadow_comparison import ShadowComparison
from slipway.endpoint_kinds import ASYNCHRONOUS, SERVERLESS
from slipway.errors import InputError
from slipway.guardrails import RULES, PlannedExperiment, PlannedRollout, ScaledVariant, Variant, lint, refuse_unsafe
from tests.slipway.guardrails.plans import (
    CONFIG,
    Broken,
    all_at_once,
    blue_green,
    canary,
    canary_decision,
    custom,
    dimensions,
    linear,
    percent,
    rolling,
)

ERRORS, LATENCY = f"{CONFIG}-Errors", f"{CONFIG}-Latency"
b = Broken()  # b.errors(Threshold=5): the good plan, whose alarm on errors has this threshold
GUARDED = "IF(requests >= 20, errors / requests, 0)"


def ratio(threshold: float, expression: str = GUARDED, **given: Any) -> dict[str, Any]:
    """Metric math: the share of failed requests, where there are requests enough."""
    watched = {"errors": ("Invocation5XXErrors", "Sum"), "requests": ("Invocations", "Sum")}
    return math(threshold, expression, watched) | given


def compared(expression: str) -> dict[str, Any]:
    """The same, with what both fleets together answered beside it."""
    found = ratio(0.05, expression)
    both = copy.deepcopy(found["Metrics"][1:])
    for query in both:
        query["Id"] = f"all_{query['Id']}"
        query["MetricStat"]["Metric"]["Dimensions"] = dimensions(EndpointConfigName="")
    return {**found, "Metrics": [*found["Metrics"], *both]}


def slowness(threshold: float, expression: str) -> dict[str, Any]:
    """Metric math over the 90th percentile of latency."""
    watched = {"latency": ("ModelLatency", "p90"), "requests": ("Invocations", "Sum")}
    return math(threshold, expression, watched)


def math(threshold: float, expression: str, watched: dict[str, tuple[str, str]]) -> dict[str, Any]:
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
    analysed = {"Id": "share", "Expression": expression}
    single = ("Namespace", "MetricName", "Dimensions", "Statistic", "ExtendedStatistic", "Period")
    return {**dict.fromkeys(single), "Metrics": [analysed, *metrics], "Threshold": threshold}


PACKAGE = "${?ModelPackageArn}"


def drift(name: str = "PredictionDrift", **given: Any) -> dict[str, Any]:
    """An alarm on what the model servers publish."""
    named = {"EndpointName": "shop", "VariantName": "primary", "ModelPackageArn": PACKAGE}
    placed = [{"Name": key, "Value": value} for key, value in named.items()]
    return custom(name, **{"Namespace": "Slipway/Endpoint", "Dimensions": placed, "Threshold": 0.25} | given)


def served(**given: Any) -> dict[str, Any]:
    """A variant whose container is expected its names."""
    expected = ("SLIPWAY_ENDPOINT_NAME", "SLIPWAY_VARIANT_NAME", "SLIPWAY_MODEL_PACKAGE_ARN")
    named = {"package": PACKAGE, "environment": tuple((name, "x") for name in expected)} | given
    return {"variants": (Variant("primary", 4, "ml.m5.large", **named),)}


def composite(rule: str) -> dict[str, Any]:
    return {"AlarmName": f"{CONFIG}-Any", "AlarmRule": rule}


def queries(change: Callable[[list[dict[str, Any]]], Any]) -> dict[str, Any]:
    """Good metric math whose queries `change` breaks."""
    given = ratio(0.05)
    change(given["Metrics"])
    return given


VALUED = {"watches_value": True}


def planned_experiment(**changes: Any) -> PlannedExperiment:
    """One that ends with an answer at the good plan's traffic."""
    given: dict[str, Any] = {"planned_size": 50_000, "max_days": 28, "captured": 1.0, "outcome_seconds": 3600.0}
    return PlannedExperiment(**{**given, "update_seconds": 3600.0, "floor": 0.1, **changes})


MUTANTS: list[tuple[str, str, PlannedRollout]] = [
    ("SG001", "both policies", b.policy(linear(25) | rolling(25))),
    ("SG002", "unknown key", b.policy(linear(25) | {"Rollback": True})),
    ("SG002", "unknown routing", b.routing(Type="SHADOW")),
    ("SG003", "canary of 90 %", b.routing(CanarySize=percent(90))),
    ("SG003", "canary of 3 out of 4", b.routing(CanarySize={"Type": "INSTANCE_COUNT", "Value": 3})),
    ("SG003", "canary without a size", b.routing(CanarySize=None)),
    ("SG004", "linear step of 99 %", b.policy(linear(99))),
    ("SG004", "linear step of 5 %", b.policy(linear(5), variants=(Variant("primary", 20),))),
    ("SG005", "batch of 60 %", b.policy(rolling(60))),
    ("SG005", "batch of 4 %", b.policy(rolling(4), variants=(Variant("primary", 50),), requests_per_second=400)),
    ("SG006", "timeout below the waits", b.policy(linear(25, MaximumExecutionTimeoutInSeconds=1200))),
    ("SG006", "timeout below 600 s", b.blue_green(MaximumExecutionTimeoutInSeconds=599)),
    ("SG007", "wait above an hour", b.policy(all_at_once(3601))),
    ("SG007", "negative wait", b.blue_green(TerminationWaitInSeconds=-1)),
    ("SG007", "no interval for UpdateEndpoint", b.policy(
        blue_green("ALL_AT_ONCE", TrafficRoutingConfiguration={"Type": "ALL_AT_ONCE"}), through_api=True
    )),
    ("SG007", "rolling without a wait", b.policy({"RollingUpdatePolicy": {"MaximumBatchSize": percent(25)}})),
    ("SG008", "eleven alarms", b.named(
        ERRORS, LATENCY, *(f"{CONFIG}-{n}" for n in range(9)),
        alarms=(*b.plan().alarms, *(custom(str(n)) for n in range(9))),
    )),
    ("SG009", "an alarm twice", b.named(ERRORS, LATENCY, ERRORS)),
    ("SG101", "canary without a bake", b.routing(WaitIntervalInSeconds=0)),
    ("SG101", "all at once without a bake", b.policy(all_at_once(0))),
    ("SG101", "no DeploymentConfig", b.plan(deployment=None)),
    ("SG102", "no final bake", b.blue_green(TerminationWaitInSeconds=0)),
    ("SG103", "a canary of the whole fleet", b.plan(variants=(Variant("primary", 1),))),
    ("SG103", "a fleet that is scaled in to one", b.plan(scaling=(ScaledVariant("primary", 1, 8),))),
    ("SG104", "a tenth of four instances", b.routing(CanarySize=percent(10))),
    ("SG201", "serverless", b.plan(variants=(Variant("primary"),), kind=SERVERLESS)),
    ("SG202", "rolling of two variants", b.policy(
        rolling(25), variants=(Variant("primary", 4), Variant("other", 4)), previous_variants=("primary", "other")
    )),
    ("SG203", "two shadows", b.plan(shadow_variants=(Variant("s1", 1), Variant("s2", 1)))),
    ("SG203", "a shadow on an asynchronous endpoint", b.with_analysis(
        kind=ASYNCHRONOUS, shadow_variants=(Variant("s1", 1),)
    )),
    ("SG203", "a rolling update with a shadow", b.policy(rolling(25), shadow_variants=(Variant("s1", 1),))),
    ("SG204", "inferentia 1", b.plan(variants=(Variant("primary", 4, "ml.inf1.xlarge"),))),
    ("SG204", "elastic inference", b.plan(variants=(Variant("primary", 4, accelerator="ml.eia2.medium"),))),
    ("SG205", "named config", b.plan(config_is_named=True)),
    ("SG206", "renamed variant", b.plan(previous_variants=("AllTraffic",))),
    ("SG207", "autoscaling forgotten", b.plan(retained=frozenset())),
    ("SG207", "autoscaled count left out", b.plan(retained=frozenset({"DesiredWeight"}))),
    ("SG208", "a fixed count that is kept", b.plan(autoscaled=False)),
    ("SG209", "a count below the range", b.plan(scaling=(ScaledVariant("primary", 5, 8),))),
    ("SG209", "a range turned round", b.plan(scaling=(ScaledVariant("primary", 8, 4),))),
    ("SG210", "burstable instances", b.plan(
        variants=(Variant("primary", 4, "ml.t2.large"),), scaling=(ScaledVariant("primary", 4, 8),)
    )),
    ("SG211", "a target of another variant", b.plan(scaling=(ScaledVariant("AllTraffic", 2, 8),))),
    ("SG212", "another instance type", b.plan(previous_types=(("primary", "ml.c5.large"),))),
    ("SG213", "an asynchronous endpoint without canary analysis", b.plan(kind=ASYNCHRONOUS)),
    ("SG213", "an asynchronous endpoint whose rollout goes on without a decision", b.with_analysis(
        kind=ASYNCHRONOUS, analysis={"proceeds": True}
    )),
    ("SG301", "no alarm", b.plan(deployment=linear(25), alarms=())),
    ("SG301", "an empty list", b.named()),
    ("SG302", "no alarm on errors", b.named(LATENCY, alarms=b.plan().alarms[1:])),
    ("SG303", "no alarm on latency", b.named(ERRORS, alarms=b.plan().alarms[:1])),
    ("SG304", "unknown alarm", b.named(ERRORS, LATENCY, f"{CONFIG}-Drift")),
    ("SG305", "alarm not named", b.plan(
        alarms=(*b.plan().alarms, {**b.plan().alarms[0], "AlarmName": f"{CONFIG}-Third"})
    )),
    ("SG306", "alarm with a fixed name", b.errors(AlarmName="shop-errors")),
    ("SG307", "a composite of an unknown alarm", b.also(composite(f"ALARM({ERRORS}) OR ALARM(drift)"))),
    ("SG401", "misspelt metric of the servers", b.also(drift("PredictionDrifts"))),
    ("SG401", "decisions on another endpoint", b.also(canary_decision(Namespace="Slipway/Rollout/shop-2"))),
    ("SG401", "decisions on no endpoint", b.also(canary_decision(Namespace="Slipway/Rollout"))),
    ("SG401", "misspelt namespace of the servers", b.also(drift(Namespace="Slipway/Endpoints"))),
    ("SG401", "misspelt metric", b.latency(MetricName="ModelLatancy")),
    ("SG401", "misspelt namespace", b.errors(Namespace="AWS/Sagemaker")),
    ("SG401", "invocation metric of the instances", b.errors(Namespace="/aws/sagemaker/Endpoints")),
    ("SG402", "overhead of an asynchronous endpoint", b.with_analysis(
        kind=ASYNCHRONOUS,
        alarms=(b.plan().alarms[0], {**b.plan().alarms[1], "MetricName": "OverheadLatency"}, canary_decision()),
    )),
    ("SG402", "set-up time of instances", b.latency(MetricName="ModelSetupTime")),
    ("SG403", "no EndpointConfigName", b.errors(Dimensions=dimensions(EndpointConfigName=""))),
    ("SG403", "both fleets instead of a comparison", b.errors(
        **compared("IF(requests >= 20, all_errors / all_requests, 0)")
    )),
    ("SG403", "no package", b.also(drift(Dimensions=dimensions(EndpointConfigName="")))),
    ("SG404", "a package that is not rolled out", b.also(
        drift(Dimensions=[*drift()["Dimensions"][:2], {"Name": "ModelPackageArn", "Value": "arn:2"}]),
        **served(package="arn:1"),
    )),
    ("SG404", "the config of what knows none", b.also(
        drift(Dimensions=[*drift()["Dimensions"], {"Name": "EndpointConfigName", "Value": CONFIG}])
    )),
    ("SG404", "the variant of a decision", b.also(canary_decision(Dimensions=dimensions()))),
    ("SG404", "another variant", b.errors(Dimensions=dimensions(VariantName="AllTraffic"))),
    ("SG404", "another endpoint", b.errors(Dimensions=dimensions(EndpointName="shopp"))),
    ("SG404", "no endpoint", b.errors(Dimensions=dimensions(EndpointName=""))),
    ("SG404", "the config's ARN", b.errors(Dimensions=dimensions(EndpointConfigName="${EndpointConfig}"))),
    ("SG404", "one dimension too many", b.errors(Dimensions=dimensions(InstanceId="i-1"))),
    ("SG404", "metric math of another variant", b.errors(**queries(lambda q: [
        each["MetricStat"]["Metric"].update(Dimensions=dimensions(VariantName="AllTraffic")) for each in q[1:]
    ]))),
    ("SG405", "milliseconds as the unit", b.latency(Unit="Milliseconds")),
    ("SG405", "percent as the unit", b.errors(Unit="Percent")),
    ("SG405", "a shift in percent", b.also(drift(Unit="Percent"))),
    ("SG406", "servers that are expected nothing", b.also(drift(), **served(environment=()))),
    ("SG501", "a window of more than a day", b.errors(Period=300, EvaluationPeriods=289)),
    ("SG501", "a query of two kinds", b.errors(**queries(lambda q: q[1].update(Expression="requests")))),
    ("SG501", "a query of no kind", b.errors(**queries(lambda q: q.append({"Id": "none"})))),
    ("SG501", "an Id in capitals", b.errors(**queries(lambda q: q[0].update(Id="Share")))),
    ("SG501", "an Id twice", b.errors(**queries(lambda q: q[2].update(Id="errors")))),
    ("SG501", "two results", b.errors(**queries(lambda q: q[1].update(ReturnData=True)))),
    ("SG501", "eleven metrics", b.errors(**queries(lambda q: q.extend({**q[1], "Id": f"more{n}"} for n in range(9))))),
    ("SG501", "a name that is no query", b.errors(**ratio(0.05, "IF(invocations >= 20, errors, 0)"))),
    ("SG501", "a search", b.errors(**ratio(0.05, "SUM(SEARCH('{AWS/SageMaker} errors', 'Sum', 60))"))),
    ("SG501", "metric math that has no end", b.errors(**ratio(0.05, "IF(requests >= 20, errors"))),
    ("SG501", "a metric beside metric math", b.errors(**ratio(0.05, MetricName="Invocation5XXErrors"))),
    ("SG501", "a period of each metric", b.errors(**queries(lambda q: q[1]["MetricStat"].update(Period=300)))),
    ("SG501", "a composite that has no end", b.also(composite(f"ALARM({ERRORS}"))),
    ("SG501", "M above N", b.errors(DatapointsToAlarm=3)),
    ("SG501", "period of 90 s", b.errors(Period=90)),
    ("SG501", "a percentile as Statistic", b.latency(Statistic="p90", ExtendedStatistic=None)),
    ("SG501", "both statistics", b.latency(Statistic="Average")),
    ("SG501", "no period", b.errors(Period=None)),
    ("SG501", "unknown operator", b.errors(ComparisonOperator=">")),
    ("SG501", "unknown treatment", b.errors(TreatMissingData="notbreaching")),
    ("SG502", "average of errors above 1", b.errors(Threshold=1)),
    ("SG502", "latency above eight minutes", b.latency(Threshold=500_000_000)),
    ("SG502", "memory above 100 %", b.named(ERRORS, LATENCY, f"{CONFIG}-Memory", alarms=(
        *b.plan().alarms,
        custom("Memory", Namespace="/aws/sagemaker/Endpoints", MetricName="MemoryUtilization", Threshold=101),
    ))),
    ("SG502", "a percentage above 100 by metric math", b.errors(**ratio(101, "100 * errors / requests"))),
    ("SG502", "a guard that is turned round", b.errors(**ratio(0.05, "IF(requests < 1, errors / requests, 0)"))),
    ("SG502", "a decision above 2", b.also(canary_decision(ComparisonOperator="GreaterThanThreshold"))),
    ("SG502", "a composite that contradicts itself", b.also(composite(f"ALARM({ERRORS}) AND OK({ERRORS})"))),
    ("SG503", "a share of errors above 1 by metric math", b.errors(**ratio(5))),
    ("SG503", "five percent as 5", b.errors(Threshold=5)),
    ("SG503", "one percent as 1 or more", b.errors(Threshold=1, ComparisonOperator="GreaterThanOrEqualToThreshold")),
    ("SG504", "500 milliseconds", b.latency(Threshold=500)),
    ("SG504", "500 milliseconds by metric math", b.latency(**slowness(500, "IF(requests >= 20, latency, 0)"))),
    ("SG504", "half a millisecond in milliseconds", b.latency(**slowness(0.5, "latency / 1000"))),
    ("SG505", "2000 milliseconds by metric math", b.latency(**slowness(2000, "IF(requests >= 20, latency, 0)"))),
    ("SG505", "2000 milliseconds", b.latency(Threshold=2000)),
    ("SG506", "no errors is an alarm", b.errors(Threshold=0, ComparisonOperator="GreaterThanOrEqualToThreshold")),
    ("SG506", "few errors are an alarm", b.errors(ComparisonOperator="LessThanThreshold")),
    ("SG506", "requests are counted, not errors", b.errors(Statistic="SampleCount", Threshold=5)),
    ("SG506", "latencies are added up", b.latency(Statistic="Sum", ExtendedStatistic=None)),
    ("SG506", "low latency is an alarm", b.latency(ComparisonOperator="LessThanOrEqualToThreshold")),
    ("SG506", "many successes are an alarm", b.errors(**ratio(0.95, "1 - errors / requests"))),
    ("SG506", "few errors are an alarm by metric math", b.errors(
        **ratio(0.05), ComparisonOperator="LessThanThreshold"
    )),
    ("SG506", "a composite of what is well", b.also(composite(f"OK({ERRORS})"))),
    ("SG506", "a composite of what has no data yet", b.also(composite(f"NOT OK({ERRORS})"))),
    ("SG507", "a shift of 25", b.also(drift(Threshold=25))),
    ("SG508", "a promotion is an alarm", b.also(canary_decision(Threshold=1))),
    ("SG508", "promotions are added up", b.also(canary_decision(Statistic="Sum"))),
    ("SG509", "5 % as 0.05 of 100", b.errors(
        **ratio(0.05, "IF(requests >= 20 AND errors >= 3, 100 * errors / requests, 0)")
    )),
    ("SG601", "window of 360 s in a bake of 300 s", b.policy(
        rolling(25), alarms=tuple({**a, "EvaluationPeriods": 6} for a in b.plan().alarms)
    )),
    ("SG601", "window of 300 s in a bake of 300 s", b.policy(
        rolling(25), alarms=tuple({**a, "EvaluationPeriods": 5} for a in b.plan().alarms)
    )),
    ("SG601", "window of 60 s in a bake of 119 s", b.policy(
        rolling(25, WaitIntervalInSeconds=119), alarms=tuple({**a, "EvaluationPeriods": 1} for a in b.plan().alarms)
    )),
    ("SG601", "window longer than the only bake", b.policy(all_at_once(100))),
    ("SG602", "2 out of 10 in a bake of 300 s", b.errors(EvaluationPeriods=10, DatapointsToAlarm=2)),
    ("SG603", "window of 180 s in a final bake of 120 s", b.errors(EvaluationPeriods=3)),
    ("SG604", "period of 10 s", b.latency(Period=10, Statistic="Average", ExtendedStatistic=None)),
    ("SG604", "period of 30 s of the servers", b.also(drift(Period=30))),
    ("SG605", "no traffic is an alarm", b.errors(TreatMissingData="breaching")),
    ("SG606", "no traffic keeps the alarm", b.errors(TreatMissingData="ignore")),
    ("SG607", "the newest minute is filled", b.errors(
        **ratio(0.05, "IF(FILL(requests, 0) >= 20, errors / requests, 0)")
    )),
    ("SG701", "metric math without a guard", b.errors(**ratio(0.001, "errors / requests"))),
    ("SG701", "a request a second", b.errors(Threshold=0.001)),
    ("SG702", "p99 of few requests", b.latency(ExtendedStatistic="p99")),
    ("SG702", "p99 of few requests, left unanalysed", b.latency(
        ExtendedStatistic="p99", EvaluateLowSampleCountPercentile="ignore"
    )),
    ("SG703", "a guard that the canary never reaches", b.errors(
        **ratio(0.05, "IF(requests >= 1000, errors / requests, 0)")
    )),
    ("SG703", "a guard of errors that the canary never reaches", b.errors(
        **ratio(0.05, "IF(errors >= 700, errors / requests, 0)")
    )),
    ("SG704", "one error of five", b.errors(**ratio(0.05, "IF(requests >= 5, errors / requests, 0)"))),
    ("SG704", "one slow answer of five", b.latency(**slowness(500_000, "IF(requests >= 5, latency, 0)"))),
    ("SG705", "many servers and few requests", b.also(drift(), variants=(Variant("primary", 100, "ml.m5.large"),))),
    ("SG801", "no alarm on the decision", b.with_analysis(alarms=b.plan().alarms, deployment=b.plan().deployment)),
    ("SG801", "an alarm on the decision that is not asked", b.with_analysis(
        alarms=(*b.plan().alarms, custom("CanaryDecision")), deployment=b.also(custom("CanaryDecision")).deployment
    )),
    ("SG802", "canary analysis of all at once", b.with_analysis(all_at_once(300))),
    ("SG802", "canary analysis of all at once that proceeds", b.with_analysis(
        all_at_once(300), analysis={"proceeds": True}
    )),
    ("SG803", "2,000 requests asked for, 1,800 expected", b.with_analysis(tolerances={"min_requests": 2000})),
    ("SG803", "ten requests a second", b.with_analysis(requests_per_second=10)),
    ("SG803", "a shadow whose time is too short to prove anything", b.with_analysis(
        analysis={"shadow": ShadowComparison(Tolerances(), copied=0.05, most_seconds=600)}
    )),
    ("SG803", "a tolerance that takes many requests", b.with_analysis(tolerances={"false_promotion_rate": 1e-8})),
    ("SG803", "a decision that is due early", b.with_analysis(
        linear(50), requests_per_second=10, analysis={"decide_seconds": 150}, tolerances={"min_requests": 800}
    )),
    ("SG804", "ten requests a second, and it goes on", b.with_analysis(
        requests_per_second=10, analysis={"proceeds": True}
    )),
    ("SG805", "outcomes that count when the decision is due", b.with_analysis(
        tolerances=VALUED, analysis={"value_horizon_seconds": 180}
    )),
    ("SG805", "outcomes that count after three bakes", b.with_analysis(
        linear(25), tolerances=VALUED, analysis={"value_horizon_seconds": 800, "proceeds": True}
    )),
    ("SG951", "too few outcomes", b.plan(experiment=planned_experiment(planned_size=10**9))),
    ("SG951", "late outcomes", b.plan(experiment=planned_experiment(outcome_seconds=28 * 86_400))),
    ("SG952", "weights by the minute", b.plan(experiment=planned_experiment(update_seconds=1))),
]  # fmt: skip


def test_a_good_plan_has_nothing_wrong() -> None:
    assert lint(b.plan()) == ()
    refuse_unsafe(b.plan())


@pytest.mark.parametrize(
    "given",
    [
        {"Threshold": 0.0, "Statistic": "Sum"},
        {"DatapointsToAlarm": 1, "EvaluationPeriods": 5},
        {"TreatMissingData": "missing"},
        {"Threshold": 0.05, "Statistic": "Maximum"},
        ratio(0.05),
        ratio(0.05, "IF(requests >= 10 && errors > 2, errors / requests, 0)"),
        ratio(5, "IF(requests >= 20, 100 * errors / requests, 0)"),
        ratio(0.95, "IF(requests >= 20, 1 - errors / requests, 1)") | {"ComparisonOperator": "LessThanThreshold"},
        ratio(0.05, "IF(FILL(requests, 0) >= 20, errors / requests, 0)") | {"DatapointsToAlarm": 1},
        ratio(3, "RATE(errors)"),
        compared("IF(errors * all_requests > 2 * all_errors * requests, errors / requests, 0)"),
    ],
)
def test_other_good_alarms_have_nothing_wrong(given: dict[str, Any]) -> None:
    assert lint(b.errors(**given)) == ()


@pytest.mark.parametrize(
    "given", [slowness(500_000, "IF(requests >= 20, latency, 0)"), slowness(500, "latency / 1000")]
)
def test_latency_by_metric_math_has_nothing_wrong(given: dict[str, Any]) -> None:
    assert lint(b.latency(**given)) == ()


@pytest.mark.parametrize(
    "more",
    [
        drift(),
        drift("InputDrift", Statistic="Maximum"),
        canary_decision(),
        composite(f"ALARM({ERRORS}) OR ALARM({LATENCY})"),
        composite(f"AT_LEAST(2, ALARM, ({ERRORS}, {LATENCY}))"),
    ],
)
def test_alarms_on_what_is_ours_and_composites_have_nothing_wrong(more: dict[str, Any]) -> None:
    assert lint(b.also(more, **served())) == ()


@pytest.mark.parametrize("policy", [None, linear(25), linear(50), rolling(25), rolling(50)])
@pytest.mark.parametrize("proceeds", [True, False])
def test_canary_analysis_with_traffic_enough_has_nothing_wrong(policy: dict[str, Any] | None, proceeds: bool) -> None:
    assert lint(b.with_analysis(policy, analysis={"proceeds": proceeds})) == ()


def test_the_alarm_on_the_decision_may_be_asked_by_a_composite() -> None:
    analysed = b.with_analysis(
        alarms=(*b.with_analysis().alarms, composite(f"ALARM({CONFIG}-CanaryDecision) OR ALARM({ERRORS})"))
    )
    assert lint(replace(analysed, deployment=b.named(ERRORS, LATENCY, f"{CONFIG}-Any").deployment)) == ()


def test_the_decision_is_due_by_the_middle_of_a_short_bake_at_the_latest() -> None:
    analysed = b.with_analysis(analysis={"decide_seconds": 3600}, requests_per_second=10)
    (found,) = lint(analysed)
    assert found.what.startswith("0 % of good models can be proven safe by the 375 requests of the new fleet, of 500 ")


def test_what_is_proposed_for_canary_analysis_is_enough() -> None:
    (found,) = lint(b.with_analysis(requests_per_second=10))
    proposed = re.search(r"bake (\d+) s, tolerate more", found.fix)
    assert proposed
    policy = canary(wait=int(proposed[1]))
    assert lint(b.with_analysis(policy, requests_per_second=10)) == ()
    shorter = canary(wait=int(proposed[1]) - 60)
    assert {finding.rule for finding in lint(b.with_analysis(shorter, requests_per_second=10))} == {"SG803"}


@pytest.mark.parametrize(("policy", "horizon"), [(None, 179), (linear(25), 779)])
def test_outcomes_that_count_before_the_decision_is_due_have_nothing_wrong(
    policy: dict[str, Any] | None, horizon: int
) -> None:
    assert lint(b.with_analysis(policy, tolerances=VALUED, analysis={"value_horizon_seconds": horizon})) == ()
    assert lint(b.with_analysis(policy, analysis={"value_horizon_seconds": 28_800})) == ()


def test_a_bake_that_is_proposed_for_outcomes_is_long_enough() -> None:
    def baked(seconds: int) -> PlannedRollout:
        return b.with_analysis(canary(wait=seconds), tolerances=VALUED, analysis={"value_horizon_seconds": 900})

    (found,) = lint(baked(300))
    proposed = re.search(r"bake more than (\d+) s", found.fix)
    assert proposed
    assert [finding.rule for finding in lint(baked(int(proposed[1])))] == ["SG805"]
    assert lint(baked(int(proposed[1]) + 1)) == ()


@pytest.mark.parametrize("change", [{"requests_per_second": None}, {"variants": (Variant("primary"),)}])
def test_without_traffic_or_instances_nothing_is_said_about_the_evidence(change: dict[str, Any]) -> None:
    assert lint(b.with_analysis(tolerances={"min_requests": 1_000_000}, **change)) == ()


def test_what_a_composite_asks_is_analysed_as_if_it_were_named() -> None:
    errors, latency = b.plan().alarms
    hidden = (composite(f"ALARM({ERRORS})"), {**errors, "Threshold": 5}, latency)
    planned = b.named(f"{CONFIG}-Any", LATENCY, alarms=hidden)
    assert [finding.rule for finding in lint(planned)] == ["SG503"]


@pytest.mark.parametrize("policy", [linear(25), rolling(25), all_at_once(300)])
def test_other_good_ways_have_nothing_wrong(policy: dict[str, Any]) -> None:
    assert lint(b.policy(policy)) == ()


@pytest.mark.parametrize(("rule", "mutant"), [pytest.param(r, m, id=f"{r} {what}") for r, what, m in MUTANTS])
def test_a_mutant_is_caught_by_exactly_its_rule(rule: str, mutant: PlannedRollout) -> None:
    assert {finding.rule for finding in lint(mutant)} == {rule}
    for finding in lint(mutant):
        assert finding.what
        assert finding.reason
        assert finding.fix
        assert str(finding).startswith(f"{finding.severity} {rule} shop")


def test_every_rule_has_a_mutant_and_an_id_of_its_own() -> None:
    ids = [rule.id for rule in RULES]
    assert ids == sorted(set(ids))
    assert {rule for rule, _, _ in MUTANTS} == set(ids)
    assert len(ids) >= 20


def test_the_documents_report_how_many_rules_there_are() -> None:
    project = Path(__file__).parents[3]
    expected = {name: (project / name).read_text() for name in ("README.md", "CHANGELOG.md", "docs/comparison.md")}
    counts = {name: re.findall(r"(\d+)(?: guardrail)? rules\b", text) for name, text in expected.items()}
    assert counts == {name: [str(len(RULES))] for name in expected}


def test_an_unsafe_plan_is_refused_with_every_error_at_once() -> None:
    planned = b.errors(Threshold=5, TreatMissingData="breaching")
    with pytest.raises(InputError) as refused:
        refuse_unsafe(planned)
    assert str(refused.value).splitlines() == [str(finding) for finding in lint(planned)]
    assert "error SG503 shop/Errors: Average of Invocation5XXErrors is to be greater than 5" in str(refused.value)


def test_warnings_refuse_nothing() -> None:
    refuse_unsafe(b.blue_green(TerminationWaitInSeconds=0))


def test_without_the_expected_traffic_nothing_is_said_about_it() -> None:
    assert lint(b.plan(requests_per_second=None)) == ()
    assert {finding.rule for finding in lint(b.plan(requests_per_second=0.5))} == {"SG701", "SG702"}
