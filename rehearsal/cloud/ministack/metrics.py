"""Metrics that the emulated services publish, put into CloudWatch's store."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ministack.services import cloudwatch as _cloudwatch

from rehearsal.cloud.ministack.loop import ServingLoop


def keep_everything() -> None:
    """Spare every request to CloudWatch its walk over all samples in search of those older than two weeks."""
    _cloudwatch._evict_old_metrics = lambda: None


class Metrics:
    def __init__(self, loop: ServingLoop) -> None:
        self._loop = loop

    def publish(self, namespace: str, data: Sequence[Mapping[str, Any]]) -> None:
        """PutMetricData without the HTTP: MetricDatum dicts, stamped now where they bear no time."""
        now = time.time()
        self._loop.post(lambda: _store(namespace, data, now))


def _store(namespace: str, data: Sequence[Mapping[str, Any]], now: float) -> None:
    for datum in data:
        stamp = datum.get("Timestamp", now)
        _cloudwatch._store_datum(
            namespace,
            datum["MetricName"],
            {dimension["Name"]: dimension["Value"] for dimension in datum.get("Dimensions", ())},
            stamp if isinstance(stamp, (int, float)) else stamp.timestamp(),
            datum.get("Unit", "None"),
            datum.get("Value"),
            datum.get("Values"),
            datum.get("Counts"),
            datum.get("StatisticValues"),
        )
