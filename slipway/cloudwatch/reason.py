"""The state of an alarm together with the reason, in CloudWatch's own words."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from slipway.cloudwatch.evaluation import AlarmState, evaluate
from slipway.cloudwatch.rule import AlarmRule
from slipway.cloudwatch.series import Series

_FILLED = {"breaching": "Breaching", "notBreaching": "NonBreaching"}


@dataclass(frozen=True)
class Assessment:
    """What one evaluation found: StateValue, StateReason and StateReasonData."""

    state: AlarmState
    reason: str
    reason_data: str


def assess(
    rule: AlarmRule, found: Series, previous: AlarmState, *, starts: Sequence[datetime], now: datetime
) -> Assessment | None:
    """One evaluation; None when there are too few samples, so that the state stays as it is.

    Args:
        rule: the alarm.
        found: its datapoints, from `series`.
        previous: its state until now.
        starts: when the period of each datapoint begins, the newest last.
        now: the time of this evaluation.
    """
    if not found.enough_samples:
        return None
    state = evaluate(rule, found.datapoints, previous)
    window = list(zip(found.datapoints, starts, strict=True))[-rule.evaluation_range :]
    real = [(value, start) for value, start in window if value is not None][-rule.evaluation_periods :]
    real.reverse()
    missing = rule.evaluation_periods - len(real)
    first = window[0][1] if window else now
    return Assessment(state, _reason(rule, state, real, missing), _reason_data(rule, real, first, now))


def _reason(rule: AlarmRule, state: AlarmState, real: list[tuple[float, datetime]], missing: int) -> str:
    """`real` has the newest first, as CloudWatch lists them."""
    if state is AlarmState.INSUFFICIENT_DATA:
        return f"Insufficient Data: {_count(missing, 'datapoint')} {_was(missing)} unknown."
    filled = _FILLED.get(rule.missing_data)
    treated = f"{_count(missing, 'missing datapoint')} {_was(missing)} treated as [{filled}]"
    periods = _count(rule.evaluation_periods, "period")
    alarm = state is AlarmState.ALARM
    shown = [(value, start) for value, start in real if rule.breaches(value) == alarm]
    if not shown and filled:
        received = f"{_count(len(real), 'datapoint')} {_was(len(real))}" if real else "no datapoints were"
        return f"Threshold Crossed: {received} received for {periods} and {treated}."
    listed = ", ".join(f"{value} ({start.astimezone(UTC):%d/%m/%y %H:%M:%S})" for value, start in shown)
    verb = f"{_was(len(shown))} {'' if alarm else 'not '}{rule.comparison_words} the threshold ({rule.threshold})"
    also = f" and {treated}" if missing and filled else ""
    if rule.datapoints_to_alarm is None:
        return f"Threshold Crossed: {_count(len(shown), 'datapoint')} [{listed}] {verb}{also}."
    least = rule.least_breaching if alarm else rule.evaluation_periods - rule.least_breaching + 1
    change = "OK -> ALARM" if alarm else "ALARM -> OK"
    return (
        f"Threshold Crossed: {len(shown)} out of the last {rule.evaluation_periods} datapoints [{listed}] {verb}{also}"
        f" (minimum {_count(least, 'datapoint')} for {change} transition)."
    )


def _reason_data(rule: AlarmRule, real: list[tuple[float, datetime]], first: datetime, now: datetime) -> str:
    metric = rule.returned_query.metric
    return json.dumps(
        {
            "version": "1.0",
            "queryDate": _stamp(now),
            "startDate": _stamp(real[-1][1] if real else first),
            **({"statistic": metric.statistic} if metric else {}),
            "period": rule.period_seconds,
            "recentDatapoints": [value for value, _ in reversed(real)],
            "threshold": rule.threshold,
            "evaluatedDatapoints": [{"timestamp": _stamp(start), "value": value} for value, start in real],
        }
    )


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")


def _count(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
