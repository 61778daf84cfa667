"""SG7xx: whether the first step gets requests enough to judge it, where the expected traffic is told."""

from collections.abc import Iterator
from math import ceil

from blueprint.alarms import needed_samples
from blueprint.guardrails.alarms import Alarm, rollback_alarms
from blueprint.guardrails.metrics import invocation_metric
from blueprint.guardrails.planned import PlannedRollout
from blueprint.guardrails.rule import Found, rule
from blueprint.guardrails.waits import first_share

_ERRORS_TO_SEE = 3
"""Expected errors at the threshold: 3 make it 95 % sure that there is one at all."""


def _requests(planned: PlannedRollout, alarm: Alarm) -> float | None:
    """Requests of the first step in one period of the alarm."""
    share = first_share(planned)
    if planned.requests_per_second is None or share is None or alarm.rule is None:
        return None
    return planned.requests_per_second * share * alarm.rule.period_seconds


@rule("SG701", "error", because="one error more or less decides, and a bad model shows none one time in twenty or more")
def too_few_requests(planned: PlannedRollout) -> Iterator[Found]:
    """Expected traffic of the first step too small to judge a share of errors."""
    for alarm in rollback_alarms(planned):
        requests, metric = _requests(planned, alarm), alarm.single
        known = metric and invocation_metric(metric.namespace, metric.name)
        if requests is None or not alarm.rule or not known or known.kind != "error" or not alarm.is_fraction:
            continue
        if 0 < alarm.rule.threshold < 1 and requests < (needed := ceil(_ERRORS_TO_SEE / alarm.rule.threshold)):
            what = f"{requests:g} requests a period are expected for a threshold of {alarm.rule.threshold:g}"
            yield Found(what, _fix(planned, alarm, needed), alarm=alarm.name)


@rule("SG702", "error", because="below 10/(1-p) samples a percentile is the greatest few of them, or left unjudged")
def too_few_for_a_percentile(planned: PlannedRollout) -> Iterator[Found]:
    """Expected traffic of the first step too small for a percentile."""
    for alarm in rollback_alarms(planned):
        requests = _requests(planned, alarm)
        if requests is None or requests >= (needed := needed_samples(alarm.statistic)):
            continue
        ignored = alarm.rule and alarm.rule.ignores_low_samples
        does = "never judged (EvaluateLowSampleCountPercentile is ignore)" if ignored else "judged on noise"
        what = f"{alarm.statistic} of {requests:g} requests a period is {does}"
        yield Found(what, f"{_fix(planned, alarm, needed)}, or a lower percentile", alarm=alarm.name)


def _fix(planned: PlannedRollout, alarm: Alarm, needed: int) -> str:
    period = alarm.rule.period_seconds if alarm.rule else 0
    share, rate = first_share(planned) or 1.0, planned.requests_per_second or 0.0
    longer = 60 * ceil(needed / max(rate * share, 1e-9) / 60)
    wider = f"Period {longer} within a bake as long" if rate and longer <= 3600 else "a larger first step"
    return f"{needed} are needed: write {wider}, or expect {needed / share / period:.4g} requests a second"


RULES = (too_few_requests, too_few_for_a_percentile)
