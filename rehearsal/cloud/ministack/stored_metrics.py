"""What ministack's CloudWatch stores of one metric, as samples."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ministack.services import cloudwatch as _cloudwatch

from slipway.cloudwatch import Metric, Samples, samples_of


def stored(metric: Metric, *, since: float, unit: str | None = None) -> Iterator[tuple[float, Samples]]:
    """(when, what) of exactly the metric's dimensions, in no particular order; of one unit only where it is given."""
    for point in points_of(metric):
        if point["Timestamp"] >= since and (unit is None or point.get("Unit", "None") == unit):
            yield point["Timestamp"], _samples(point)


def points_of(metric: Metric) -> Sequence[Mapping[str, Any]]:
    """The metric's records as ministack keeps them."""
    key = (metric.namespace, metric.name, _cloudwatch._dims_key(dict(metric.dimensions)))
    return _cloudwatch._metrics.get(key) or ()


def _samples(point: Mapping[str, Any]) -> Samples:
    if point.get("_stat"):
        return samples_of({"StatisticValues": point["_stat"]})
    return samples_of({"Values": [point["Value"]], "Counts": [point.get("Count", 1.0)]})


def metric_of(place: Mapping[str, Any], statistic: str) -> Metric:
    """The metric that a request names."""
    dimensions = frozenset((str(each["Name"]), str(each["Value"])) for each in place.get("Dimensions") or ())
    return Metric(str(place.get("Namespace", "")), str(place.get("MetricName", "")), dimensions, statistic)
