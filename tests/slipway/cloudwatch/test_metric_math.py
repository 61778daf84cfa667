"""Alarms on expressions."""

from typing import Any

import pytest

from slipway.cloudwatch import alarm_rule, check_expressions
from slipway.cloudwatch.metric_math import calculate
from slipway.errors import InputError

METRICS: dict[str, list[float | None]] = {"m1": [1.0, None, 3.0], "m2": [2.0, 4.0, 0.0]}


def value(expression: str, **more: str) -> list[float | None]:
    return calculate("e1", expressions={"e1": expression, **more}, metrics=METRICS, length=3, period=60)


@pytest.mark.parametrize(
    ("expression", "points"),
    [
        ("m1 + m2", [3.0, 4.0, 3.0]),
        ("m1 - m2 - 1", [-2.0, -5.0, 2.0]),
        ("m1 + m2 * 2", [5.0, 8.0, 3.0]),
        ("(m1 + m2) * 2", [6.0, 8.0, 6.0]),
        ("m1 / m2", [0.5, 0.0, None]),
        ("m2 / m1", [2.0, None, 0.0]),
        ("m1 + m1", [2.0, None, 6.0]),
        ("-m2 ^ 2", [-4.0, -16.0, 0.0]),
        ("m1 > 2", [0.0, None, 1.0]),
        ("m1 > 2 OR m2 == 2", [1.0, 0.0, 1.0]),
        ("m1 > 2 && m2 <> 2", [0.0, 0.0, 1.0]),
        ("100 * m1 / 4", [25.0, None, 75.0]),
        ("2 + 3", [5.0, 5.0, 5.0]),
        ("IF(m2 >= 2, m2, 0)", [2.0, 4.0, 0.0]),
        ("IF(m2 > 2, m2)", [None, 4.0, None]),
        ("FILL(m1, 0)", [1.0, 0.0, 3.0]),
        ("FILL(m1, REPEAT)", [1.0, 1.0, 3.0]),
        ("FILL(m1, LINEAR)", [1.0, 2.0, 3.0]),
        ("RATE(m2 * 60)", [None, 2.0, -4.0]),
        ("SUM([m1, m2])", [3.0, 4.0, 3.0]),
        ("MAX(METRICS())", [2.0, 4.0, 3.0]),
        ("m2 - AVG(m2)", [0.0, 2.0, -2.0]),
        ("ABS(0 - m2) + CEIL(0.5) + FLOOR(1.5)", [4.0, 6.0, 2.0]),
        ("SUM(METRICS() / 2)", [1.5, 2.0, 1.5]),
        ("SUM(10 * [m1, m2] + [m2, m1])", [33.0, 44.0, 33.0]),
        ('SUM(METRICS("2"))', [2.0, 4.0, 0.0]),
        ("AVG([m1, m2])", [1.5, 2.0, 1.5]),
        ("SUM(FILL(METRICS(), 1))", [3.0, 5.0, 3.0]),
        ("DIFF(m1)", [None, None, 2.0]),
        ("SUM(DIFF(METRICS()))", [None, 2.0, -2.0]),
        ("DIFF_TIME(m1)", [None, None, 120.0]),
        ("RATE(m1)", [None, None, 2 / 120]),
        ("RUNNING_SUM(m1)", [1.0, None, 4.0]),
        ("m1 * DATAPOINT_COUNT(m1)", [2.0, None, 6.0]),
        ("m2 / METRIC_COUNT(METRICS())", [1.0, 2.0, 0.0]),
        ("m2 / PERIOD(m2)", [2 / 60, 4 / 60, 0.0]),
        ("TIME_SERIES(MAX(m2))", [4.0, 4.0, 4.0]),
        ("FIRST([m2, m1]) + LAST([m1, m2])", [4.0, 8.0, 0.0]),
        ("LOG(m2 / m2)", [0.0, 0.0, None]),
        ("LOG10(10 ^ m2)", [2.0, 4.0, 0.0]),
        ("(0 - 1) ^ 0.5", [None, None, None]),
        ('SUM([METRICS("1"), METRICS("2")])', [3.0, 4.0, 3.0]),
        ('MAX([m1, METRICS("2")])', [2.0, 4.0, 3.0]),
        ("STDDEV([m1, m2])", [0.5, 2.0, 1.5]),
        ("m2 - STDDEV(m2 - m2 + 3)", [2.0, 4.0, 0.0]),
        ("SUM(SLICE(METRICS(), 1))", [2.0, 4.0, 0.0]),
        ("SUM(SLICE([m1, m2, m1], 0, 2))", [3.0, 4.0, 3.0]),
        ("SUM(SLICE(METRICS(), 5))", [None, None, None]),
        ("AVG(REMOVE_EMPTY([m1, m1 / 0, m2]))", [1.5, 2.0, 1.5]),
        ("METRIC_COUNT(REMOVE_EMPTY([m1 / 0])) + m2", [2.0, 4.0, 0.0]),
        ("m2 + SUM(m1 / 0)", [2.0, 4.0, 0.0]),
        ("0 ^ (0 - m2)", [None, None, 1.0]),
    ],
)
def test_an_expression_gives_one_datapoint_a_period(expression: str, points: list[float | None]) -> None:
    assert value(expression) == points


@pytest.mark.parametrize(
    ("expression", "points"),
    [
        ("metric1 < metric2", [0.0, 0.0, 1.0, 0.0]),
        ("metric1 >= 30", [1.0, 0.0, 0.0, 0.0]),
        ("metric1 > 15 AND metric2 > 15", [1.0, 0.0, 0.0, 0.0]),
    ],
)
def test_comparisons_are_those_of_the_documented_table(expression: str, points: list[float]) -> None:
    metrics: dict[str, list[float | None]] = {"metric1": [30.0, 20.0, 0.0, 0.0], "metric2": [20.0, None, 20.0, None]}
    assert calculate("e1", expressions={"e1": expression}, metrics=metrics, length=4, period=60) == points


@pytest.mark.parametrize(
    ("expression", "points"),
    [
        ("IF(metric1, metric2, metric3)", [30.0, 0.0, 20.0, None, None]),
        ("IF(metric1, 5, metric3)", [5.0, 5.0, 20.0, None, None]),
        ("IF(metric1, metric2, 5)", [30.0, 0.0, 5.0, 5.0, None]),
        ("IF(1, metric2, metric3)", [30.0, None, 0.0, 0.0, 30.0]),
    ],
)
def test_if_is_as_the_documented_tables_have_it(expression: str, points: list[float | None]) -> None:
    metrics: dict[str, list[float | None]] = {
        "metric1": [1.0, 1.0, 0.0, 0.0, None],
        "metric2": [30.0, None, 0.0, 0.0, 30.0],
        "metric3": [0.0, 0.0, 20.0, None, 20.0],
    }
    assert calculate("e1", expressions={"e1": expression}, metrics=metrics, length=5, period=60) == points


def test_expressions_may_build_on_each_other() -> None:
    assert value("e2 * 10", e2="FILL(m1, 0)") == [10.0, 0.0, 30.0]


@pytest.mark.parametrize(
    ("expression", "reported"),
    [
        ("m1 +", "at its end"),
        ("m1 m2", "at m2"),
        ("m1 ? 2", "at ?"),
        ("(m1", "at its end"),
        ("m9", "must be queries of the alarm, got m9"),
        ("SQRT(m1)", "function must be one of"),
        ("IF(m1)", "IF does not take 1 arguments"),
        ("[m1, m2]", "needs one time series"),
        ("[m1, m2] + [m1]", "needs arrays of one size, got [2, 1]"),
        ("FIRST(m1)", "FIRST needs an array"),
        ("SLICE(m1, 1)", "SLICE needs an array"),
        ("SLICE(METRICS(), m1)", "SLICE needs whole numbers of at least 0"),
        ("SLICE(METRICS(), 0, 1.5)", "SLICE needs whole numbers of at least 0 after the array, got 1.5"),
        ("REMOVE_EMPTY(m1)", "REMOVE_EMPTY needs an array"),
        ("METRICS(m1)", "METRICS takes nothing or a text in quotes"),
        ('"m1"', "must be an expression"),
        ("e1", "must not refer to themselves"),
    ],
)
def test_a_malformed_expression_is_refused_with_its_text(expression: str, reported: str) -> None:
    with pytest.raises(InputError) as error:
        value(expression)
    assert reported in str(error.value)


def on(*expressions: str) -> dict[str, Any]:
    """An alarm that looks at the last of these."""
    metric = {"Metric": {"Namespace": "n", "MetricName": "x"}, "Period": 60, "Stat": "Sum"}
    last = len(expressions) - 1
    return {
        "AlarmName": "a",
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Metrics": [
            {"Id": "m1", "MetricStat": metric, "ReturnData": False},
            *({"Id": f"e{i}", "Expression": text, "ReturnData": i == last} for i, text in enumerate(expressions)),
        ],
    }


@pytest.mark.parametrize(
    "number", ["5", "SUM(m1)", "STDDEV(m1) * 2", "IF(MAX(m1) > 1, 1, 0)", "METRIC_COUNT(METRICS())"]
)
def test_an_alarm_takes_no_number_whether_or_not_there_is_data(number: str) -> None:
    for expressions in ([number], [number, "m1 / 2"]):
        with pytest.raises(InputError, match=r"a: expression e0 must give a time series, got a number from"):
            check_expressions(alarm_rule(on(*expressions)))


@pytest.mark.parametrize("series_", ["TIME_SERIES(5)", "m1 - SUM(m1)", "SUM(METRICS())", "SUM([m1])", "IF(m1, 1, 0)"])
def test_an_alarm_takes_one_time_series(series_: str) -> None:
    check_expressions(alarm_rule(on(series_)))


def test_an_alarm_takes_no_array() -> None:
    with pytest.raises(InputError, match="needs one time series here, got an array of 1"):
        check_expressions(alarm_rule(on("METRICS()")))
