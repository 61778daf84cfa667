"""CloudWatch's alarm evaluation, cell by cell as AWS documents it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.cloudwatch import (
    AlarmRule,
    AlarmState,
    Samples,
    Series,
    alarm_rule,
    assess,
    evaluate,
    needed_samples,
    samples_of,
    series,
    statistic,
)
from slipway.errors import InputError

OK, ALARM, INSUFFICIENT = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


DESCRIPTION = {
    "AlarmName": "new-fleet-errors",
    "Namespace": "AWS/SageMaker",
    "MetricName": "Invocation5XXErrors",
    "Dimensions": [{"Name": "EndpointName", "Value": "shop"}],
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 0.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


def rule(**changes: Any) -> AlarmRule:
    return alarm_rule({**DESCRIPTION, **changes})


def points(drawn: str) -> list[float | None]:
    """As AWS draws them: 0 within the threshold, X breaching, - missing; the newest on the right."""
    return [{"0": 0.0, "X": 1.0, "-": None}[sign] for sign in drawn.split()]


# "Configuring how CloudWatch alarms treat missing data": both tables, 10 rows x 4 columns. "keep": retain the state.
THREE_OF_THREE = {
    "0 - X - X": ("OK", "OK", "OK", "OK"),
    "0 - - - -": ("OK", "OK", "OK", "OK"),
    "- - - - -": ("INSUFFICIENT_DATA", "keep", "ALARM", "OK"),
    "0 X X - X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "- - X - -": ("ALARM", "keep", "ALARM", "OK"),
}
TWO_OF_THREE = {
    "0 - X - X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "0 0 X 0 X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "0 - X - -": ("OK", "OK", "ALARM", "OK"),
    "- - - - 0": ("OK", "OK", "ALARM", "OK"),
    "- - - X -": ("ALARM", "keep", "ALARM", "OK"),
}
CELLS = [
    (least, drawn, treatment, state)
    for least, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
    for drawn, states in table.items()
    for treatment, state in zip(TREATMENTS, states, strict=True)
]


def test_all_forty_documented_cells_are_here() -> None:
    assert len(CELLS) == 40


@pytest.mark.parametrize(("least", "drawn", "treatment", "state"), CELLS)
@pytest.mark.parametrize("previous", list(AlarmState))
def test_missing_data_is_treated_as_documented(
    least: int, drawn: str, treatment: str, state: str, previous: AlarmState
) -> None:
    alarm = rule(DatapointsToAlarm=least, TreatMissingData=treatment)
    assert evaluate(alarm, points(drawn), previous) == (previous if state == "keep" else state)


@pytest.mark.parametrize("drawn", ["- - - - X", "- - - X -"])
def test_a_lone_breaching_datapoint_does_not_alarm_too_early(drawn: str) -> None:
    assert evaluate(rule(), points(drawn), OK) is OK


def test_an_alarm_ends_when_the_next_datapoint_is_good() -> None:
    assert evaluate(rule(), points("- - X - 0"), ALARM) is OK


def test_datapoints_beyond_the_evaluation_range_do_not_count() -> None:
    assert evaluate(rule(TreatMissingData="missing"), points("X X X - - - - -"), ALARM) is INSUFFICIENT


def test_missing_data_of_dynamodb_is_always_ignored() -> None:
    assert rule(Namespace="AWS/DynamoDB", TreatMissingData="breaching").missing_data == "ignore"


@given(
    st.lists(st.sampled_from([None, 0.0, 1.0]), min_size=5, max_size=5),
    st.integers(1, 3),
    st.sampled_from(TREATMENTS),
    st.sampled_from(list(AlarmState)),
)
def test_enough_breaching_datapoints_alarm_whatever_is_missing(
    datapoints: list[float | None], least: int, treatment: str, previous: AlarmState
) -> None:
    alarm = rule(DatapointsToAlarm=least, TreatMissingData=treatment)
    newest = [value for value in datapoints if value is not None][-3:]
    state = evaluate(alarm, datapoints, previous)
    if newest.count(1.0) >= least:
        assert state is ALARM
    elif len(newest) == 3:
        assert state is OK
    if state is INSUFFICIENT:
        assert not newest or treatment == "ignore"


@pytest.mark.parametrize(
    ("comparison", "state"),
    [
        ("GreaterThanThreshold", OK),
        ("GreaterThanOrEqualToThreshold", ALARM),
        ("LessThanThreshold", OK),
        ("LessThanOrEqualToThreshold", ALARM),
    ],
)
def test_every_comparison_means_what_it_says(comparison: str, state: AlarmState) -> None:
    at_threshold = rule(EvaluationPeriods=1, Threshold=2.0, ComparisonOperator=comparison)
    assert evaluate(at_threshold, [2.0], OK) is state


def metric_query(id_: str, period: int) -> dict[str, Any]:
    place = {"Namespace": "AWS/SageMaker", "MetricName": "Invocations"}
    return {"Id": id_, "ReturnData": id_ == "m1", "MetricStat": {"Metric": place, "Period": period, "Stat": "Sum"}}


@pytest.mark.parametrize(
    ("changes", "reported"),
    [
        ({"Statistic": "Median"}, "Statistic must be one of"),
        ({"Metrics": [{"Id": "m1", "MetricStat": {"Period": 60}}]}, "new-fleet-errors"),
        ({"Metrics": [{"Expression": "m1"}]}, "new-fleet-errors"),
        ({"Metrics": ["m1"]}, "new-fleet-errors"),
        ({"Metrics": [metric_query("m1", 60), metric_query("m2", 120)]}, r"must have the same Period, got \[60, 120\]"),
        (
            {"Metrics": [metric_query("m2", 60), metric_query("m3", 60)]},
            "exactly one query must have ReturnData, got 2",
        ),
        ({"Metrics": [metric_query(f"m{number}", 60) for number in range(1, 12)]}, "at most 10 metrics, got 11"),
        ({"Period": 45}, "Period must be 10, 20, 30 or a multiple of 60, got 45"),
        ({"DatapointsToAlarm": 4}, "DatapointsToAlarm must be in 1..3, got 4"),
        ({"TreatMissingData": "good"}, "TreatMissingData must be one of"),
        ({"ComparisonOperator": "Above"}, "ComparisonOperator must be one of"),
        ({"EvaluationPeriods": 1441}, "Period x EvaluationPeriods must be at most 86400 s, got 86460"),
        ({"Period": 3600, "EvaluationPeriods": 169}, "Period x EvaluationPeriods must be at most 604800 s, got 608400"),
        ({"Threshold": float("nan")}, "Threshold must be a number, got nan"),
        ({"AlarmName": ""}, "AlarmName must have 1..255 characters, got 0"),
        ({"ExtendedStatistic": "p9"}, "either Statistic or ExtendedStatistic must be given, got both"),
        (
            {"EvaluateLowSampleCountPercentile": "no"},
            "EvaluateLowSampleCountPercentile must be one of evaluate, ignore",
        ),
    ],
)
def test_a_rule_cloudwatch_would_refuse_is_refused(changes: dict[str, Any], reported: str) -> None:
    with pytest.raises(InputError, match=reported):
        rule(**changes)


@pytest.mark.parametrize(("period", "tick"), [(10, 10), (30, 10), (60, 60), (300, 60)])
def test_short_periods_are_evaluated_every_ten_seconds_others_every_minute(period: int, tick: int) -> None:
    assert rule(Period=period).tick_seconds == tick


MIXED = samples_of({"Values": [1.0, 5.0, 9.0], "Counts": [8, 1, 1]})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Average", 2.2),
        ("Sum", 22.0),
        ("Minimum", 1.0),
        ("Maximum", 9.0),
        ("SampleCount", 10.0),
        ("p50", 1.0),
        ("p80", 1.0),
        ("p90", 5.0),
        ("p99", 9.0),
        ("p100", 9.0),
    ],
)
def test_a_statistic_is_taken_of_all_samples_of_a_period(name: str, value: float) -> None:
    assert statistic(name, MIXED) == pytest.approx(value)


def test_samples_add_up_over_publications() -> None:
    together = samples_of({"Value": 3.0}) + samples_of(
        {"StatisticValues": {"SampleCount": 2, "Sum": 10, "Minimum": 4, "Maximum": 6}}
    )
    assert [statistic(name, together) for name in ("SampleCount", "Sum", "Minimum", "Maximum")] == [3, 13, 3, 6]
    assert statistic("p90", together) is None


def test_a_period_without_samples_has_no_datapoint() -> None:
    assert statistic("Average", None) is None
    assert statistic("p99", Samples()) is None


def test_an_unknown_statistic_is_refused() -> None:
    with pytest.raises(InputError, match="statistic must be one of"):
        statistic("Median", MIXED)


@pytest.mark.parametrize(
    ("name", "count"), [("p99.9", 10_000), ("p99", 1000), ("p90", 100), ("p50", 20), ("p10", 100), ("Sum", 0)]
)
def test_a_percentile_needs_the_documented_number_of_samples(name: str, count: int) -> None:
    assert needed_samples(name) == count


def test_a_percentile_of_few_samples_keeps_the_state_when_reported_so() -> None:
    few = [None, None, samples_of({"Values": [900.0], "Counts": [99]})]
    alarm = {"Statistic": None, "ExtendedStatistic": "p90", "EvaluationPeriods": 1, "Threshold": 500.0}
    waiting = rule(**alarm, EvaluateLowSampleCountPercentile="ignore")
    found = series(waiting, {"m1": few})
    assert assess(waiting, found, OK, starts=STARTS[-3:], now=NOW) is None
    assert series(rule(**alarm), {"m1": few}) == Series((None, None, 900.0))


NOW = datetime(2026, 11, 22, 12, 5, tzinfo=UTC)
STARTS = [NOW - timedelta(minutes=minutes) for minutes in (5, 4, 3, 2, 1)]


@pytest.mark.parametrize(
    ("changes", "drawn", "reason"),
    [
        (
            {"EvaluationPeriods": 1, "DatapointsToAlarm": 1},
            "0 0 X",
            (
                "Threshold Crossed: 1 out of the last 1 datapoints [1.0 (22/11/26 12:04:00)] was greater than the"
                " threshold (0.0) (minimum 1 datapoint for OK -> ALARM transition)."
            ),
        ),
        (
            {"EvaluationPeriods": 1, "DatapointsToAlarm": 1},
            "X X 0",
            (
                "Threshold Crossed: 1 out of the last 1 datapoints [0.0 (22/11/26 12:04:00)] was not greater than the"
                " threshold (0.0) (minimum 1 datapoint for ALARM -> OK transition)."
            ),
        ),
        (
            {"EvaluationPeriods": 1},
            "0 0 X",
            "Threshold Crossed: 1 datapoint [1.0 (22/11/26 12:04:00)] was greater than the threshold (0.0).",
        ),
        (
            {"EvaluationPeriods": 2},
            "0 0 X X",
            (
                "Threshold Crossed: 2 datapoints [1.0 (22/11/26 12:04:00), 1.0 (22/11/26 12:03:00)] were greater"
                " than the threshold (0.0)."
            ),
        ),
        (
            {"EvaluationPeriods": 1, "TreatMissingData": "notBreaching"},
            "- - -",
            (
                "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as"
                " [NonBreaching]."
            ),
        ),
        (
            {"EvaluationPeriods": 3, "TreatMissingData": "breaching", "DatapointsToAlarm": 2},
            "- - - - 0",
            (
                "Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints were treated as"
                " [Breaching]."
            ),
        ),
        ({"EvaluationPeriods": 1}, "- - -", "Insufficient Data: 1 datapoint was unknown."),
    ],
)
def test_the_reason_is_worded_as_cloudwatch_words_it(changes: dict[str, Any], drawn: str, reason: str) -> None:
    alarm = rule(**changes)
    datapoints = tuple(points(drawn))
    found = assess(alarm, Series(datapoints), OK, starts=STARTS[-len(datapoints) :], now=NOW)
    assert found is not None
    assert found.reason == reason


def test_the_reason_data_hold_the_datapoints_it_was_analysed_by() -> None:
    found = assess(rule(EvaluationPeriods=2), Series((0.0, 1.0, 0.5)), OK, starts=STARTS[-3:], now=NOW)
    assert found is not None
    data = json.loads(found.reason_data)
    assert data["recentDatapoints"] == [1.0, 0.5]
    assert data["startDate"] == "2026-11-22T12:03:00.000+0000"
    assert data["evaluatedDatapoints"][0] == {"timestamp": "2026-11-22T12:04:00.000+0000", "value": 0.5}


@pytest.mark.parametrize("missing", ["Namespace", "Period", "EvaluationPeriods", "Threshold", "ComparisonOperator"])
def test_an_incomplete_description_is_refused(missing: str) -> None:
    with pytest.raises(InputError, match=f"new-fleet-errors: .*{missing}"):
        alarm_rule({name: value for name, value in DESCRIPTION.items() if name != missing})


def test_the_last_percentile_is_the_maximum_even_of_fractional_counts() -> None:
    assert statistic("p100", samples_of({"Values": [1.0, 2.0], "Counts": [0.4, 0.4]})) == 2.0
