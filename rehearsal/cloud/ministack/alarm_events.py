"""The event that CloudWatch sends when an alarm changes its state; ministack sends none."""

import datetime as dt
import json
import time
from collections.abc import Mapping
from typing import Any

from ministack.services import cloudwatch as _cloudwatch

from rehearsal.cloud.ministack.events import EventBus

DETAIL_TYPE = "CloudWatch Alarm State Change"


class AlarmEvents:
    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._last: dict[str, dict[str, Any]] = {}

    def install(self) -> None:
        """Send one whenever ministack records a change in an alarm's history, SetAlarmState's included."""
        known = _cloudwatch._record_history

        def record(name: str, old: str, new: str, reason: str, *rest: Any, **named: Any) -> None:
            known(name, old, new, reason, *rest, **named)
            alarm = _cloudwatch._alarms.get(name)
            if alarm is not None and old != new:
                self._send(alarm, old, new, reason)

        _cloudwatch._record_history = record

    def _send(self, alarm: Mapping[str, Any], old: str, new: str, reason: str) -> None:
        name = alarm["AlarmName"]
        state = {"value": new, "reason": reason, "timestamp": _stamp(time.time())}
        if data := alarm.get("StateReasonData"):
            state["reasonData"] = data if isinstance(data, str) else json.dumps(data)
        previous = self._last.get(name, {"value": old})
        self._last[name] = state
        detail = {
            "alarmName": name,
            "configuration": {"description": alarm.get("AlarmDescription", ""), "metrics": [_metric(alarm)]},
            "previousState": {**previous, "value": old},
            "state": state,
        }
        self._bus.emit("aws.cloudwatch", DETAIL_TYPE, detail, resources=[alarm["AlarmArn"]])


def _metric(alarm: Mapping[str, Any]) -> dict[str, Any]:
    dimensions = {dimension["Name"]: dimension["Value"] for dimension in alarm.get("Dimensions") or ()}
    metric = {"namespace": alarm.get("Namespace"), "name": alarm.get("MetricName"), "dimensions": dimensions}
    stat = alarm.get("ExtendedStatistic") or alarm.get("Statistic")
    return {
        "id": "m1",
        "metricStat": {"metric": metric, "period": alarm.get("Period"), "stat": stat},
        "returnData": True,
    }


def _stamp(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")
