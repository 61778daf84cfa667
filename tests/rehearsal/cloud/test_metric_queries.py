"""GetMetricData and GetMetricStatistics over HTTP."""

import datetime as dt
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.cloud.process import CloudProcess

NAMESPACE = "Test/Queries"
FLEET = [{"Name": "Fleet", "Value": "green"}]
START = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def watch(cloud: CloudProcess) -> Any:
    client = cloud("cloudwatch")
    data = [
        {"MetricName": "Latency", "Dimensions": FLEET, "Timestamp": START, "Values": [100.0, 200.0], "Counts": [8, 2]},
        {"MetricName": "Latency", "Dimensions": FLEET, "Timestamp": START + dt.timedelta(minutes=2), "Value": 900.0},
        {"MetricName": "Latency", "Timestamp": START, "Value": 5.0},
        {"MetricName": "Requests", "Dimensions": FLEET, "Timestamp": START, "Values": [1.0], "Counts": [10]},
    ]
    client.put_metric_data(Namespace=NAMESPACE, MetricData=data)
    return client


def stat(id_: str, name: str, metric: str = "Latency", *, dimensions: Any = FLEET, **more: Any) -> dict[str, Any]:
    place = {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": dimensions}
    return {"Id": id_, "MetricStat": {"Metric": place, "Period": 60, "Stat": name}, **more}


def query(watch: Any, *queries: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = watch.get_metric_data(
        MetricDataQueries=list(queries), StartTime=START, EndTime=START + dt.timedelta(minutes=5), **more
    )["MetricDataResults"]
    return found


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Sum", [1200.0, 900.0]),
        ("SampleCount", [10.0, 1.0]),
        ("p90", [200.0, 900.0]),
        ("TC(150:)", [2.0, 1.0]),
        ("TC(:150)", [8.0, 0.0]),
        ("PR(:150)", [80.0, 0.0]),
        ("tm80", [100.0, 900.0]),
    ],
)
def test_any_statistic_is_given_by_the_period(watch: Any, name: str, values: list[float]) -> None:
    result = query(watch, stat("m1", name), ScanBy="TimestampAscending")[0]
    assert result["Values"] == values
    assert result["Timestamps"] == [START, START + dt.timedelta(minutes=2)]
    assert (result["Id"], result["Label"], result["StatusCode"]) == ("m1", "Latency", "Complete")


def test_the_newest_comes_first_unless_asked_otherwise(watch: Any) -> None:
    assert query(watch, stat("m1", "Sum"))[0]["Values"] == [900.0, 1200.0]


def test_a_metric_without_dimensions_is_a_metric_of_its_own(watch: Any) -> None:
    assert query(watch, stat("m1", "Sum", dimensions=[]))[0]["Values"] == [5.0]


def test_expressions_are_worked_out(watch: Any) -> None:
    queries = [
        stat("slow", "TC(150:)", ReturnData=False),
        stat("all", "Sum", "Requests", ReturnData=False),
        {"Id": "share", "Expression": "slow / all", "Label": "slow requests"},
    ]
    results = query(watch, *queries)
    assert [(each["Id"], each["Label"], each["Values"]) for each in results] == [("share", "slow requests", [0.2])]


def test_samples_before_the_start_do_not_count(watch: Any) -> None:
    later = START + dt.timedelta(seconds=1)
    found = watch.get_metric_data(
        MetricDataQueries=[stat("m1", "Sum")], StartTime=later, EndTime=later + dt.timedelta(minutes=1)
    )
    assert found["MetricDataResults"][0]["Values"] == []


@pytest.mark.parametrize(
    ("queries", "reported"),
    [
        ([stat("m1", "TC(2:1)")], "lower boundary first"),
        ([stat("m1", "Median")], "statistic must be one of"),
        ([stat("m1", "Sum"), stat("m1", "Sum")], "Ids of the queries must differ"),
        ([{"Id": "e1", "Expression": "m9 * 2", "Period": 60}], "must be queries of the alarm, got m9"),
        ([{**stat("m1", "Sum"), "Expression": "1"}], "either MetricStat or Expression"),
    ],
)
def test_what_cloudwatch_refuses_is_refused(watch: Any, queries: list[dict[str, Any]], reported: str) -> None:
    with pytest.raises(ClientError, match=reported) as caught:
        query(watch, *queries)
    assert caught.value.response["Error"]["Code"] == "ValidationError"


def statistics(watch: Any, **more: Any) -> list[dict[str, Any]]:
    request = {"Namespace": NAMESPACE, "MetricName": "Latency", "Dimensions": FLEET, "Period": 300}
    times = {"StartTime": START, "EndTime": START + dt.timedelta(minutes=5)}
    found: list[dict[str, Any]] = watch.get_metric_statistics(**request, **times, **more)["Datapoints"]
    return found


def test_metric_statistics_have_plain_and_extended_ones(watch: Any) -> None:
    (point,) = statistics(watch, Statistics=["Average"], ExtendedStatistics=["p50", "TC(150:)", "PR(:150)"])
    assert point["Average"] == pytest.approx(2100 / 11)
    assert point["ExtendedStatistics"] == {"p50": 100.0, "TC(150:)": 3.0, "PR(:150)": pytest.approx(800 / 11)}
    assert point["Timestamp"] == START


def test_metric_statistics_need_a_statistic_that_there_is(watch: Any) -> None:
    with pytest.raises(ClientError, match="must be given"):
        statistics(watch)
    with pytest.raises(ClientError, match="statistic must be one of"):
        statistics(watch, ExtendedStatistics=["q50"])
    with pytest.raises(ClientError, match="Period must be"):
        watch.get_metric_statistics(
            Namespace=NAMESPACE,
            MetricName="Latency",
            StartTime=START,
            EndTime=START + dt.timedelta(minutes=1),
            Period=45,
            Statistics=["Sum"],
        )


def test_times_must_be_in_order(watch: Any) -> None:
    with pytest.raises(ClientError, match="StartTime must be less than"):
        watch.get_metric_data(MetricDataQueries=[stat("m1", "Sum")], StartTime=START, EndTime=START)
