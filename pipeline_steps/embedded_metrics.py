"""CloudWatch's embedded metric format: a JSON line of a log from which CloudWatch takes metrics by itself."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_MOST_METRICS = 100
"""As many as one directive may hold."""
MOST_VALUES = 100
"""As many as one metric of a line may have."""


@dataclass(frozen=True)
class Metric:
    name: str
    value: float | Sequence[float]
    """Several values are as many requests, say: CloudWatch takes percentiles and counts from them."""
    unit: str = "None"


def metrics_line(
    namespace: str,
    dimensions: Mapping[str, str],
    metrics: Sequence[Metric],
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
        also_by: some of the dimensions, by which the same metrics are found a second time.
        by_the_second: CloudWatch keeps them by the second for three hours, not by the minute from the start.

    Raises:
        ValueError: there are too many metrics for one line, or a value is no finite number.
    """
    if not 1 <= len(metrics) <= _MOST_METRICS:
        raise ValueError(f"a line must hold 1 to {_MOST_METRICS} metrics, got {len(metrics)}")
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
