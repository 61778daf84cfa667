"""CloudWatch on a virtual clock: metrics in, changes of alarm states out."""

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from slipway.cloudwatch.composite import CompositeRule, composite_rule
from slipway.cloudwatch.evaluation import AlarmState
from slipway.cloudwatch.reason import assess
from slipway.cloudwatch.rule import AlarmRule, Metric, alarm_rule
from slipway.cloudwatch.series import by_period, series
from slipway.cloudwatch.statistic import Samples, samples_of
from slipway.errors import InputError

_TICK_SECONDS = 10
Description = Mapping[str, Any]


@dataclass(frozen=True)
class Transition:
    """One alarm's change of state, `at` seconds."""

    at: float
    alarm: str
    old: AlarmState
    new: AlarmState
    reason: str


@dataclass
class VirtualMetrics:
    """Samples by metric, in the order of their times."""

    _points: dict[tuple[str, str, frozenset[tuple[str, str]]], list[tuple[float, Samples]]] = field(
        default_factory=dict
    )

    def put(self, namespace: str, datum: Description, at: float) -> None:
        dimensions = frozenset((str(d["Name"]), str(d["Value"])) for d in datum.get("Dimensions") or ())
        points = self._points.setdefault((namespace, str(datum["MetricName"]), dimensions), [])
        insort(points, (at, samples_of(datum)), key=lambda point: point[0])

    def since(self, metric: Metric, start: float) -> Sequence[tuple[float, Samples]]:
        points = self._points.get((metric.namespace, metric.name, metric.dimensions), [])
        return points[bisect_left(points, start, key=lambda point: point[0]) :]


class VirtualClock:
    """A set of alarms, and a time.

    An alarm with a period of a minute or more is looked at every full minute, one with a shorter period every ten
    seconds; its window ends at that moment, whatever its period. A composite alarm is looked at whenever one of its
    children has changed.
    """

    def __init__(self, alarms: Sequence[Description], *, start: float = 0.0) -> None:
        """`alarms` in the shapes of PutMetricAlarm and PutCompositeAlarm; all times are seconds since the epoch."""
        self._rules = [alarm_rule(alarm) for alarm in alarms if "AlarmRule" not in alarm]
        self._composites = [composite_rule(alarm) for alarm in alarms if "AlarmRule" in alarm]
        self._now = start
        self._store = VirtualMetrics()
        self._changes: list[Transition] = []
        rules: list[AlarmRule | CompositeRule] = [*self._rules, *self._composites]
        self._states = {rule.name: AlarmState.INSUFFICIENT_DATA for rule in rules}
        if len(self._states) < len(alarms):
            raise InputError(f"alarms must have names of their own, got {', '.join(sorted(r.name for r in rules))}")
        for composite in self._composites:
            self._look_at(composite, "its alarm rule was evaluated for the first time", frozenset())

    @property
    def now(self) -> float:
        return self._now

    def state(self, name: str) -> AlarmState:
        return self._states[name]

    def put(self, namespace: str, *data: Description) -> None:
        """PutMetricData: MetricDatum dicts, of now where they bear no Timestamp (seconds).

        What has no `StorageResolution` of 1 is kept by the minute: as of its start.
        """
        for datum in data:
            at = float(datum.get("Timestamp", self._now))
            self._store.put(namespace, datum, at if datum.get("StorageResolution") == 1 else at // 60 * 60)

    def set_state(self, name: str, state: AlarmState, *, reason: str) -> None:
        """SetAlarmState: kept until an evaluation finds another state."""
        if name not in self._states:
            raise InputError(f"alarm must be one of {', '.join(sorted(self._states))}, got {name}")
        self._change(name, state, reason, frozenset())

    def advance(self, seconds: float) -> list[Transition]:
        """Let time pass. Returns what has changed since the last call, in its order."""
        until = self._now + seconds
        tick = (self._now // _TICK_SECONDS + 1) * _TICK_SECONDS
        while tick <= until:
            self._now = tick
            for rule in self._rules:
                if tick % rule.tick_seconds == 0:
                    self._evaluate(rule)
            tick += _TICK_SECONDS
        self._now = until
        changes, self._changes = self._changes, []
        return changes

    def _evaluate(self, rule: AlarmRule) -> None:
        count, period = rule.evaluation_range, rule.period_seconds
        start = self._now - period * count
        buckets = {
            query.id: by_period(self._store.since(query.metric, start), end=self._now, period=period, count=count)
            for query in rule.queries
            if query.metric
        }
        starts = [datetime.fromtimestamp(start + period * number, UTC) for number in range(count)]
        now = datetime.fromtimestamp(self._now, UTC)
        found = assess(rule, series(rule, buckets), self._states[rule.name], starts=starts, now=now)
        if found is not None:
            self._change(rule.name, found.state, found.reason, frozenset())

    def _change(self, name: str, new: AlarmState, reason: str, path: frozenset[str]) -> None:
        """Record it and evaluate the composite alarms above; one that is on the path already ends a cycle."""
        old = self._states[name]
        if new is old:
            return
        self._states[name] = new
        self._changes.append(Transition(self._now, name, old, new, reason))
        path |= {name}
        for parent in self._composites:
            if name in parent.children and parent.name not in path:
                self._look_at(parent, f"{name} transitioned to {new}", path)

    def _look_at(self, composite: CompositeRule, reason: str, path: frozenset[str]) -> None:
        self._change(composite.name, composite.state(self._states.get), reason, path)
