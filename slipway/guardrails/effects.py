"""What an alarm is about, metric math included: share of errors, number of errors, latency, and in which unit."""

import re
from dataclasses import dataclass
from functools import lru_cache
from math import isclose
from typing import Literal

from slipway.cloudwatch import AlarmRule, Metric
from slipway.endpoint_kinds import ASYNCHRONOUS
from slipway.guardrails.alarms import Alarm
from slipway.guardrails.fleets import FleetPeriod, value
from slipway.guardrails.published_metrics import Kind, endpoint_metric

Measure = Literal["share", "percent", "number", "microseconds", "other"]
_MANY = 100_000
_SECOND = 1e6
_OF_A_SAMPLE = re.compile(r"Average|Minimum|Maximum|p\d.*|IQM|(?:tm|wm|TM|WM)\W?\d.*")
"""Statistics that stay within what one sample can be: no sums, no counts."""


@dataclass(frozen=True)
class Effect:
    """`measure` of `kind`.

    `scale` is what one unit of the metric adds to what the alarm sees; below 0 for a share of successes.
    """

    kind: Kind
    measure: Measure
    scale: float = 1.0


def effect(alarm: Alarm) -> Effect | None:
    """What the alarm is about; None where that cannot be worked out."""
    return _effect(alarm.rule) if alarm.rule else None


def worst(alarm: Alarm) -> FleetPeriod:
    """A fleet that is as bad as can be in what the alarm is about."""
    found = effect(alarm)
    slow = ASYNCHRONOUS.longest_response_seconds * _SECOND if found and found.kind == "latency" else 1.0
    return FleetPeriod(requests=1, slow=slow)


@lru_cache(maxsize=256)
def _effect(rule: AlarmRule) -> Effect | None:
    """Rules are plain values, and every rule of the linter asks this of every alarm."""
    single = rule.returned_query.metric
    return _of_one(single) if single else _of_errors(rule) or _of_latency(rule)


def _of_one(single: Metric) -> Effect | None:
    metric = endpoint_metric(single.namespace, single.name)
    if not metric:
        return None
    within_a_sample = _OF_A_SAMPLE.fullmatch(single.statistic)
    if metric.kind == "error":
        return Effect("error", "share" if within_a_sample else "number")
    if metric.kind == "latency":
        return Effect("latency", "microseconds" if within_a_sample else "other")
    return Effect(metric.kind, "other")


def _of_errors(rule: AlarmRule) -> Effect | None:
    none, all_ = (value(rule, FleetPeriod(_MANY, failed=failed)) for failed in (0, _MANY))
    if none is None or all_ is None or none == all_:
        return None
    scale = all_ - none
    units: tuple[tuple[float, Measure], ...] = ((1.0, "share"), (100.0, "percent"), (float(_MANY), "number"))
    measures = (measure for unit, measure in units if isclose(abs(scale), unit, rel_tol=1e-6))
    return Effect("error", next(measures, "other"), scale)


def _of_latency(rule: AlarmRule) -> Effect | None:
    """Latency where what is seen grows in a straight line with it."""
    one, two, three = (value(rule, FleetPeriod(_MANY, late=_MANY, slow=seconds * _SECOND)) for seconds in (1, 2, 3))
    if one is None or two is None or three is None or one == two:
        return None
    scale = (two - one) / _SECOND
    straight = isclose(three - two, two - one, rel_tol=1e-6)
    return Effect("latency", "microseconds" if straight and scale < 1000 else "other", scale)
