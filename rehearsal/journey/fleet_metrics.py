"""How many requests each fleet served, second by second, from CloudWatch."""

from datetime import UTC, datetime, timedelta
from typing import Any

from rehearsal.journey.embedded_aws import EmbeddedAws
from slipway.endpoint_kinds import REAL_TIME
from slipway.metrics import SAGEMAKER_NAMESPACE
from slipway.settings.names import VARIANT


def invocations(
    aws: EmbeddedAws, *, endpoint: str, config: str, since: float, counted: tuple[str, str] = REAL_TIME.requests
) -> list[tuple[float, float]]:
    """Requests that the fleet of `config` answered: (epoch seconds, requests in that second), oldest first.

    `counted` is another metric and its statistic, as that of a kind's requests or failures.
    """
    metric, statistic = counted
    found: dict[str, Any] = aws.client("cloudwatch").get_metric_statistics(
        **_of_fleet(metric, endpoint, config),
        StartTime=datetime.fromtimestamp(since, UTC) - timedelta(seconds=1),
        EndTime=datetime.now(UTC) + timedelta(seconds=1),
        Period=1,
        Statistics=[statistic],
    )
    return sorted((point["Timestamp"].timestamp(), float(point[statistic])) for point in found["Datapoints"])


def latency_ms(
    aws: EmbeddedAws, *, endpoint: str, config: str, since: float, until: float, percentile: float
) -> tuple[float, int]:
    """A percentile of the fleet's ModelLatency between two times in epoch seconds, and of how many requests."""
    given = {
        **_of_fleet("ModelLatency", endpoint, config),
        "StartTime": datetime.fromtimestamp(since, UTC),
        "EndTime": datetime.fromtimestamp(until, UTC),
        "Period": 86_400,
    }
    cloudwatch, name = aws.client("cloudwatch"), f"p{percentile:g}"
    counted = cloudwatch.get_metric_statistics(**given, Statistics=["SampleCount"])["Datapoints"]
    found = cloudwatch.get_metric_statistics(**given, ExtendedStatistics=[name])["Datapoints"]
    slowest = max((float(point["ExtendedStatistics"][name]) for point in found), default=0.0)
    return slowest / 1000, int(sum(point["SampleCount"] for point in counted))


def _of_fleet(metric: str, endpoint: str, config: str) -> dict[str, Any]:
    dimensions = {"EndpointName": endpoint, "VariantName": VARIANT, "EndpointConfigName": config}
    return {
        "Namespace": SAGEMAKER_NAMESPACE,
        "MetricName": metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }


def known_configs(aws: EmbeddedAws, *, endpoint: str, metric: str) -> list[str]:
    """The endpoint configs that have served requests of `endpoint`, which `metric` counts."""
    pages = (
        aws.client("cloudwatch")
        .get_paginator("list_metrics")
        .paginate(
            Namespace=SAGEMAKER_NAMESPACE,
            MetricName=metric,
            Dimensions=[{"Name": "EndpointName", "Value": endpoint}],
        )
    )
    names = {
        dimension["Value"]
        for page in pages
        for metric in page["Metrics"]
        for dimension in metric["Dimensions"]
        if dimension["Name"] == "EndpointConfigName"
    }
    return sorted(names)
