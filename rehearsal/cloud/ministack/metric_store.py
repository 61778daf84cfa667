"""Metrics on their way into CloudWatch's store: what the emulated services publish, and what clients put there."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ministack.services import cloudwatch as _cloudwatch

from rehearsal.cloud.ministack.serving_loop import ServingLoop

_INSIDE_SECONDS = 0.001
"""After the minute's start: no rounding of a compressed minute may put a sample into the minute before."""


def keep_everything() -> None:
    """Skip the search for samples older than two weeks in every request to CloudWatch."""
    _cloudwatch._evict_old_metrics = lambda: None


def file_by_the_minute(*, speed: float) -> None:
    """Have PutMetricData keep what has no `StorageResolution` of 1 as of its minute, which lasts 1/speed of its time.

    The old form-encoded protocol is left as it is: no SDK of today uses it.
    """
    known = _cloudwatch._put_metric_data

    def put(params: Any, request: Mapping[str, Any], is_cbor: bool, is_json: bool = False) -> Any:  # noqa: FBT001, FBT002
        if not (is_cbor or is_json):
            return known(params, request, is_cbor, is_json)
        now = time.time()
        data = [{**datum, "Timestamp": filed_at(datum, now=now, speed=speed)} for datum in request["MetricData"]]
        return known(params, {**request, "MetricData": data}, is_cbor, is_json)

    _cloudwatch._put_metric_data = put


def filed_at(datum: Mapping[str, Any], *, now: float, speed: float) -> float:
    """The time a MetricDatum counts for: its own, or `now`; the start of its minute where it is kept by the minute."""
    stamp = _cloudwatch._parse_ts(datum.get("Timestamp"))
    at = now if stamp is None else float(stamp)
    if datum.get("StorageResolution") == 1:
        return at
    minute = 60 / speed
    return at // minute * minute + _INSIDE_SECONDS


class MetricStore:
    def __init__(self, loop: ServingLoop, *, speed: float) -> None:
        self._loop, self._speed = loop, speed

    def publish(self, namespace: str, data: Sequence[Mapping[str, Any]]) -> None:
        """PutMetricData without the HTTP: MetricDatum dicts, stamped now where they bear no time."""
        now = time.time()
        self._loop.post(lambda: _store(namespace, data, now, self._speed))


def _store(namespace: str, data: Sequence[Mapping[str, Any]], now: float, speed: float) -> None:
    for datum in data:
        _cloudwatch._store_datum(
            namespace,
            datum["MetricName"],
            {dimension["Name"]: dimension["Value"] for dimension in datum.get("Dimensions", ())},
            filed_at(datum, now=now, speed=speed),
            datum.get("Unit", "None"),
            datum.get("Value"),
            datum.get("Values"),
            datum.get("Counts"),
            datum.get("StatisticValues"),
        )
