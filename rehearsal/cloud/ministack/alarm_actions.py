"""Alarm actions that ministack stores and does not run, scaling policies, and the alarms that those have made."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ministack.services import cloudwatch as _cloudwatch

from rehearsal.cloud.ministack.serving_loop import ServingLoop

_POLICY = "arn:aws:autoscaling:"
_log = logging.getLogger(__name__)
Response = tuple[int, Mapping[str, str], bytes]
Scale = Callable[[str, Mapping[str, Any]], object]


class ScalingActions:
    """Calls `scale` with the ARN of each policy that is an action of an alarm in ALARM, and with the alarm."""

    def __init__(self, scale: Scale) -> None:
        self._scale = scale

    def install(self) -> None:
        """Act whenever an alarm goes into ALARM, SetAlarmState's included."""
        known = _cloudwatch._dispatch_alarm_actions

        def dispatch(alarm: Mapping[str, Any], old: str, new: str, reason: str) -> None:
            known(alarm, old, new, reason)
            if new == "ALARM":
                self.act(alarm)

        _cloudwatch._dispatch_alarm_actions = dispatch

    def act(self, alarm: Mapping[str, Any]) -> None:
        """CloudWatch does it again for every period in which the alarm stays in ALARM."""
        if not alarm.get("ActionsEnabled", True):
            return
        for action in alarm.get("AlarmActions") or ():
            if str(action).startswith(_POLICY):
                self._scale(str(action), alarm)


class ScalingAlarms:
    """What Application Auto Scaling puts into CloudWatch; soon, for a caller must not wait for the serving loop."""

    def __init__(self, loop: ServingLoop) -> None:
        self._loop = loop

    def put(self, description: Mapping[str, Any]) -> None:
        self._post(lambda: _cloudwatch._put_metric_alarm({}, description, is_cbor=False, is_json=True))

    def delete(self, names: Sequence[str]) -> None:
        named = {"AlarmNames": list(names)}
        self._post(lambda: _cloudwatch._delete_alarms({}, named, is_cbor=False, is_json=True))

    def _post(self, request: Callable[[], Response]) -> None:
        self._loop.post(lambda: _log_refused(request()))


def _log_refused(answer: Response) -> None:
    if answer[0] >= 400:
        _log.error("an alarm of a scaling policy was refused: %s", answer[2].decode(errors="replace"))
