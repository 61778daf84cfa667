"""Datapoints → alarm state: M out of N, missing data, and the premature rule."""

from collections.abc import Sequence
from enum import StrEnum

from slipway.cloudwatch.rule import AlarmRule


class AlarmState(StrEnum):
    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


def evaluate(rule: AlarmRule, datapoints: Sequence[float | None], previous: AlarmState) -> AlarmState:
    """The state after one evaluation.

    Args:
        rule: the alarm.
        datapoints: one a period, the newest last, None where there is none. The last `rule.evaluation_range` count.
        previous: the state until now, which `ignore` may keep.

    See "Configuring how CloudWatch alarms treat missing data" in the CloudWatch user guide; its 40 cells are a test.
    """
    real = real_datapoints(rule, datapoints)
    breaching = sum(rule.breaches(value) for value in real)
    missing = rule.evaluation_periods - len(real)
    if missing and rule.missing_data == "breaching":
        breaching += missing
    if breaching >= rule.least_breaching:
        return AlarmState.ALARM
    if missing == 0 or rule.missing_data in ("breaching", "notBreaching"):
        return AlarmState.OK
    return _with_too_few(rule, datapoints, previous)


def real_datapoints(rule: AlarmRule, datapoints: Sequence[float | None]) -> list[float]:
    """The newest N datapoints that exist within the evaluation range, the newest last."""
    present = [value for value in datapoints[-rule.evaluation_range :] if value is not None]
    return present[-rule.evaluation_periods :]


def _with_too_few(rule: AlarmRule, datapoints: Sequence[float | None], previous: AlarmState) -> AlarmState:
    """Fewer than N datapoints and no filling: one good datapoint is OK, none at all decides nothing.

    Breaching ones alone, fewer than M, alarm once the oldest is M periods old ("premature alarm state"): by then the
    others will not come any more. The documented cell `0 - X - -` (OK) shows that a good datapoint rules that out.
    """
    real = real_datapoints(rule, datapoints)
    if any(not rule.breaches(value) for value in real):
        return AlarmState.OK
    if rule.missing_data == "ignore":
        return previous
    if not real:
        return AlarmState.INSUFFICIENT_DATA
    window = datapoints[-rule.evaluation_range :]
    oldest_age = len(window) - next(i for i, value in enumerate(window) if value is not None)
    return AlarmState.ALARM if oldest_age >= rule.least_breaching else AlarmState.OK
