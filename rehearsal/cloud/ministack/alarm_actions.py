"""Alarm actions that ministack stores and does not run: scaling policies."""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import cloudwatch as _cloudwatch

_POLICY = "arn:aws:autoscaling:"


def carry_out_scaling(scale: Callable[[str, Mapping[str, Any]], object]) -> None:
    """Call `scale` with the ARN of each policy that is an action of an alarm that goes off, and with the alarm."""
    known = _cloudwatch._dispatch_alarm_actions

    def dispatch(alarm: Mapping[str, Any], old: str, new: str, reason: str) -> None:
        known(alarm, old, new, reason)
        if new == "ALARM" and alarm.get("ActionsEnabled", True):
            for action in alarm.get("AlarmActions") or ():
                if str(action).startswith(_POLICY):
                    scale(str(action), alarm)

    _cloudwatch._dispatch_alarm_actions = dispatch
