"""SG5xx: thresholds that no fleet reaches, or that every fleet does."""

from collections.abc import Iterator

from slipway.cloudwatch import AlarmState
from slipway.guardrails.alarms import Alarm, rollback_alarms
from slipway.guardrails.composite_alarms import fires_for_anything, fires_when_all, is_composite
from slipway.guardrails.effects import effect
from slipway.guardrails.finding import Found, rule
from slipway.guardrails.fleets import promoted, states
from slipway.guardrails.planned import PlannedRollout, is_opaque

_ONE_MS, _TEN_MS = 1_000, 10_000
_GREATEST_DRIFT = 5.0
"""A population stability index of 0.25 is a large drift; of two ranges that do not meet at all it is about this."""


def _measures(alarm: Alarm, kind: str, measure: str) -> bool:
    found = effect(alarm)
    return found is not None and (found.kind, found.measure) == (kind, measure)


def _condition(alarm: Alarm) -> str:
    """The alarm's condition in words."""
    rule_ = alarm.rule
    if rule_ is None:
        return ""
    expression = rule_.returned_query.expression
    watched = f"{alarm.statistic} of {alarm.single.name}" if alarm.single else f"the metric math {expression}"
    return f"{watched} is to be {rule_.comparison_words} {rule_.threshold:.15g}"


def _is_percent(alarm: Alarm) -> bool:
    """Of one metric, an average above 1 may be either error; it is reported as an alarm that cannot fire."""
    if alarm.rule is None or not alarm.rises or not _measures(alarm, "error", "share"):
        return False
    least = alarm.rule.threshold
    return least > 1 or (least == 1 and alarm.rule.comparison == "GreaterThanOrEqualToThreshold")


@rule("SG501", "error", because="CloudWatch refuses the alarm")
def refused(planned: PlannedRollout) -> Iterator[Found]:
    """M above N, a period that is not allowed, an unknown operator or treatment, a field that is missing."""
    for alarm in rollback_alarms(planned):
        if alarm.refused:
            yield Found(alarm.refused, "write one of what is allowed", alarm=alarm.name)


@rule("SG502", "error", because="not even a fleet that fails every request gets there, so the alarm cannot fire")
def cannot_fire(planned: PlannedRollout) -> Iterator[Found]:
    """A threshold beyond what the metric can be, or a composite that no states fulfil."""
    for alarm in rollback_alarms(planned):
        breaches = states(alarm, kind=planned.kind, extremes=(0, 1))
        if not next(breaches, True) and not any(breaches) and not _is_percent(alarm):
            share = _measures(alarm, "error", "share")
            fix = "write a fraction below 1, as 0.05 for 5 %" if share else "lower the threshold"
            yield Found(_condition(alarm), fix, alarm=alarm.name)
        if _composite(alarm) and fires_for_anything(alarm.description) is False:
            yield Found(_rule_of(alarm), "write ALARM(…) of the alarms that detect a bad model", alarm=alarm.name)


@rule("SG503", "error", because="errors are 1 or 0 a request, so 1 is already 100 % of them")
def percent(planned: PlannedRollout) -> Iterator[Found]:
    """A percentage where a fraction is meant."""
    for alarm in rollback_alarms(planned):
        if alarm.rule and _is_percent(alarm):
            share = alarm.rule.threshold / 100
            yield Found(_condition(alarm), f"write {share:g} for {alarm.rule.threshold:g} %", alarm=alarm.name)


@rule("SG504", "error", because="SageMaker's latencies are in microseconds, and no request takes so little")
def milliseconds(planned: PlannedRollout) -> Iterator[Found]:
    """Milliseconds as the threshold of a metric in microseconds."""
    yield from _fast(planned, 0, _ONE_MS)


@rule("SG505", "warning", because="SageMaker's latencies are in microseconds, and few models are that fast")
def maybe_milliseconds(planned: PlannedRollout) -> Iterator[Found]:
    """A latency of less than 10 ms, which reads like milliseconds."""
    yield from _fast(planned, _ONE_MS, _TEN_MS)


def _fast(planned: PlannedRollout, low: float, high: float) -> Iterator[Found]:
    for alarm in rollback_alarms(planned):
        found = effect(alarm)
        if alarm.rule is None or not alarm.rises or found is None or found.measure != "microseconds":
            continue
        threshold, factor = alarm.rule.threshold, 1 / found.scale  # metric math may have divided
        if low <= threshold * factor < high:
            what = f"{_condition(alarm)}, which is {threshold * factor / 1000:g} ms"
            fix = f"write {threshold * 1000:.15g} if {threshold * factor:g} ms is meant"
            yield Found(what, fix, alarm=alarm.name)


@rule("SG506", "error", because="a fleet without a single error breaches it, so no good model is promoted")
def always_fires(planned: PlannedRollout) -> Iterator[Found]:
    """A condition that the best of fleets meets."""
    for alarm in rollback_alarms(planned):
        breaches = states(alarm, kind=planned.kind, extremes=(0,))
        latency = (found := effect(alarm)) is not None and found.kind == "latency"
        if _counts_requests(alarm):
            yield Found(_condition(alarm), "write Average, or a percentile for a latency", alarm=alarm.name)
        elif (not latency and next(breaches, False) and all(breaches)) or _wrong_way(alarm):
            yield Found(_condition(alarm), "reverse the operator, or raise the threshold", alarm=alarm.name)
        elif _composite(alarm) and any(
            fires_when_all(alarm.description, state) for state in (AlarmState.OK, AlarmState.INSUFFICIENT_DATA)
        ):
            yield Found(_rule_of(alarm), "write ALARM(…) of the alarms that detect a bad model", alarm=alarm.name)


def _counts_requests(alarm: Alarm) -> bool:
    """Every request is a sample, failed or not, and adds its latency to the sum."""
    found = effect(alarm)
    return bool(found and alarm.rises and alarm.single) and (found.kind if found else "", alarm.statistic) in (
        ("error", "SampleCount"),
        ("latency", "SampleCount"),
        ("latency", "Sum"),
    )


def _wrong_way(alarm: Alarm) -> bool:
    """Low latency is no fault, nor are few errors; a share of successes is the other way round."""
    found = effect(alarm)
    return found is not None and found.kind in ("error", "latency") and alarm.rises != (found.scale > 0)


@rule("SG507", "error", because="a population stability index of 0.25 is a large drift already, and no percentage")
def drift_as_percent(planned: PlannedRollout) -> Iterator[Found]:
    """A drift of scores or inputs that nothing reaches."""
    for alarm in rollback_alarms(planned):
        found = effect(alarm)
        if found and found.kind == "drift" and alarm.rule and alarm.rises and alarm.rule.threshold >= _GREATEST_DRIFT:
            fix = f"write {alarm.rule.threshold / 100:g} if that is meant"
            yield Found(_condition(alarm), fix, alarm=alarm.name)


@rule("SG508", "error", because="a canary decision is 0 (extend), 1 (promote) or 2 (roll back), and 1 is good")
def promotion_alarms(planned: PlannedRollout) -> Iterator[Found]:
    """An alarm on canary decisions that a promotion raises."""
    for alarm in rollback_alarms(planned):
        found = effect(alarm)
        if found and found.kind == "decision" and promoted(alarm):
            yield Found(_condition(alarm), "write Maximum, GreaterThanOrEqualToThreshold, 2", alarm=alarm.name)


@rule("SG509", "warning", because="the metric math gives a percentage, of which such a fraction is hardly an error")
def fraction_of_percent(planned: PlannedRollout) -> Iterator[Found]:
    """A fraction where the metric math makes a percentage."""
    for alarm in rollback_alarms(planned):
        if alarm.rule and alarm.rises and _measures(alarm, "error", "percent") and 0 < alarm.rule.threshold <= 0.1:
            what = f"{_condition(alarm)}, which is {alarm.rule.threshold:g} %"
            yield Found(what, f"write {alarm.rule.threshold * 100:g} for as many percent", alarm=alarm.name)


def _composite(alarm: Alarm) -> bool:
    described = alarm.description
    return is_composite(described) and not alarm.refused and not is_opaque(described["AlarmRule"])


def _rule_of(alarm: Alarm) -> str:
    return f"AlarmRule is {alarm.description['AlarmRule']}"


RULES = (
    refused,
    cannot_fire,
    percent,
    milliseconds,
    maybe_milliseconds,
    always_fires,
    drift_as_percent,
    promotion_alarms,
    fraction_of_percent,
)
