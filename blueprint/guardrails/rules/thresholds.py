"""SG5xx: thresholds that no fleet reaches, or that every fleet does."""

from collections.abc import Iterator

from blueprint.guardrails.alarms import Alarm, rollback_alarms, states
from blueprint.guardrails.metrics import invocation_metric
from blueprint.guardrails.planned import PlannedRollout
from blueprint.guardrails.rule import Found, rule

_ONE_MS, _TEN_MS = 1_000, 10_000


def _kind(alarm: Alarm) -> str | None:
    metric = alarm.single and invocation_metric(alarm.single.namespace, alarm.single.name)
    return metric.kind if metric else None


def _told(alarm: Alarm) -> str:
    """The alarm's condition as one would say it."""
    rule_ = alarm.rule
    if rule_ is None:
        return ""
    watched = f"{alarm.statistic} of {alarm.single.name}" if alarm.single else "the metric math"
    return f"{watched} is to be {rule_.comparison_words} {rule_.threshold:.15g}"


def _is_percent(alarm: Alarm) -> bool:
    """An average to be above 1 may be either mistake; it is told as an alarm that cannot fire."""
    if alarm.rule is None or _kind(alarm) != "error" or not (alarm.is_fraction and alarm.rises):
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
    """A threshold beyond what the metric can be."""
    for alarm in rollback_alarms(planned):
        fleets = list(states(alarm, asynchronous=planned.asynchronous, extremes=(0, 1)))
        if fleets and not any(fleets) and not _is_percent(alarm):
            fix = "write a fraction below 1, as 0.05 for 5 %" if _kind(alarm) == "error" else "lower the threshold"
            yield Found(_told(alarm), fix, alarm=alarm.name)


@rule("SG503", "error", because="errors are 1 or 0 a request, so 1 is already 100 % of them")
def percent(planned: PlannedRollout) -> Iterator[Found]:
    """A percentage where a fraction is meant."""
    for alarm in rollback_alarms(planned):
        if alarm.rule and _is_percent(alarm):
            share = alarm.rule.threshold / 100
            yield Found(_told(alarm), f"write {share:g} for {alarm.rule.threshold:g} %", alarm=alarm.name)


@rule("SG504", "error", because="SageMaker's latencies are in microseconds, and no request is answered that fast")
def milliseconds(planned: PlannedRollout) -> Iterator[Found]:
    """Milliseconds as the threshold of a metric in microseconds."""
    yield from _fast(planned, 0, _ONE_MS)


@rule("SG505", "warning", because="SageMaker's latencies are in microseconds, and few models answer that fast")
def maybe_milliseconds(planned: PlannedRollout) -> Iterator[Found]:
    """A latency of less than 10 ms, which reads like milliseconds."""
    yield from _fast(planned, _ONE_MS, _TEN_MS)


def _fast(planned: PlannedRollout, low: float, high: float) -> Iterator[Found]:
    for alarm in rollback_alarms(planned):
        threshold = alarm.rule.threshold if alarm.rule else 0
        if _kind(alarm) == "latency" and alarm.is_fraction and alarm.rises and low <= threshold < high:
            what = f"{_told(alarm)} microseconds, which is {threshold / 1000:g} ms"
            yield Found(what, f"write {threshold * 1000:.15g} if {threshold:g} ms is meant", alarm=alarm.name)


@rule("SG506", "error", because="a fleet without a single error breaches it, so no good model gets through")
def always_fires(planned: PlannedRollout) -> Iterator[Found]:
    """A condition that the best of fleets meets."""
    for alarm in rollback_alarms(planned):
        fleets = list(states(alarm, asynchronous=planned.asynchronous, extremes=(0,)))
        if _counts_requests(alarm):
            yield Found(_told(alarm), "write Average, or a percentile for a latency", alarm=alarm.name)
        elif (fleets and all(fleets) and _kind(alarm) != "latency") or _falls(alarm):
            yield Found(_told(alarm), "turn the operator round, or raise the threshold", alarm=alarm.name)


def _counts_requests(alarm: Alarm) -> bool:
    """Every request is a sample, failed or not, and adds its latency to the sum."""
    kind = _kind(alarm)
    return alarm.rises and (kind, alarm.statistic) in (
        ("error", "SampleCount"),
        ("latency", "SampleCount"),
        ("latency", "Sum"),
    )


def _falls(alarm: Alarm) -> bool:
    """Low latency is no fault, nor are few errors."""
    return alarm.rule is not None and _kind(alarm) in ("error", "latency") and not alarm.rises


RULES = (refused, cannot_fire, percent, milliseconds, maybe_milliseconds, always_fires)
