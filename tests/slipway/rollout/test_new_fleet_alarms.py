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
from slipway.cloudwatch import AlarmState, VirtualClock
from slipway.errors import InputError
from slipway.guardrails import lint, planned_rollout
from slipway.metrics import decision_datum, decision_namespace
from slipway.rollout.new_fleet_alarms import new_fleet_alarms
from slipway.settings import Rollout, Settings, parse_settings

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


@pytest.mark.parametrize("requests", [3, 10, 19])
def test_an_error_among_few_requests_decides_nothing(requests: int) -> None:
    assert gone_off([minute(requests, failed=1)] * 10) == set()
    assert gone_off([minute(requests, failed=requests, slow=requests)] * 10) == set()


@pytest.mark.parametrize("failed", [1, 2])
def test_one_or_two_errors_decide_nothing_however_few_the_requests(failed: int) -> None:
    assert gone_off([minute(20, failed=failed)] * 10) == set()


def test_thirty_percent_of_errors_alarm_as_soon_as_there_is_traffic_enough() -> None:
    assert gone_off([minute(20, failed=6)]) == {"ServerErrors", "ModelErrors"}


def test_a_slow_fleet_alarms_and_one_slow_answer_does_not() -> None:
    assert gone_off([minute(20, slow=20)]) == {"Latency"}
    assert gone_off([minute(20, slow=2)] * 10) == set()


WARMING = {"bake_seconds": 600, "warm_up_seconds": 60}


def test_a_fleet_may_be_slow_while_it_warms_up_and_not_later() -> None:
    slow, fast = minute(30, slow=30), minute(30)
    assert gone_off([fast, *[slow] * 5], bake_seconds=600, warm_up_seconds=0) == {"Latency"}
    assert gone_off([slow, slow, *[fast] * 6], **WARMING) == set()
    assert gone_off([slow, slow, slow], **WARMING) == {"Latency"}
    assert gone_off([*[fast] * 9, slow], **WARMING) == {"Latency"}
    assert gone_off([minute(20, failed=6, slow=20)], **WARMING) == {"ServerErrors", "ModelErrors"}


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
    assert found == ({"ServerErrors", "ModelErrors"} if alarms else set())


@pytest.mark.parametrize(("failed", "alarms"), [(14, False), (18, True)])
def test_after_the_last_shift_there_is_no_old_fleet_and_it_takes_more_errors(failed: int, alarms: bool) -> None:
    found = gone_off([minute(100), minute(100, failed=failed)], [minute(300), minute(0)])
    assert found == ({"ServerErrors", "ModelErrors"} if alarms else set())
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


def test_a_longer_period_gathers_requests_and_still_alarms_every_minute() -> None:
    assert gone_off([minute(10, failed=3)] * 2, alarm_period_seconds=120) == {"ServerErrors", "ModelErrors"}


def test_a_high_percentile_waits_for_so_many_requests_that_one_does_not_decide() -> None:
    assert gone_off([minute(99, slow=1)] * 5, latency_percentile=99) == set()
    assert gone_off([minute(100, slow=2)], latency_percentile=99) == {"Latency"}


@pytest.mark.parametrize(
    ("kind", "namespace", "name", "fine", "bad"),
    [
        ("PredictionDrift", "Slipway/Endpoint", "PredictionDrift", 0.2, 0.3),
        ("InputDrift", "Slipway/Endpoint", "InputDrift", 0.4, 0.6),
        (
            "CanaryDecision",
            "Slipway/Rollout/shop",
            "CanaryDecision",
            float(Decision.PROMOTE),
            float(Decision.ROLL_BACK),
        ),
    ],
)
def test_what_is_published_of_the_new_fleet_alarms(
    kind: str, namespace: str, name: str, fine: float, bad: float
) -> None:
    server = dimensions(EndpointName="shop", VariantName="primary", ModelPackageArn=PACKAGE)
    judge = dimensions(EndpointName="shop", EndpointConfigName=CONFIG)
    old = [
        {**place, "Value": place["Value"].replace("2", "1")}
        for place in (judge if kind == "CanaryDecision" else server)
    ]
    clock = VirtualClock(list(alarms().values()))
    for value, place, gone in ((bad, old, False), (fine, None, False), (bad, None, True)):
        clock.put(
            namespace,
            {
                "MetricName": name,
                "Dimensions": place or (judge if kind == "CanaryDecision" else server),
                "Value": value,
            },
        )
        changes = clock.advance(60)
        assert [c.alarm for c in changes if c.new is AlarmState.ALARM] == ([f"{CONFIG}-{kind}"] if gone else [])


def test_the_decision_that_alarms_is_the_judges() -> None:
    assert alarms()["CanaryDecision"]["Threshold"] == int(Decision.ROLL_BACK) == max(Decision)


@pytest.mark.parametrize("second", [1, 31, 59])
def test_a_decision_is_seen_at_the_next_look_and_for_more_than_a_minute(second: int) -> None:
    clock = VirtualClock([alarms()["CanaryDecision"]])
    clock.advance(60 + second)
    clock.put(decision_namespace("shop"), decision_datum(Decision.ROLL_BACK, endpoint="shop", config=CONFIG))
    changes = [(change.at, str(change.new)) for change in clock.advance(120)]
    look = 60 + (second // 10 + 1) * 10
    assert changes[0] == (look, "ALARM")
    assert changes[1][0] - look >= 60


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


@pytest.mark.parametrize(
    ("section", "values", "reported"),
    [
        ("rollout", {"alarms_off": ["ServerErrors"]}, "rollout.alarms_off.0"),
        ("rollout", {"alarms_off": ["Latency", "Latency"]}, "alarms_off must name each alarm once"),
        ("rollout", {"min_requests": 0}, "rollout.min_requests"),
        ("endpoint", {"autoscaling": {"min_instance_count": 2}}, "autoscaling.invocations_per_instance is missing"),
    ],
)
def test_what_cannot_be_is_refused(written: Callable[..., Settings], section: str, values: Any, reported: str) -> None:
    with pytest.raises(InputError) as refused:
        written(**{section: values})
    assert reported in str(refused.value)


@pytest.mark.parametrize(
    ("low", "high", "instance_type", "reported"),
    [
        (5, 8, "ml.m5.large", "instance_count must be in 5..8, the range of autoscaling, got 4"),
        (1, 3, "ml.m5.large", "instance_count must be in 1..3, the range of autoscaling, got 4"),
        (6, 2, "ml.m5.large", "min_instance_count must be at most max_instance_count, got 6 and 2"),
        (2, 8, "ml.t2.large", "instance_type must not be burstable to be autoscaled, got ml.t2.large"),
    ],
)
def test_a_range_that_cannot_be_scaled_in_is_refused(
    written: Callable[..., Settings], low: int, high: int, instance_type: str, reported: str
) -> None:
    scaled = {"min_instance_count": low, "max_instance_count": high, "invocations_per_instance": 600}
    with pytest.raises(InputError) as refused:
        written(endpoint={"autoscaling": scaled, "instance_type": instance_type, "instance_count": 4})
    assert reported in str(refused.value)


@st.composite
def rollouts(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "min_requests": draw(st.integers(20, 1000)),
        "alarm_period_seconds": draw(st.sampled_from([60, 120, 300])),
        "bake_seconds": draw(st.integers(360, 1800)),
        "final_bake_seconds": 300,
        "max_error_percent": draw(st.floats(0.1, 50)),
        "max_latency_ms": draw(st.floats(10, 60_000)),
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


@tries(max_examples=60, deadline=None)
@given(changed=rollouts())
def test_whatever_is_set_the_linter_finds_nothing(shoppers: dict[str, Any], changed: dict[str, Any]) -> None:
    document = {**shoppers, "rollout": shoppers["rollout"] | changed}
    assert lint(planned_rollout(parse_settings(document, source="config.toml"))) == ()
