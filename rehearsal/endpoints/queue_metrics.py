"""The metrics that SageMaker publishes of an asynchronous endpoint beside those of its fleets, by the minute."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from slipway.metrics import SAGEMAKER_NAMESPACE

Publish = Callable[[str, Sequence[Mapping[str, Any]]], None]
_MOST_VALUES = 150
"""PutMetricData takes this many Values in a datum."""
_UNITS = {"RequestDownloadLatency": "Microseconds", "ResponseUploadLatency": "Microseconds"}


class QueueMetrics:
    """Counted and measured on one event loop, and sent by it."""

    def __init__(self, endpoint_name: str, publish: Publish) -> None:
        self._endpoint_name, self._publish = endpoint_name, publish
        self._counts: Counter[str] = Counter()
        self._measured: list[tuple[str, float]] = []
        self.variant = ""

    def count(self, name: str) -> None:
        self._counts[name] += 1

    def took(self, name: str, value: float) -> None:
        """Milliseconds, or microseconds for those that have this unit."""
        self._measured.append((name, max(0.0, value)))

    def publish(self, *, backlog: int, age_seconds: float, instances: int) -> None:
        """All since the last time, and how the queue is now; nothing is divided by no instance."""
        counts, self._counts = self._counts, Counter()
        measured, self._measured = self._measured, []
        gauges = {
            "ApproximateBacklogSize": float(backlog),
            "ApproximateAgeOfOldestRequest": age_seconds,
            "HasBacklogWithoutCapacity": float(bool(backlog) and not instances),
            **({"ApproximateBacklogSizePerInstance": backlog / instances} if instances else {}),
        }
        whole = [{"Name": "EndpointName", "Value": self._endpoint_name}]
        data: list[dict[str, Any]] = [
            {"MetricName": name, "Dimensions": whole, "Value": value} for name, value in gauges.items()
        ]
        of_variant = [*whole, {"Name": "VariantName", "Value": self.variant}]
        for name, count in counts.items():
            data.append({"MetricName": name, "Dimensions": of_variant, "Values": [1.0], "Counts": [float(count)]})
        for name in {name for name, _ in measured}:
            values = [value for measured_name, value in measured if measured_name == name]
            for begin in range(0, len(values), _MOST_VALUES):
                part = values[begin : begin + _MOST_VALUES]
                unit = _UNITS.get(name, "Milliseconds")
                data.append({"MetricName": name, "Dimensions": of_variant, "Unit": unit, "Values": part})
        self._publish(SAGEMAKER_NAMESPACE, data)
