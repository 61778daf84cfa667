"""Lines of jobs and servers, written into CloudWatch Logs."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from ministack.services import cloudwatch_logs as _logs

from rehearsal.cloud.ministack.emf_extraction import MalformedError, embedded_metrics
from rehearsal.cloud.ministack.serving_loop import ServingLoop

_log = logging.getLogger(__name__)
Publish = Callable[[str, Sequence[dict[str, Any]]], None]


class LogGroups:
    def __init__(self, loop: ServingLoop) -> None:
        self._loop = loop

    def write(self, group: str, stream: str, lines: Sequence[str]) -> None:
        """Append `lines`, stamped now; group and stream are made as needed."""
        now_ms = int(time.time() * 1000)
        events = [{"timestamp": now_ms, "message": line, "ingestionTime": now_ms} for line in lines if line]
        if events:
            self._loop.post(lambda: _logs._append_log_events(_stream(group, stream, now_ms), events))


def _stream(group: str, stream: str, now_ms: int) -> dict[str, Any]:
    groups = _logs._log_groups
    if group not in groups:
        groups[group] = {
            "arn": _logs._make_group_arn(group),
            "creationTime": now_ms,
            "retentionInDays": None,
            "tags": {},
            "subscriptionFilters": {},
            "streams": {},
        }
    streams: dict[str, dict[str, Any]] = groups[group]["streams"]
    return streams.setdefault(
        stream,
        {
            "events": [],
            "uploadSequenceToken": "1",
            "creationTime": now_ms,
            "firstEventTimestamp": None,
            "lastEventTimestamp": None,
            "lastIngestionTime": None,
        },
    )


def honour_stream_prefixes() -> None:
    """Let FilterLogEvents keep to logStreamNamePrefix, which ministack overlooks."""
    known = _logs._filter_log_events

    def filter_log_events(request: dict[str, Any]) -> Any:
        prefix = request.get("logStreamNamePrefix")
        group = _logs._log_groups.get(request.get("logGroupName", ""))
        if not prefix or group is None:
            return known(request)
        names = [name for name in group["streams"] if name.startswith(prefix)]
        # An empty list would mean all streams.
        return known({**request, "logStreamNames": names or [prefix]})

    _logs._filter_log_events = filter_log_events


def extract_metrics(publish: Publish) -> None:
    """Pass embedded metrics of every log event to `publish`, whether of clients, functions, jobs or servers."""
    known = _logs._append_log_events

    def append(stream: dict[str, Any], events: Sequence[dict[str, Any]]) -> None:
        known(stream, events)
        for event in events:
            try:
                found = embedded_metrics(str(event.get("message", "")))
            except MalformedError as exc:
                _log.warning("embedded metrics are left out: %s", exc)
                continue
            for each in found:
                publish(each.namespace, each.data)

    _logs._append_log_events = append
