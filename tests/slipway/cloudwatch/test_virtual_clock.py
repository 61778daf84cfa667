"""Alarms on a virtual clock."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.cloudwatch import AlarmState, VirtualClock, alarm_rule, by_period, evaluate, samples_of, series
from slipway.errors import InputError

OK, ALARM, INSUFFICIENT = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA
START = 1_800_000_000.0


def alarm(name: str = "errors", **changes: Any) -> dict[str, Any]:
    return {
        "AlarmName": name,
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocation5XXErrors",
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0.05,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        **changes,
    }


def put(clock: VirtualClock, value: float, at: float, **more: Any) -> None:
    datum = {"MetricName": "Invocation5XXErrors", "Value": value, "Timestamp": at, "StorageResolution": 1}
    clock.put("AWS/SageMaker", {**datum, **more})


def put_zeros(clock: VirtualClock, *times: float) -> None:
    for at in times:
        put(clock, 0.0, START + at)


def seen(clock: VirtualClock, seconds: float) -> list[tuple[float, str, str]]:
    return [(change.at - START, change.alarm, str(change.new)) for change in clock.advance(seconds)]


def test_an_alarm_is_looked_at_every_full_minute() -> None:
    clock = VirtualClock([alarm()], start=START)
    put(clock, 1.0, START + 70)
    put_zeros(clock, 130)
    assert seen(clock, 59) == []
    assert seen(clock, 121) == [(60, "errors", "OK"), (120, "errors", "ALARM"), (180, "errors", "OK")]
    assert clock.now == START + 180


@pytest.mark.parametrize("period", [10, 20, 30])
def test_an_alarm_of_a_short_period_is_looked_at_every_ten_seconds(period: int) -> None:
    clock = VirtualClock([alarm(Period=period)], start=START)
    put(clock, 1.0, START + 41)
    put_zeros(clock, *range(0, 40, 10), *range(50, 150, 10))
    assert seen(clock, 100) == [(10, "errors", "OK"), (50, "errors", "ALARM"), (50 + period, "errors", "OK")]


def test_what_is_kept_by_the_minute_counts_as_of_its_start() -> None:
    clock = VirtualClock([alarm(Period=10), alarm("minutely")], start=START)
    clock.advance(85)
    put(clock, 1.0, START + 85, StorageResolution=60)
    assert (START + 120, "minutely", ALARM) in [(change.at, change.alarm, change.new) for change in clock.advance(60)]
    put(clock, 1.0, START + 145)
    assert (START + 150, "errors", ALARM) in [(change.at, change.alarm, change.new) for change in clock.advance(10)]


def test_the_window_of_a_long_period_slides_by_the_minute() -> None:
    clock = VirtualClock([alarm(Period=300, Statistic="Sum", Threshold=1.5)], start=START)
    put(clock, 1.0, START + 290)
    put(clock, 1.0, START + 310)
    put_zeros(clock, *range(0, 900, 60))
    assert seen(clock, 900) == [(60, "errors", "OK"), (360, "errors", "ALARM"), (600, "errors", "OK")]


def test_a_state_that_was_set_holds_until_the_next_evaluation() -> None:
    clock = VirtualClock([alarm()], start=START)
    clock.advance(60)
    clock.set_state("errors", ALARM, reason="testing")
    assert clock.state("errors") is ALARM
    changes = clock.advance(60)
    assert [(change.at - START, change.new) for change in changes] == [(60, ALARM), (120, OK)]
    assert changes[0].reason == "testing"


def test_a_composite_follows_its_children_at_once() -> None:
    both = {"AlarmName": "both", "AlarmRule": "ALARM(errors) AND NOT OK(short)"}
    above = {"AlarmName": "above", "AlarmRule": "ALARM(both)"}
    short = alarm("short", Period=10, Threshold=0.5)
    clock = VirtualClock([alarm(), short, both, above], start=START)
    assert seen(clock, 0) == [(0, "both", "OK"), (0, "above", "OK")]
    put(clock, 1.0, START + 55)
    put_zeros(clock, 65)
    assert seen(clock, 120) == [
        (10, "short", "OK"),
        (60, "errors", "ALARM"),
        (60, "short", "ALARM"),
        (60, "both", "ALARM"),
        (60, "above", "ALARM"),
        (70, "short", "OK"),
        (70, "both", "OK"),
        (70, "above", "OK"),
        (120, "errors", "OK"),
    ]


def test_a_datapoint_is_looked_at_for_as_long_as_newer_ones_are_missing() -> None:
    clock = VirtualClock([alarm()], start=START)
    put(clock, 1.0, START + 30)
    assert seen(clock, 600) == [(60, "errors", "ALARM"), (240, "errors", "OK")]


def test_composites_in_a_circle_end() -> None:
    circle = [{"AlarmName": "a", "AlarmRule": "NOT ALARM(b)"}, {"AlarmName": "b", "AlarmRule": "ALARM(a)"}]
    clock = VirtualClock([alarm(), *circle], start=START)
    assert clock.state("a") in (ALARM, OK)
    clock.set_state("b", ALARM if clock.state("b") is OK else OK, reason="testing")
    assert clock.advance(60)


def test_names_are_alarms_own_and_known() -> None:
    with pytest.raises(InputError, match="alarms must have names of their own, got errors, errors"):
        VirtualClock([alarm(), alarm()])
    with pytest.raises(InputError, match="alarm must be one of errors, got none"):
        VirtualClock([alarm()]).set_state("none", OK, reason="")


MINUTES = 12
DATA = st.lists(st.sampled_from([None, 0.0, 1.0]), min_size=MINUTES, max_size=MINUTES)


@given(DATA, st.integers(1, 4), st.data(), st.sampled_from(["missing", "ignore", "breaching", "notBreaching"]))
def test_the_clock_agrees_with_the_evaluation_at_each_tick(
    values: list[float | None], periods: int, data: st.DataObject, treatment: str
) -> None:
    least = data.draw(st.integers(1, periods))
    described = alarm(EvaluationPeriods=periods, DatapointsToAlarm=least, TreatMissingData=treatment)
    clock, rule = VirtualClock([described], start=START), alarm_rule(described)
    state = INSUFFICIENT
    for minute, value in enumerate(values):
        if value is not None:
            put(clock, value, START + 60 * minute + 30)
        points = [None] * rule.evaluation_range + values[: minute + 1]
        expected = evaluate(rule, points, state)
        changes = clock.advance(60)
        assert [change.new for change in changes] == ([expected] if expected is not state else [])
        state = expected


@given(DATA, st.integers(1, 4), st.data(), st.sampled_from(["missing", "notBreaching"]))
def test_no_alarm_without_enough_breaching_datapoints(
    values: list[float | None], periods: int, data: st.DataObject, treatment: str
) -> None:
    least = data.draw(st.integers(1, periods))
    described = alarm(EvaluationPeriods=periods, DatapointsToAlarm=least, TreatMissingData=treatment)
    clock, rule = VirtualClock([described], start=START), alarm_rule(described)
    for minute, value in enumerate(values):
        if value is not None:
            put(clock, value, START + 60 * minute)
    for change in clock.advance(60 * MINUTES):
        if change.new is ALARM:
            ended = round((change.at - START) / 60)
            window = values[max(0, ended - rule.evaluation_range) : ended]
            premature = treatment == "missing" and 0.0 not in window and 1.0 in window
            assert window.count(1.0) >= least or premature


@given(
    st.lists(st.tuples(st.integers(-30, 330), st.integers(0, 9)), max_size=40),
    st.integers(1, 5),
    st.sampled_from([10.0, 30.0, 60.0]),
)
def test_every_sample_within_the_window_is_in_exactly_one_period(
    drawn: list[tuple[int, int]], count: int, period: float
) -> None:
    points = [(START + at, samples_of({"Value": float(value)})) for at, value in drawn]
    buckets = by_period(points, end=START + 300, period=period, count=count)
    inside = [value for at, value in drawn if 300 - period * count <= at < 300]
    assert len(buckets) == count
    assert sum(bucket.count for bucket in buckets if bucket) == len(inside)
    assert sum(bucket.total for bucket in buckets if bucket) == sum(inside)


def test_metric_math_and_trimmed_statistics_work_on_the_clock() -> None:
    place = {"Namespace": "AWS/SageMaker", "MetricName": "ModelLatency"}
    queries = [
        {"Id": "slow", "ReturnData": False, "MetricStat": {"Metric": place, "Period": 60, "Stat": "TC(500:)"}},
        {"Id": "all", "ReturnData": False, "MetricStat": {"Metric": place, "Period": 60, "Stat": "SampleCount"}},
        {"Id": "share", "Expression": "IF(all >= 4, slow / all, 0)", "ReturnData": True},
    ]
    watched = {
        "AlarmName": "slow",
        "Metrics": queries,
        "EvaluationPeriods": 1,
        "Threshold": 0.4,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    clock = VirtualClock([watched], start=START)
    clock.put("AWS/SageMaker", {"MetricName": "ModelLatency", "Values": [900.0, 900.0], "Timestamp": START + 5})
    clock.put("AWS/SageMaker", {"MetricName": "ModelLatency", "Values": [900.0, 100.0], "Counts": [2, 2]})
    assert seen(clock, 60) == [(60, "slow", "ALARM")]
    clock.put("AWS/SageMaker", {"MetricName": "ModelLatency", "Values": [900.0], "Counts": [3]})
    assert seen(clock, 60) == [(120, "slow", "OK")]


def test_the_buckets_are_those_that_a_series_takes() -> None:
    rule = alarm_rule(alarm(EvaluationPeriods=2))
    points = [(START + 10, samples_of({"Value": 1.0})), (START + 70, samples_of({"Value": 0.0}))]
    buckets = by_period(points, end=START + 120, period=60, count=rule.evaluation_range)
    assert series(rule, {"m1": buckets}).datapoints == (None, None, 1.0, 0.0)
    assert datetime.fromtimestamp(START, UTC).second == 0
