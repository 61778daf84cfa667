"""CloudWatch's embedded metric format: a JSON line of a log from which CloudWatch extracts metrics."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ENDPOINT_NAMESPACE = "Slipway/Endpoint"
MONITORING_NAMESPACE = "Slipway/Monitoring"

_MAX_METRICS = 100
"""CloudWatch's limit for one directive."""
MAX_VALUES = 100
"""CloudWatch's limit for one metric of a line."""


@dataclass(frozen=True)
class MetricDatum:
    name: str
    value: float | Sequence[float]
    """Several values are of several requests: CloudWatch computes percentiles and counts of them."""
    unit: str = "None"


def metrics_line(
    namespace: str,
    dimensions: Mapping[str, str],
    metrics: Sequence[MetricDatum],
    *,
    timestamp_ms: int,
    also_by: Sequence[str] = (),
    by_the_second: bool = False,
) -> str:
    """Write one line, without its end.

    Args:
        namespace: the metrics' namespace.
        dimensions: names and values.
        metrics: 1 to 100 of them.
        timestamp_ms: since 1970.
        also_by: some of the dimensions, under which the same metrics are published too.
        by_the_second: high resolution: CloudWatch keeps them by the second for three hours, then by the minute.

    Raises:
        ValueError: there are too many metrics for one line, or a value is no finite number.
    """
    if not 1 <= len(metrics) <= _MAX_METRICS:
        raise ValueError(f"a line must hold 1 to {_MAX_METRICS} metrics, got {len(metrics)}")
    resolution = {"StorageResolution": 1} if by_the_second else {}
    directive = {
        "Namespace": namespace,
        "Dimensions": [list(dimensions), *([list(also_by)] if also_by else [])],
        "Metrics": [{"Name": metric.name, "Unit": metric.unit, **resolution} for metric in metrics],
    }
    document = {
        "_aws": {"Timestamp": timestamp_ms, "CloudWatchMetrics": [directive]},
        **dimensions,
        **{metric.name: metric.value for metric in metrics},
    }
    return json.dumps(document, allow_nan=False, separators=(",", ":"))
