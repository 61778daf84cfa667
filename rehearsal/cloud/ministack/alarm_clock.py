"""Alarms of ministack's CloudWatch, evaluated by `slipway.cloudwatch` on a clock of their own."""

import asyncio
import datetime as dt
import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import cloudwatch as _cloudwatch

from rehearsal.cloud.ministack.alarm_events import AlarmEvents
from rehearsal.cloud.ministack.alarm_requests import accept_every_alarm, state_of
from rehearsal.cloud.ministack.metric_queries import answer_metric_queries
from rehearsal.cloud.ministack.stored_metrics import stored
from slipway.cloudwatch import AlarmRule, AlarmState, Assessment, alarm_rule, assess, by_period, series
from slipway.errors import InputError

__all__ = ["ARRIVAL_SECONDS", "AlarmClock", "state_of"]

ARRIVAL_SECONDS = 0.4
"""A period is evaluated this much after its end, in real time: publishers send what they have every 0.25 s."""

_LONGEST_PAUSE_SECONDS = 0.25
_log = logging.getLogger(__name__)
Alarm = dict[str, Any]
Assess = Callable[..., Assessment | None]


class AlarmClock:
    """Evaluates every metric alarm when it is due; periods and ticks last 1/speed of their time.

    ministack evaluates an alarm at each new datum, over all of a metric's dimensions at once; that is turned off.
    """

    def __init__(
        self,
        *,
        speed: float,
        events: AlarmEvents,
        repeat: Callable[[Mapping[str, Any]], object] = lambda _alarm: None,
        assess: Assess = assess,
    ) -> None:
        """`repeat`: called with an alarm for every period in which it stays in ALARM."""
        self._speed, self._events, self._repeat, self._assess = speed, events, repeat, assess
        self._judged: dict[str, int] = {}
        self._rules: dict[str, tuple[Alarm, AlarmRule]] = {}
        self._unfit: set[str] = set()

    def install(self) -> None:
        """Take over from ministack."""
        _cloudwatch._evaluate_alarm = lambda _alarm: None
        accept_every_alarm()
        answer_metric_queries()
        self._events.install()

    async def run(self) -> None:
        """Evaluate for ever; to be cancelled."""
        pause = min(_LONGEST_PAUSE_SECONDS, 5 / self._speed)
        while True:
            await asyncio.sleep(pause)
            self.evaluate_due(time.time())

    def evaluate_due(self, now: float) -> None:
        """Evaluate each alarm whose tick has passed since its last evaluation."""
        for alarm in list(_cloudwatch._alarms.values()):
            try:
                rule = self._rule(alarm)
                tick = rule.tick_seconds / self._speed
                number = int((now - ARRIVAL_SECONDS) // tick)
                if self._judged.get(alarm["AlarmArn"]) == number:
                    continue
                self._judged[alarm["AlarmArn"]] = number
                self._judge(alarm, rule, end=number * tick, now=now)
            except InputError as exc:
                if alarm["AlarmName"] not in self._unfit:
                    self._unfit.add(alarm["AlarmName"])
                    _log.warning("alarm %s is not evaluated: %s", alarm["AlarmName"], exc)
            except Exception:  # noqa: BLE001 -- one alarm must not end the others: rollouts rely on them
                _log.exception("alarm %s could not be evaluated", alarm.get("AlarmName"))

    def _rule(self, alarm: Alarm) -> AlarmRule:
        """Read once: each PutMetricAlarm makes a new record."""
        known = self._rules.get(alarm["AlarmArn"])
        if known is None or known[0] is not alarm:
            known = self._rules[alarm["AlarmArn"]] = (alarm, alarm_rule(alarm))
        return known[1]

    def _judge(self, alarm: Alarm, rule: AlarmRule, *, end: float, now: float) -> None:
        period = rule.period_seconds / self._speed
        count = rule.evaluation_range
        starts = [end - period * age for age in range(count, 0, -1)]
        buckets = {
            query.id: by_period(stored(query.metric, since=starts[0]), end=end, period=period, count=count)
            for query in rule.queries
            if query.metric
        }
        found = self._assess(
            rule,
            series(rule, buckets),
            AlarmState(alarm["StateValue"]),
            starts=[dt.datetime.fromtimestamp(start, dt.UTC) for start in starts],
            now=dt.datetime.fromtimestamp(now, dt.UTC),
        )
        if found is None:
            return
        if found.state != alarm["StateValue"]:
            _change_state(alarm, found, now)
        elif found.state is AlarmState.ALARM and round(end / period, 3).is_integer():
            self._repeat({**alarm, "StateReason": found.reason, "StateReasonData": found.reason_data})


def _change_state(alarm: Alarm, found: Assessment, now: float) -> None:
    """As ministack does it: the record, the history, the actions, the composite alarms above."""
    old, new = alarm["StateValue"], str(found.state)
    alarm["StateValue"], alarm["StateReason"] = new, found.reason
    alarm["StateReasonData"], alarm["StateUpdatedTimestamp"] = found.reason_data, now
    _log.info("alarm %s: %s -> %s: %s", alarm["AlarmName"], old, new, found.reason)
    _cloudwatch._record_history(alarm["AlarmName"], old, new, found.reason, reason_data=json.loads(found.reason_data))
    _cloudwatch._dispatch_alarm_actions(alarm, old, new, found.reason)
    _cloudwatch._evaluate_parent_alarms(alarm)
