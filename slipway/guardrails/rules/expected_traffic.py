"""SG7xx: whether the first step gets enough requests for a decision, where the expected traffic is given."""

from collections.abc import Iterator
from dataclasses import replace
from math import ceil

from slipway.cloudwatch import needed_samples
from slipway.guardrails.alarms import Alarm, rollback_alarms
from slipway.guardrails.effects import effect, worst
from slipway.guardrails.finding import Found, rule
from slipway.guardrails.fleets import breaches, least_requests
from slipway.guardrails.planned import PlannedRollout
from slipway.guardrails.published_metrics import endpoint_metric
from slipway.guardrails.waits import first_share, waits
from slipway.rounding import counted

_ERRORS_TO_SEE = 3
"""Expected errors at the threshold: 3 make it 95 % sure that there is one at all."""
_ROWS_FOR_DRIFT = 200
"""The servers publish no drift before they have scored so many rows."""


def _requests(planned: PlannedRollout, alarm: Alarm) -> float | None:
    """Requests of the first step in one period of the alarm."""
    share = first_share(planned)
    if planned.requests_per_second is None or share is None or alarm.rule is None:
        return None
    return planned.requests_per_second * share * alarm.rule.period_seconds


def _one_decides(alarm: Alarm, requests: int) -> bool:
    """Whether the alarm goes off for one or two bad requests of so many."""
    bad = min(_ERRORS_TO_SEE - 1, requests)
    return alarm.rule is not None and breaches(
        alarm.rule, replace(worst(alarm), requests=requests, failed=bad, late=bad)
    )


@rule("SG701", "error", because="one error more or less decides, and a bad model shows none one time in twenty or more")
def too_few_requests(planned: PlannedRollout) -> Iterator[Found]:
    """Expected traffic of the first step too small for a share of errors."""
    for alarm in rollback_alarms(planned):
        requests, found = _requests(planned, alarm), effect(alarm)
        if requests is None or alarm.rule is None or not found or (found.kind, found.measure) != ("error", "share"):
            continue
        if not 0 < alarm.rule.threshold < 1 or found.scale < 0:
            continue
        needed = ceil(_ERRORS_TO_SEE / alarm.rule.threshold)
        if requests < needed and _one_decides(alarm, max(1, int(requests))):
            what = f"{requests:g} requests a period are expected for a threshold of {alarm.rule.threshold:g}"
            yield Found(what, _fix(planned, alarm, needed), alarm=alarm.name)


@rule("SG702", "error", because="below 10/(1-p) samples a percentile is the greatest few of them, or is not evaluated")
def too_few_for_a_percentile(planned: PlannedRollout) -> Iterator[Found]:
    """Expected traffic of the first step too small for a percentile."""
    for alarm in rollback_alarms(planned):
        requests = _requests(planned, alarm)
        known = alarm.single and endpoint_metric(alarm.single.namespace, alarm.single.name)
        if requests is None or requests >= (needed := needed_samples(alarm.statistic)) or not known:
            continue
        ignored = alarm.rule and alarm.rule.ignores_low_samples
        does = "never evaluated (EvaluateLowSampleCountPercentile is ignore)" if ignored else "evaluated on noise"
        what = f"{alarm.statistic} of {counted(requests, 'request')} a period is {does}"
        yield Found(what, f"{_fix(planned, alarm, needed)}, or a lower percentile", alarm=alarm.name)


@rule("SG703", "error", because="the alarm is then silent through the first step, however bad the new model is")
def unreachable_guard(planned: PlannedRollout) -> Iterator[Found]:
    """A minimum-traffic guard above what the first step is expected to get."""
    for alarm in rollback_alarms(planned):
        requests, least = _requests(planned, alarm), _guard(alarm)
        if requests is not None and least is not None and requests < least:
            what = f"the alarm needs {counted(least, 'request')} a period, and {requests:g} are expected"
            guard = "rollout.min_requests" if planned.setting_periods else "guard"
            yield Found(what, f"{_fix(planned, alarm, least)}, or a lower {guard}", alarm=alarm.name)


@rule("SG704", "warning", because="a single bad response among so few is chance, and would roll a good model back")
def weak_guard(planned: PlannedRollout) -> Iterator[Found]:
    """A minimum-traffic guard below which one bad response does not matter, and at which it decides."""
    for alarm in rollback_alarms(planned):
        least = _guard(alarm)
        if least and alarm.rule and breaches(alarm.rule, replace(worst(alarm), requests=least, failed=1, late=1)):
            what = f"one bad response of {least} raises the alarm"
            yield Found(what, "raise the guard, or ask for three errors at least", alarm=alarm.name)


def _guard(alarm: Alarm) -> int | None:
    """The requests a period below which metric math keeps the alarm silent, where it does."""
    if alarm.rule is None or alarm.single or effect(alarm) is None:
        return None
    least = least_requests(alarm.rule, worst(alarm))
    return least if least and least > 1 else None


@rule("SG705", "warning", because="the servers publish no drift before, so the first step is decided without it")
def too_few_for_drift(planned: PlannedRollout) -> Iterator[Found]:
    """A first bake in which no server scores rows enough to publish a drift."""
    share, bake, rate = first_share(planned), waits(planned).watched, planned.requests_per_second
    if share is None or not bake or rate is None:
        return
    # A fleet is so many servers, and each publishes the drift of its own rows.
    rows = rate * bake / planned.instances if planned.instances else rate * share * bake
    for alarm in rollback_alarms(planned):
        if (found := effect(alarm)) and found.kind == "drift" and rows < _ROWS_FOR_DRIFT:
            what = f"a server gets {counted(rows, 'row')} in the bake, and needs {counted(_ROWS_FOR_DRIFT, 'row')}"
            yield Found(
                what,
                f"bake longer, or expect {counted(rate * _ROWS_FOR_DRIFT / rows, 'request')} a second",
                alarm=alarm.name,
            )


def _fix(planned: PlannedRollout, alarm: Alarm, needed: int) -> str:
    period = alarm.rule.period_seconds if alarm.rule else 0
    share, rate = first_share(planned) or 1.0, planned.requests_per_second or 0.0
    longer = 60 * ceil(needed / max(rate * share, 1e-9) / 60)
    wider = f"Period {longer} within a bake as long" if rate and longer <= 3600 else "a larger first step"
    if planned.setting_periods:
        fitting = next((each for each in planned.setting_periods if rate and each >= longer), None)
        wider = f"rollout.alarm_period_seconds = {fitting} with a bake as long" if fitting else "a larger first step"
        wider += f", or take the plan of `slipway plan --requests-per-second {rate:g}`"
    return f"{needed} are needed: write {wider}, or expect {counted(needed / share / period, 'request')} a second"


RULES = (too_few_requests, too_few_for_a_percentile, unreachable_guard, weak_guard, too_few_for_drift)
