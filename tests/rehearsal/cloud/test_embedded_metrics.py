"""Embedded metric format: what is extracted from a log line, and what is not."""

import json
import time
from typing import Any

import pytest

from rehearsal.cloud.ministack.emf_extraction import Extracted, MalformedError, embedded_metrics
from tests.rehearsal.cloud.process import CloudProcess

NOW = 1_800_000_000.0
METRICS = [{"Name": "ScoredRows", "Unit": "Count"}]


def document(*, metrics: Any = METRICS, dimensions: Any = None, metadata: Any = None, **root: Any) -> dict[str, Any]:
    directive = {
        "Namespace": "Slipway/Endpoint",
        "Dimensions": [["EndpointName"]] if dimensions is None else dimensions,
        "Metrics": metrics,
    }
    directives = {"Timestamp": int(NOW * 1000), "CloudWatchMetrics": [directive], **(metadata or {})}
    return {"_aws": directives, "EndpointName": "shop", "ScoredRows": 12, **root}


def extracted(given: dict[str, Any] | str) -> list[Extracted]:
    return embedded_metrics(given if isinstance(given, str) else json.dumps(given), now=NOW)


def test_a_metric_has_its_namespace_dimensions_unit_value_and_time() -> None:
    assert extracted(document()) == [
        Extracted(
            "Slipway/Endpoint",
            [
                {
                    "MetricName": "ScoredRows",
                    "Unit": "Count",
                    "Values": [12.0],
                    "Dimensions": [{"Name": "EndpointName", "Value": "shop"}],
                    "Timestamp": NOW,
                }
            ],
        )
    ]


def test_every_dimension_set_is_a_metric_of_its_own_and_may_be_empty() -> None:
    found = extracted(document(dimensions=[[], ["EndpointName"], ["EndpointName", "Variant"]], Variant="primary"))
    assert [[each["Name"] for each in datum["Dimensions"]] for datum in found[0].data] == [
        [],
        ["EndpointName"],
        ["EndpointName", "Variant"],
    ]


def test_an_array_is_so_many_values_and_an_empty_one_none() -> None:
    assert extracted(document(ScoredRows=[1, 2.5, 2.5]))[0].data[0]["Values"] == [1.0, 2.5, 2.5]
    assert extracted(document(ScoredRows=[]))[0].data == []


def test_several_metrics_and_directives_are_all_extracted() -> None:
    given = document(metrics=[*METRICS, {"Name": "Tails", "StorageResolution": 1}], Tails=3)
    given["_aws"]["CloudWatchMetrics"].append({"Namespace": "Other", "Dimensions": [[]], "Metrics": METRICS})
    first, second = extracted(given)
    assert [(datum["MetricName"], datum["Unit"]) for datum in first.data] == [
        ("ScoredRows", "Count"),
        ("Tails", "None"),
    ]
    assert [datum.get("StorageResolution") for datum in first.data] == [None, 1]
    assert (second.namespace, second.data[0]["Dimensions"]) == ("Other", [])


@pytest.mark.parametrize(
    "line",
    ["", "hello", "[1, 2]", '{"ScoredRows": 12}', '{"_aws": {"Timestamp": 1}}', '{"_aws": 5}', 'INFO {"_aws": {}}'],
)
def test_another_line_is_no_document(line: str) -> None:
    assert extracted(line) == []


@pytest.mark.parametrize(
    ("given", "reported"),
    [
        (json.dumps(document())[:-1], "one JSON object"),
        (json.dumps(document()) + " and more", "one JSON object"),
        (json.dumps(document()).replace("12", "NaN"), "finite, got NaN"),
        (document(ScoredRows=10**400), "within 2\\^360"),
        (document(ScoredRows="12"), "must be a number within"),
        (document(ScoredRows=True), "must be a number within"),
        (document(ScoredRows=None), "must be a number within"),
        (document(ScoredRows=[1, "x"]), "must be a number within"),
        (document(ScoredRows=[1] * 101), "at most 100 values, got 101"),
        (document(metrics=[{"Name": "Missing"}]), "metric Missing must be a number"),
        (document(metrics=[{"Name": "ScoredRows", "Unit": "Rows"}]), "must be a unit of CloudWatch, got Rows"),
        (document(metrics=[{"Name": "ScoredRows", "StorageResolution": "1"}]), "must be a whole number"),
        (document(metrics=[{}]), "Name must be a text"),
        (document(metrics=["ScoredRows"]), "definition must be an object"),
        (document(metrics=METRICS * 101), "at most 100 definitions, got 101"),
        (document(metrics={}), "Metrics must be an array"),
        (document(dimensions=[]), "at least one set"),
        (document(dimensions=["EndpointName"]), "a dimension set must be an array"),
        (document(dimensions=[["Variant"]]), "dimension Variant must be a text"),
        (document(EndpointName=5), "dimension EndpointName must be a text"),
        (document(dimensions=[["EndpointName"] * 31]), "at most 30 names, got 31"),
        (document(metadata={"Timestamp": "now"}), "whole milliseconds"),
        (document(metadata={"Timestamp": None}), "whole milliseconds"),
        (document(metadata={"Timestamp": NOW}), "whole milliseconds"),
        (document(metadata={"Timestamp": int(NOW)}), "last two weeks"),
        (document(metadata={"Timestamp": int((NOW + 3 * 3600) * 1000)}), "next two hours"),
        (document(metadata={"CloudWatchMetrics": {}}), "CloudWatchMetrics must be an array"),
        (document(metadata={"CloudWatchMetrics": [5]}), "directive must be an object"),
        (document(metadata={"CloudWatchMetrics": [{}]}), "Namespace must be a text"),
        (document(x="y" * 1024 * 1024), "at most 1048576 bytes"),
    ],
)
def test_a_document_that_breaks_a_rule_yields_nothing(given: dict[str, Any] | str, reported: str) -> None:
    with pytest.raises(MalformedError, match=reported):
        extracted(given)


def test_a_namespace_of_aws_is_refused() -> None:
    given = document()
    given["_aws"]["CloudWatchMetrics"][0]["Namespace"] = "AWS/SageMaker"
    with pytest.raises(MalformedError, match="must not begin with AWS/"):
        extracted(given)


def test_metrics_in_log_events_reach_cloudwatch(cloud: CloudProcess) -> None:
    logs, watch = cloud("logs"), cloud("cloudwatch")
    dimensions = [{"Name": "EndpointName", "Value": "emf"}]
    logs.create_log_group(logGroupName="emf")
    logs.create_log_stream(logGroupName="emf", logStreamName="one")
    now_ms = int(time.time() * 1000)
    good = document(metadata={"Timestamp": now_ms}, EndpointName="emf")
    bad = document(metadata={"Timestamp": now_ms}, EndpointName="emf", ScoredRows="twelve")
    events = [{"timestamp": now_ms, "message": json.dumps(each)} for each in (good, bad, "a line", good)]
    logs.put_log_events(logGroupName="emf", logStreamName="one", logEvents=events)
    found = watch.get_metric_statistics(
        Namespace="Slipway/Endpoint",
        MetricName="ScoredRows",
        Dimensions=dimensions,
        StartTime=now_ms / 1000 - 60,
        EndTime=now_ms / 1000 + 60,
        Period=60,
        Statistics=["Sum", "SampleCount"],
    )["Datapoints"]
    assert [sum(point[name] for point in found) for name in ("Sum", "SampleCount")] == [24.0, 2.0]
    assert found[0]["Unit"] == "Count"
    assert len(logs.get_log_events(logGroupName="emf", logStreamName="one")["events"]) == 4
