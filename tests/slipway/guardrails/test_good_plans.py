"""Good plans, drawn anew in each run, are never refused."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.canary.config import Tolerances
from slipway.endpoint_kinds import ASYNCHRONOUS, REAL_TIME
from slipway.guardrails import PlannedAnalysis, PlannedRollout, ScaledVariant, Variant, lint
from tests.slipway.guardrails.plans import dimensions, percent

KINDS = ("canary", "linear", "rolling", "all_at_once")


def _alarms(draw: st.DrawFn, config: str, *, bake: int, slowest: bool) -> list[dict[str, Any]]:
    """Windows that fit in the bake, with a minute for CloudWatch to look at the last of them."""
    period = draw(st.sampled_from([p for p in (60, 120, 300) if p <= bake - 60]))
    periods = draw(st.integers(1, (bake - 60) // period))
    common: dict[str, Any] = {
        "Namespace": "AWS/SageMaker",
        "Dimensions": dimensions(VariantName="v1", EndpointConfigName=config),
        "Period": period,
        "EvaluationPeriods": periods,
        "DatapointsToAlarm": draw(st.integers(1, periods)),
        "TreatMissingData": draw(st.sampled_from(["notBreaching", "missing"])),
        "ComparisonOperator": draw(st.sampled_from(["GreaterThanThreshold", "GreaterThanOrEqualToThreshold"])),
    }
    errors = {
        "AlarmName": f"{config}-errors",
        "MetricName": draw(st.sampled_from(["Invocation5XXErrors", "Invocation4XXErrors"])),
        "Statistic": "Average",
        "Threshold": draw(st.floats(0.001, 0.99)),
    }
    latency = {
        "AlarmName": f"{config}-latency",
        "MetricName": "ModelLatency",
        "ExtendedStatistic": draw(st.sampled_from(["p50", "p90", "p99"])),
        "Threshold": draw(st.integers(10_000, 60_000_000)),
    }
    alarms = [common | alarm for alarm in ([errors, latency] if slowest else [errors])]
    return [_math(draw, alarm) if draw(st.booleans()) else alarm for alarm in alarms]


def _math(draw: st.DrawFn, alarm: dict[str, Any]) -> dict[str, Any]:
    """The same alarm by metric math, guarded by a minimum of traffic."""
    names = ("Namespace", "MetricName", "Dimensions", "Statistic", "ExtendedStatistic", "Period")
    single = {name: alarm.pop(name) for name in names if name in alarm}
    about_errors = "Statistic" in single
    expression, times = draw(
        st.sampled_from(
            [("bad / requests", 1), ("100 * bad / requests", 100)]
            if about_errors
            else [("bad", 1), ("bad / 1000", 1e-3), ("bad / PERIOD(bad) * PERIOD(bad)", 1)]
        )
    )
    guard = draw(st.integers(1, 1000))
    enough = draw(st.sampled_from(["requests >= {0}", "requests > {0}", "requests >= {0} AND bad >= 1"]))
    metrics = {"bad": single["MetricName"], "requests": "Invocations"}
    stats = {"bad": "Sum" if about_errors else single["ExtendedStatistic"], "requests": "Sum"}
    watched = [
        {
            "Id": id_,
            "ReturnData": False,
            "MetricStat": {
                "Metric": {key: single[key] for key in ("Namespace", "Dimensions")} | {"MetricName": metric},
                "Period": single["Period"],
                "Stat": stats[id_],
            },
        }
        for id_, metric in metrics.items()
    ]
    returned = {"Id": "analysed", "Expression": f"IF({enough.format(guard)}, {expression}, 0)", "ReturnData": True}
    return alarm | {"Metrics": [*watched, returned], "Threshold": alarm["Threshold"] * times}


def _ours(draw: st.DrawFn, config: str) -> list[dict[str, Any]]:
    """Alarms on what the model servers and canary analysis publish, and a composite of one."""
    common = {"Period": 60, "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold"}
    shift = {
        "AlarmName": f"{config}-shift",
        "Namespace": "Slipway/Endpoint",
        "MetricName": draw(st.sampled_from(["PredictionDrift", "InputDrift"])),
        "Dimensions": dimensions(VariantName="v1", EndpointConfigName="", ModelPackageArn="arn:p"),
        "Statistic": draw(st.sampled_from(["Average", "Minimum", "Maximum"])),
        "Threshold": draw(st.floats(0.05, 2)),
    }
    decision = {
        "Period": draw(st.sampled_from([10, 60])),
        "AlarmName": f"{config}-decision",
        "Namespace": "Slipway/Rollout/shop",
        "MetricName": "CanaryDecision",
        "Dimensions": dimensions(VariantName="", EndpointConfigName=config),
        "Statistic": "Maximum",
        "Threshold": 2,
    }
    composite = {"AlarmName": f"{config}-any", "AlarmRule": f'ALARM("{config}-errors") OR ALARM({config}-shift)'}
    return [common | shift, common | decision, composite]


def _analysis(draw: st.DrawFn) -> PlannedAnalysis:
    """One that the traffic of `good_plans` suffices for; a canary of 1 % answers 600,000 requests at least."""
    plan = Tolerances(
        false_promotion_rate=draw(st.floats(0.01, 0.2)),
        min_requests=draw(st.integers(1, 100_000)),
        error_tolerance=draw(st.floats(0.005, 0.1)),
        latency_tolerance=draw(st.floats(1.5, 20)),
        score_limit=draw(st.floats(0.05, 0.19)),
        watches_scores=draw(st.booleans()),
    )
    return PlannedAnalysis(plan, draw(st.integers(30, 3600)), proceeds=draw(st.booleans()))


def _policy(draw: st.DrawFn, kind: str, instances: int, bake: int) -> dict[str, Any]:
    final = draw(st.integers(bake, 3600))
    if kind == "all_at_once":
        routing: dict[str, Any] = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
        return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": final}}
    low = {"canary": 1, "linear": 10, "rolling": 5}[kind]
    count = draw(st.integers(-(-instances * low // 100), instances // 2))
    size = draw(
        st.one_of(
            st.builds(percent, st.integers(low, 50)),
            st.just({"Type": "INSTANCE_COUNT", "Value": count}),
        )
    )
    if kind == "rolling":
        return {"RollingUpdatePolicy": {"MaximumBatchSize": size, "WaitIntervalInSeconds": bake}}
    name = "CanarySize" if kind == "canary" else "LinearStepSize"
    routing = {"Type": kind.upper(), "WaitIntervalInSeconds": bake, name: size}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": final}}


@st.composite
def good_plans(draw: st.DrawFn) -> PlannedRollout:
    instances, bake = draw(st.integers(2, 100)), draw(st.integers(120, 3600))
    config = draw(st.sampled_from(["${Config.EndpointConfigName}", "shop-2026-11"]))
    alarms = _alarms(draw, config, bake=bake, slowest=draw(st.booleans()))
    kind = draw(st.sampled_from(KINDS))
    policy = _policy(draw, kind, instances, bake)
    ours = _ours(draw, config) if draw(st.booleans()) else []
    alarms += ours
    compared = ours and kind != "all_at_once"
    named = [{"AlarmName": alarm["AlarmName"]} for alarm in alarms]
    autoscaled = draw(st.booleans())
    # One publishes no Invocations, which metric math counts here; and its rollouts begin with the config's instances.
    is_asynchronous = draw(st.booleans()) and not any("Metrics" in alarm for alarm in alarms)
    keeps_instances = autoscaled and not is_asynchronous
    count = draw(st.integers(instances, 150)) if keeps_instances else instances
    return PlannedRollout(
        endpoint="shop",
        config_name=config,
        variants=(Variant("v1", count, draw(st.sampled_from(["ml.m5.large", "ml.g5.xlarge"]))),),
        deployment={**policy, "AutoRollbackConfiguration": {"Alarms": named}},
        alarms=tuple(alarms),
        kind=ASYNCHRONOUS if is_asynchronous else REAL_TIME,
        autoscaled=autoscaled,
        scaling=(ScaledVariant("v1", instances, draw(st.integers(count, 200))),) if autoscaled else (),
        retained=frozenset({"DesiredInstanceCount"}) if keeps_instances else frozenset(),
        requests_per_second=draw(st.sampled_from([None, 1e6])),
        previous_variants=draw(st.sampled_from([None, ("v1",)])),
        through_api=draw(st.booleans()),
        analysis=_analysis(draw) if compared and draw(st.booleans()) else None,
    )


@settings(max_examples=100, deadline=None)
@given(good_plans())
def test_a_good_plan_raises_no_error(planned: PlannedRollout) -> None:
    assert [str(finding) for finding in lint(planned) if finding.severity == "error"] == []
