"""SG6xx: alarms that fire too late, or without data."""

import re
from collections.abc import Iterator
from dataclasses import replace

from slipway.guardrails.alarms import Alarm, metrics_of, rollback_alarms
from slipway.guardrails.effects import worst
from slipway.guardrails.finding import Found, rule
from slipway.guardrails.fleets import first_period
from slipway.guardrails.planned import PlannedRollout
from slipway.guardrails.published_metrics import METRIC_NAMES, PERIOD_SECONDS
from slipway.guardrails.waits import waits

_MANY = 100_000
_FILL = re.compile(r"\bFILL\s*\(")


def _window(alarm: Alarm, datapoints: int) -> int:
    return datapoints * (alarm.rule.period_seconds if alarm.rule else 0)


def _needed(alarm: Alarm) -> int:
    """Seconds from the first traffic until M periods can have breached."""
    if not alarm.rule:
        return 0
    bad = replace(worst(alarm), requests=_MANY, failed=_MANY, late=_MANY)
    return _window(alarm, alarm.rule.least_breaching + first_period(alarm.rule, bad) - 1)


def _evaluation_seconds(alarm: Alarm) -> int:
    """Seconds between two evaluations of the alarm: the one of a full window is so much after its end."""
    return 10 if alarm.rule and alarm.rule.period_seconds < PERIOD_SECONDS else PERIOD_SECONDS


@rule("SG601", "error", because="the bake is over before the alarm can fire")
def late(planned: PlannedRollout) -> Iterator[Found]:
    """A window that does not fit in the bake together with the evaluation that follows it."""
    bake = waits(planned).watched
    for alarm in rollback_alarms(planned):
        if not alarm.rule or not bake:
            continue
        if (needed := _needed(alarm) + _evaluation_seconds(alarm)) > bake:
            what = f"the alarm's window and the evaluation after it take {needed} s of a bake of {bake} s"
            fix = f"shorten Period or the periods, or lengthen the bake to {needed} s"
            yield Found(what, fix, alarm=alarm.name)


@rule("SG602", "warning", because="the older datapoints are from before the new fleet had traffic")
def long_window(planned: PlannedRollout) -> Iterator[Found]:
    """M datapoints fit in the bake, all N of the window do not."""
    bake = waits(planned).watched
    for alarm in rollback_alarms(planned):
        if not alarm.rule or not bake or _needed(alarm) + _evaluation_seconds(alarm) > bake:
            continue
        if (whole := _window(alarm, alarm.rule.evaluation_periods)) > bake:
            yield _too_long(alarm, whole, bake, "bake")


@rule("SG603", "warning", because="the old fleet is gone before the alarm has seen all traffic")
def late_at_the_end(planned: PlannedRollout) -> Iterator[Found]:
    """A window longer than the final bake."""
    found = waits(planned)
    for alarm in rollback_alarms(planned) if found.way in ("CANARY", "LINEAR") else ():
        if alarm.rule and found.final and (needed := _window(alarm, alarm.rule.least_breaching)) > found.final:
            yield _too_long(alarm, needed, found.final, "final bake")


def _too_long(alarm: Alarm, window: int, bake: int, which: str) -> Found:
    what = f"the alarm's window of {window} s is longer than the {which} of {bake} s"
    return Found(what, f"shorten Period or the periods, or lengthen the {which} to {window} s", alarm=alarm.name)


@rule("SG604", "error", because="its metrics are published by the minute, so most of the shorter periods are empty")
def short_period(planned: PlannedRollout) -> Iterator[Found]:
    """A period shorter than the metric's; a canary decision is published at once."""
    for alarm in rollback_alarms(planned):
        published = {metric.get("Namespace") for metric in metrics_of(alarm.description)}
        if not published & METRIC_NAMES.keys() or alarm.rule is None:
            continue
        if (period := alarm.rule.period_seconds) < PERIOD_SECONDS:
            yield Found(f"Period is {period} s", f"write {PERIOD_SECONDS}", alarm=alarm.name)


@rule("SG605", "error", because="a new fleet has no traffic at first, and would be rolled back for it")
def breaching(planned: PlannedRollout) -> Iterator[Found]:
    """Missing data that raises the alarm."""
    yield from _missing(planned, "breaching")


@rule("SG606", "warning", because="without traffic the alarm keeps the state it has, ALARM included")
def ignored(planned: PlannedRollout) -> Iterator[Found]:
    """Missing data that keeps the alarm."""
    yield from _missing(planned, "ignore")


def _missing(planned: PlannedRollout, treatment: str) -> Iterator[Found]:
    for alarm in rollback_alarms(planned):
        if alarm.description.get("TreatMissingData") == treatment:
            yield Found(f"TreatMissingData is {treatment}", "write notBreaching", alarm=alarm.name)


@rule("SG607", "warning", because="the newest period is filled before its data arrive, which are then never evaluated")
def filled(planned: PlannedRollout) -> Iterator[Found]:
    """FILL in an alarm that every one of its periods has to raise."""
    for alarm in rollback_alarms(planned):
        rule_ = alarm.rule
        if rule_ is None or rule_.least_breaching < rule_.evaluation_periods:
            continue
        for query in rule_.queries:
            if query.expression and _FILL.search(query.expression):
                fix = "leave missing data to TreatMissingData, or alarm on M of more periods"
                yield Found(f"the metric math is {query.expression}", fix, alarm=alarm.name)


RULES = (late, long_window, late_at_the_end, short_period, breaching, ignored, filled)
