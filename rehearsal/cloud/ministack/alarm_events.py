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
            alarm = _cloudwatch._alarms.get(name) or _cloudwatch._composite_alarms.get(name)
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
            "configuration": _configuration(alarm),
            "previousState": {**previous, "value": old},
            "state": state,
        }
        self._bus.emit("aws.cloudwatch", DETAIL_TYPE, detail, resources=[alarm["AlarmArn"]])


def _configuration(alarm: Mapping[str, Any]) -> dict[str, Any]:
    described = {"description": alarm.get("AlarmDescription") or ""}
    if "AlarmRule" in alarm:
        return {**described, "alarmRule": alarm["AlarmRule"]}
    if alarm.get("Metrics"):
        return {**described, "metrics": [_query(query) for query in alarm["Metrics"]]}
    stat = alarm.get("ExtendedStatistic") or alarm.get("Statistic")
    of_one = {"Metric": alarm, "Period": alarm.get("Period"), "Stat": stat}
    return {**described, "metrics": [_query({"Id": "m1", "MetricStat": of_one})]}


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    shown = {"id": query["Id"], "returnData": query.get("ReturnData") is not False}
    if "Label" in query:
        shown["label"] = query["Label"]
    if query.get("Expression"):
        return {**shown, "expression": query["Expression"]}
    stat = query["MetricStat"]
    metric = stat["Metric"]
    dimensions = {dimension["Name"]: dimension["Value"] for dimension in metric.get("Dimensions") or ()}
    place = {"namespace": metric.get("Namespace"), "name": metric.get("MetricName"), "dimensions": dimensions}
    return {**shown, "metricStat": {"metric": place, "period": stat.get("Period"), "stat": stat.get("Stat")}}


def _stamp(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")
