"""Metric alarms on a virtual clock: metrics in, changes of states out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from slipway.cloudwatch import AlarmRule, AlarmState, Samples, alarm_rule, assess, by_period, samples_of, series

TICK_SECONDS = 10
Dimensions = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Transition:
    """One alarm's change of state, `at` seconds."""

    at: float
    alarm: str
    new: AlarmState


class VirtualClock:
    """A set of alarms in the shape of PutMetricAlarm, and a time in seconds since the epoch.

    An alarm with a period of a minute or more is looked at every full minute, one with a shorter period every ten
    seconds; its window ends at that moment, whatever its period.
    """

    def __init__(self, alarms: Sequence[Mapping[str, Any]], *, start: float = 0.0) -> None:
        self.now = start
        self._rules = [alarm_rule(alarm) for alarm in alarms]
        self._states = {rule.name: AlarmState.INSUFFICIENT_DATA for rule in self._rules}
        self._points: dict[tuple[str, str, Dimensions], list[tuple[float, Samples]]] = {}

    def state(self, name: str) -> AlarmState:
        return self._states[name]

    def put(self, namespace: str, *data: Mapping[str, Any]) -> None:
        """PutMetricData; what has no `StorageResolution` of 1 is kept by the minute: as of its start."""
        for datum in data:
            at = float(datum.get("Timestamp", self.now))
            dimensions = frozenset((each["Name"], each["Value"]) for each in datum.get("Dimensions", ()))
            points = self._points.setdefault((namespace, datum["MetricName"], dimensions), [])
            points.append((at if datum.get("StorageResolution") == 1 else at // 60 * 60, samples_of(datum)))

    def advance(self, seconds: float) -> list[Transition]:
        """Let time pass. Returns what has changed meanwhile, in its order."""
        until, changes = self.now + seconds, list[Transition]()
        tick = (self.now // TICK_SECONDS + 1) * TICK_SECONDS
        while tick <= until:
            changes += [
                found for rule in self._rules if tick % rule.tick_seconds == 0 for found in self._at(rule, tick)
            ]
            tick += TICK_SECONDS
        self.now = until
        return changes

    def _at(self, rule: AlarmRule, tick: float) -> list[Transition]:
        count, period = rule.evaluation_range, rule.period_seconds
        points = {
            query.id: self._points.get((query.metric.namespace, query.metric.name, query.metric.dimensions), [])
            for query in rule.queries
            if query.metric
        }
        buckets = {id_: by_period(of, end=tick, period=period, count=count) for id_, of in points.items()}
        starts = [datetime.fromtimestamp(tick - period * (count - number), UTC) for number in range(count)]
        now, old = datetime.fromtimestamp(tick, UTC), self._states[rule.name]
        found = assess(rule, series(rule, buckets), old, starts=starts, now=now)
        if found is None or found.state is old:
            return []
        self._states[rule.name] = found.state
        return [Transition(tick, rule.name, found.state)]
