"""Alarms on a virtual clock."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.cloudwatch import AlarmState, alarm_rule, by_period, evaluate, samples_of
from tests.slipway.cloudwatch.virtual_clock import VirtualClock

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
    assert (START + 120, "minutely", AlarmState.ALARM) in [
        (change.at, change.alarm, change.new) for change in clock.advance(60)
    ]
    put(clock, 1.0, START + 145)
    assert (START + 150, "errors", AlarmState.ALARM) in [
        (change.at, change.alarm, change.new) for change in clock.advance(10)
    ]


def test_the_window_of_a_long_period_slides_by_the_minute() -> None:
    clock = VirtualClock([alarm(Period=300, Statistic="Sum", Threshold=1.5)], start=START)
    put(clock, 1.0, START + 290)
    put(clock, 1.0, START + 310)
    put_zeros(clock, *range(0, 900, 60))
    assert seen(clock, 900) == [(60, "errors", "OK"), (360, "errors", "ALARM"), (600, "errors", "OK")]


def test_a_datapoint_is_looked_at_for_as_long_as_newer_ones_are_missing() -> None:
    clock = VirtualClock([alarm()], start=START)
    put(clock, 1.0, START + 30)
    assert seen(clock, 600) == [(60, "errors", "ALARM"), (240, "errors", "OK")]


MINUTES = 12
DATA = st.lists(st.sampled_from([None, 0.0, 1.0]), min_size=MINUTES, max_size=MINUTES)


@given(DATA, st.integers(1, 4), st.data(), st.sampled_from(["missing", "ignore", "breaching", "notBreaching"]))
def test_the_clock_agrees_with_the_evaluation_at_each_tick(
    values: list[float | None], periods: int, data: st.DataObject, treatment: str
) -> None:
    least = data.draw(st.integers(1, periods))
    described = alarm(EvaluationPeriods=periods, DatapointsToAlarm=least, TreatMissingData=treatment)
    clock, rule = VirtualClock([described], start=START), alarm_rule(described)
    state = AlarmState.INSUFFICIENT_DATA
    for minute, value in enumerate(values):
        if value is not None:
            put(clock, value, START + 60 * minute + 30)
        points = [None] * rule.evaluation_range + values[: minute + 1]
        expected = evaluate(rule, points, state)
        changes = clock.advance(60)
        assert [change.new for change in changes] == ([expected] if expected is not state else [])
        state = expected


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
