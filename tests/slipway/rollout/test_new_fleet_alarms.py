"""The rollback alarms, analysed by CloudWatch's rules over minutes of made-up traffic."""

import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from slipway.canary.statistics.evidence import Decision
from slipway.cloudwatch import AlarmState
from slipway.errors import InputError
from slipway.guardrails import lint, planned_rollout
from slipway.metrics import decision_datum, decision_namespace
from slipway.rollout.new_fleet_alarms import new_fleet_alarms
from slipway.settings import Rollout, Settings, parse_settings
from tests.slipway.cloudwatch.virtual_clock import VirtualClock

CONFIG, PACKAGE = "shop-2", "arn:aws:sagemaker:eu-west-1:000000000000:model-package/shop/2"
FAST, SLOW = 20_000.0, 900_000.0
KINDS = {"ServerErrors", "ModelErrors", "Latency", "PredictionDrift", "InputDrift", "CanaryDecision"}
Minute = list[tuple[bool, float]]
"""Requests of one minute: whether each failed, and its latency in microseconds."""


def alarms(**given: Any) -> dict[str, dict[str, Any]]:
    return new_fleet_alarms(Rollout(**given), endpoint_name="shop", config_name=CONFIG, package_arn=PACKAGE)


def dimensions(**named: str) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in named.items()]


def published(requests: Minute, *, config: str, at: float) -> Iterator[dict[str, Any]]:
    """What SageMaker publishes of a fleet's minute."""
    series = {
        "Invocations": [1.0 for _ in requests],
        "Invocation5XXErrors": [float(failed) for failed, _ in requests],
        "InvocationModelErrors": [float(failed) for failed, _ in requests],
        "ModelLatency": [latency for _, latency in requests],
    }
    variant = {"EndpointName": "shop", "VariantName": "primary"}
    for place in (dimensions(**variant), dimensions(**variant, EndpointConfigName=config)):
        for name, values in series.items():
            if values:
                yield {"MetricName": name, "Dimensions": place, "Values": values, "Timestamp": at}


def gone_off(new: list[Minute], old: list[Minute] | None = None, **given: Any) -> set[str]:
    """The kinds of alarms that went off while the new fleet answered these minutes, beside the old one's if any."""
    clock = VirtualClock(list(alarms(**given).values()))
    changes = []
    for number, requests in enumerate(new):
        changes += clock.advance(30)
        clock.put("AWS/SageMaker", *published(requests, config=CONFIG, at=clock.now))
        if old:
            clock.put("AWS/SageMaker", *published(old[number], config="shop-1", at=clock.now))
        changes += clock.advance(30)
    return {change.alarm.removeprefix(f"{CONFIG}-") for change in changes if change.new is AlarmState.ALARM}


def minute(requests: int, *, failed: int = 0, slow: int = 0) -> Minute:
    return [(n < failed, SLOW if n < slow else FAST) for n in range(requests)]


def test_a_healthy_fleet_never_alarms() -> None:
    rng = random.Random(7)  # noqa: S311 -- made-up traffic
    hour = [
        [(rng.random() < 0.005, FAST * rng.lognormvariate(0, 0.5)) for _ in range(rng.randrange(0, 120))]
        for _ in range(60)
    ]
    assert gone_off(hour) == set()


ERRORS = {"ServerErrors", "ModelErrors"}
WARMING = {"bake_seconds": 600, "warm_up_seconds": 60}
LONG, NINETY_NINTH = {"alarm_period_seconds": 120}, {"latency_percentile": 99}
SLOWED, FINE = minute(30, slow=30), minute(30)


@pytest.mark.parametrize(
    ("minutes", "given", "expected"),
    [
        *(([minute(few, failed=1)] * 10, {}, set()) for few in (3, 10, 19)),
        *(([minute(few, failed=few, slow=few)] * 10, {}, set()) for few in (3, 10, 19)),
        *(([minute(20, failed=failed)] * 10, {}, set()) for failed in (1, 2)),
        ([minute(20, failed=6)], {}, ERRORS),
        ([minute(20, slow=20)], {}, {"Latency"}),
        ([minute(20, slow=2)] * 10, {}, set()),
        ([minute(10, failed=3)] * 2, LONG, ERRORS),
        ([minute(99, slow=1)] * 5, NINETY_NINTH, set()),
        ([minute(100, slow=2)], NINETY_NINTH, {"Latency"}),
        ([FINE, *[SLOWED] * 5], {"bake_seconds": 600, "warm_up_seconds": 0}, {"Latency"}),
        ([SLOWED, SLOWED, *[FINE] * 6], WARMING, set()),
        ([SLOWED, SLOWED, SLOWED], WARMING, {"Latency"}),
        ([*[FINE] * 9, SLOWED], WARMING, {"Latency"}),
        ([minute(20, failed=6, slow=20)], WARMING, ERRORS),
    ],
)
def test_errors_and_latency_alarm_with_traffic_enough_and_after_the_warm_up(
    minutes: list[Minute], given: dict[str, Any], expected: set[str]
) -> None:
    assert gone_off(minutes, **given) == expected


def test_the_alarm_waits_until_a_warm_up_is_over_in_whichever_second_of_a_minute_it_begins() -> None:
    for begins in range(0, 60, 10):
        clock = VirtualClock([alarms(**WARMING)["Latency"]])
        clock.advance(120 + begins)
        for second in range(0, 300, 10):
            latencies = minute(10, slow=10 if second < 60 else 0)
            clock.put("AWS/SageMaker", *published(latencies, config=CONFIG, at=clock.now))
            assert not [change for change in clock.advance(10) if change.new is AlarmState.ALARM]


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({"bake_seconds": 600}, 60),
        ({"bake_seconds": 300}, 0),
        ({"bake_seconds": 600, "alarm_period_seconds": 300}, 0),
        ({"bake_seconds": 300, "warm_up_seconds": 30}, 30),
    ],
)
def test_the_grace_of_a_minute_is_given_where_the_bake_leaves_room_for_it(given: Any, seconds: int) -> None:
    assert Rollout(**given).grace_seconds == Rollout(**given).tolerances().warm_up_seconds == seconds


def test_the_old_fleets_errors_raise_no_alarm() -> None:
    old = [minute(1000, failed=900, slow=900)] * 5
    assert gone_off([minute(100)] * 5, old) == gone_off([minute(0)] * 5, old) == set()


@pytest.mark.parametrize(
    ("failed", "old_failed", "alarms"),
    [(9, 0, True), (9, 12, False), (20, 12, True), (36, 108, False), (4, 0, False)],
)
def test_errors_alarm_where_they_are_clearly_more_than_the_old_fleets(
    failed: int, old_failed: int, alarms: bool
) -> None:
    found = gone_off([minute(100, failed=failed)], [minute(300, failed=old_failed)])
    assert found == (ERRORS if alarms else set())


@pytest.mark.parametrize(("failed", "alarms"), [(14, False), (18, True)])
def test_after_the_last_shift_there_is_no_old_fleet_and_it_takes_more_errors(failed: int, alarms: bool) -> None:
    found = gone_off([minute(100), minute(100, failed=failed)], [minute(300), minute(0)])
    assert found == (ERRORS if alarms else set())
    assert bool(gone_off([minute(100, failed=failed)], max_error_percent_alone=6.0))


@pytest.mark.parametrize("base", [0.02, 0.04])
def test_a_good_fleet_is_not_blamed_for_errors_that_both_fleets_have(base: float) -> None:
    rng = random.Random(3)  # noqa: S311 -- made-up traffic

    def fleet(requests: int) -> list[Minute]:
        return [[(rng.random() < base, FAST) for _ in range(requests)] for _ in range(40)]

    assert gone_off(fleet(300), fleet(900)) == set()


def test_data_that_come_a_minute_late_are_looked_at_which_filled_ones_would_not_be() -> None:
    errors = alarms()["ServerErrors"]
    analysed, *watched = errors["Metrics"]
    filled = re.sub(r"/ requests$", "/ FILL(requests, 1)", analysed["Expression"])
    with_fill = {**errors, "AlarmName": "filled", "Metrics": [{**analysed, "Expression": filled}, *watched]}
    clock = VirtualClock([errors, with_fill])
    clock.advance(110)
    clock.put("AWS/SageMaker", *published(minute(60), config="shop-1", at=30))
    clock.put("AWS/SageMaker", *published(minute(60), config="shop-1", at=90))
    clock.put("AWS/SageMaker", *published(minute(20, failed=6), config=CONFIG, at=30))
    changes = clock.advance(120)
    assert [change.alarm for change in changes if change.new is AlarmState.ALARM] == [f"{CONFIG}-ServerErrors"]


SERVER = {"EndpointName": "shop", "VariantName": "primary", "ModelPackageArn": PACKAGE}
ANALYSIS = {"EndpointName": "shop", "EndpointConfigName": CONFIG}


@pytest.mark.parametrize(
    ("kind", "namespace", "place", "fine", "bad"),
    [
        ("PredictionDrift", "Slipway/Endpoint", SERVER, 0.2, 0.3),
        ("InputDrift", "Slipway/Endpoint", SERVER, 0.4, 0.6),
        ("CanaryDecision", "Slipway/Rollout/shop", ANALYSIS, float(Decision.PROMOTE), float(Decision.ROLL_BACK)),
    ],
)
def test_what_is_published_of_the_new_fleet_alarms(
    kind: str, namespace: str, place: dict[str, str], fine: float, bad: float
) -> None:
    old = {name: value.replace("2", "1") for name, value in place.items()}
    clock = VirtualClock(list(alarms().values()))
    for value, about, gone in ((bad, old, False), (fine, place, False), (bad, place, True)):
        clock.put(namespace, {"MetricName": kind, "Dimensions": dimensions(**about), "Value": value})
        changes = clock.advance(60)
        assert [c.alarm for c in changes if c.new is AlarmState.ALARM] == ([f"{CONFIG}-{kind}"] if gone else [])


def test_the_decision_that_alarms_is_that_of_the_analysis() -> None:
    assert alarms()["CanaryDecision"]["Threshold"] == int(Decision.ROLL_BACK) == max(Decision)


@pytest.mark.parametrize("second", [1, 31, 59])
def test_a_decision_is_seen_at_the_next_evaluation_and_for_more_than_a_minute(second: int) -> None:
    clock = VirtualClock([alarms()["CanaryDecision"]])
    clock.advance(60 + second)
    clock.put(decision_namespace("shop"), decision_datum(Decision.ROLL_BACK, endpoint="shop", config=CONFIG))
    changes = [(change.at, str(change.new)) for change in clock.advance(120)]
    evaluated = 60 + (second // 10 + 1) * 10
    assert changes[0] == (evaluated, "ALARM")
    assert changes[1][0] - evaluated >= 60


def test_every_alarm_bears_the_configs_name_and_can_be_left_out_but_for_one() -> None:
    assert alarms().keys() == KINDS
    assert [alarm["AlarmName"] for alarm in alarms().values()] == [f"{CONFIG}-{kind}" for kind in alarms()]
    off = ("ModelErrors", "Latency", "PredictionDrift", "InputDrift", "CanaryDecision")
    assert alarms(alarms_off=off).keys() == KINDS - set(off) == {"ServerErrors"}


@pytest.fixture
def written(shoppers: dict[str, Any]) -> Callable[..., Settings]:
    def of(**sections: Any) -> Settings:
        document = {**shoppers, **{name: shoppers[name] | values for name, values in sections.items()}}
        return parse_settings(document, source="config.toml")

    return of


def scaled(low: int, high: int, instance_type: str = "ml.m5.large") -> dict[str, Any]:
    scaling = {"min_instance_count": low, "max_instance_count": high, "invocations_per_instance": 600}
    return {"autoscaling": scaling, "instance_type": instance_type, "instance_count": 4}


@pytest.mark.parametrize(
    ("section", "values", "reported"),
    [
        ("rollout", {"alarms_off": ["ServerErrors"]}, "rollout.alarms_off.0"),
        ("rollout", {"alarms_off": ["Latency", "Latency"]}, "alarms_off must name each alarm once"),
        ("rollout", {"min_requests": 0}, "rollout.min_requests"),
        ("endpoint", {"autoscaling": {"min_instance_count": 2}}, "autoscaling.invocations_per_instance is missing"),
        ("endpoint", scaled(5, 8), "instance_count must be in 5..8, the range of autoscaling, got 4"),
        ("endpoint", scaled(1, 3), "instance_count must be in 1..3, the range of autoscaling, got 4"),
        ("endpoint", scaled(6, 2), "min_instance_count must be at most max_instance_count, got 6 and 2"),
        ("endpoint", scaled(2, 8, "ml.t2.large"), "must not be burstable to be autoscaled, got ml.t2.large"),
    ],
)
def test_what_cannot_be_is_refused(written: Callable[..., Settings], section: str, values: Any, reported: str) -> None:
    with pytest.raises(InputError) as refused:
        written(**{section: values})
    assert reported in str(refused.value)


@st.composite
def rollouts(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "min_requests": draw(st.integers(20, 1000)),
        "alarm_period_seconds": draw(st.sampled_from([60, 120, 300])),
        "bake_seconds": draw(st.integers(360, 1800)),
        "final_bake_seconds": 300,
        "max_error_percent": draw(st.floats(0.001, 50)),
        "max_error_percent_alone": draw(st.floats(0.001, 99)),
        "max_latency_ms": draw(st.floats(10, 60_000, exclude_max=True)),
        "latency_percentile": draw(st.sampled_from([50.0, 90.0, 95.0, 99.0, 99.9])),
        "alarms_off": sorted(
            draw(st.sets(st.sampled_from(["ModelErrors", "PredictionDrift", "InputDrift", "CanaryDecision"])))
        ),
    }


def test_a_warm_up_that_leaves_the_alarm_on_latency_no_time_in_the_bake_is_found(
    written: Callable[..., Settings],
) -> None:
    rollout = {"bake_seconds": 300, "alarm_period_seconds": 120, "warm_up_seconds": 60}
    (finding,) = lint(planned_rollout(written(rollout=rollout)))
    assert (finding.rule, finding.severity) == ("SG601", "error")
    assert "the alarm's window and the evaluation after it take 420 s of a bake of 300 s" in finding.what


@tries(max_examples=30, deadline=None)
@given(changed=rollouts())
def test_whatever_is_set_the_linter_finds_nothing(shoppers: dict[str, Any], changed: dict[str, Any]) -> None:
    document = {**shoppers, "rollout": shoppers["rollout"] | changed}
    assert lint(planned_rollout(parse_settings(document, source="config.toml"))) == ()
