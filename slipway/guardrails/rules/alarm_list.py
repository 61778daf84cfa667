"""SG3xx: which alarms roll the rollout back, and which are missing."""

from collections.abc import Iterator, Mapping
from typing import Any

from slipway.guardrails.alarms import dimensions_of, metrics_of
from slipway.guardrails.composite_alarms import is_composite, referenced_alarms
from slipway.guardrails.finding import Found, rule
from slipway.guardrails.planned import PlannedRollout, is_opaque
from slipway.guardrails.published_metrics import INVOCATION_METRICS, INVOCATION_NAMESPACE

_ERRORS = frozenset({"Invocation5XXErrors", "InvocationModelErrors", "InvocationFailures"})
_LATENCIES = frozenset(name for name, metric in INVOCATION_METRICS.items() if metric.kind == "latency") | {
    "TotalProcessingTime"
}


@rule("SG301", "error", because="nothing rolls the traffic back, however bad the new model is")
def no_alarm(planned: PlannedRollout) -> Iterator[Found]:
    """No rollback alarm at all."""
    if planned.deployment is not None and not planned.named_alarms:
        yield Found("AutoRollbackConfiguration names no alarm", "name alarms on the new fleet's errors and latency")


@rule("SG302", "warning", because="a model that responds with errors would be promoted")
def no_error_alarm(planned: PlannedRollout) -> Iterator[Found]:
    """No alarm on errors."""
    if _all_known(planned) and not _watched(planned) & _ERRORS:
        fix = "add one on the Average of Invocation5XXErrors"
        yield Found("no rollback alarm watches the new fleet's errors", fix)


@rule("SG303", "warning", because="a model that is too slow would be promoted")
def no_latency_alarm(planned: PlannedRollout) -> Iterator[Found]:
    """No alarm on latency."""
    if _all_known(planned) and not _watched(planned) & _LATENCIES:
        yield Found("no rollback alarm watches the new fleet's latency", "add one on a percentile of ModelLatency")


@rule("SG304", "error", because="SageMaker cannot watch an alarm that does not exist")
def unknown_alarm(planned: PlannedRollout) -> Iterator[Found]:
    """An alarm that is named and does not exist."""
    known = {str(alarm["AlarmName"]) for alarm in planned.alarms}
    for name in dict.fromkeys(planned.named_alarms):
        if name not in known and not is_opaque(name):
            fix = f"make it, or name one of {', '.join(sorted(known)) or '(none)'}"
            yield Found(f"AutoRollbackConfiguration names {name or '(nothing)'}, which is not known", fix, alarm=name)


@rule("SG305", "warning", because="it watches the new fleet and rolls nothing back")
def idle_alarm(planned: PlannedRollout) -> Iterator[Found]:
    """An alarm on the new fleet that is not named."""
    named = planned.named_alarms
    if not named or any(is_opaque(name) for name in named):
        return
    referenced = {alarm["AlarmName"] for alarm in planned.rollback_alarms}
    for alarm in planned.alarms:
        if alarm["AlarmName"] not in referenced and _selects(alarm, planned.config_name):
            fix = "name it in AutoRollbackConfiguration.Alarms, or remove it"
            yield Found("the alarm is not in the DeploymentConfig", fix, alarm=str(alarm["AlarmName"]))


@rule(
    "SG306", "warning", because="an alarm that is updated keeps its state, and one left in ALARM stops the next rollout"
)
def lasting_alarm(planned: PlannedRollout) -> Iterator[Found]:
    """An alarm whose name does not change with the endpoint config."""
    for alarm in planned.rollback_alarms:
        name = str(alarm["AlarmName"])
        if planned.config_name not in name and not is_opaque(name):
            fix = f"derive its name from the endpoint config's, as {planned.config_name}-Errors"
            yield Found(f"AlarmName {name} outlives the rollout", fix, alarm=name)


def _all_known(planned: PlannedRollout) -> bool:
    """Every named alarm can be looked into, so that what is missing is missing."""
    alarms = planned.rollback_alarms
    watched = [metric for alarm in alarms for metric in metrics_of(alarm)]
    wanted = {*planned.named_alarms, *(name for alarm in alarms for name in referenced_alarms(alarm))}
    readable = not any(map(_misspelt, watched)) and not any(map(_is_unread, alarms))
    return bool(alarms) and readable and {a["AlarmName"] for a in alarms} == wanted


def _is_unread(alarm: Mapping[str, Any]) -> bool:
    """A composite alarm whose rule cannot be read."""
    return is_composite(alarm) and not referenced_alarms(alarm)


def _misspelt(metric: Mapping[str, Any]) -> bool:
    return metric.get("Namespace") == INVOCATION_NAMESPACE and metric["MetricName"] not in INVOCATION_METRICS


def _watched(planned: PlannedRollout) -> set[str]:
    return {str(metric.get("MetricName")) for alarm in planned.rollback_alarms for metric in metrics_of(alarm)}


@rule("SG307", "error", because="a state that is never set is never ALARM, so this part of the rule has no effect")
def unknown_child(planned: PlannedRollout) -> Iterator[Found]:
    """A composite alarm that references one that does not exist."""
    known = {str(alarm["AlarmName"]) for alarm in planned.alarms}
    for alarm in planned.rollback_alarms:
        for name in referenced_alarms(alarm):
            if name not in known and not is_opaque(name):
                what = f"AlarmRule references {name}, which is not known"
                fix = f"make it, or reference one of {', '.join(sorted(known - {alarm['AlarmName']})) or '(none)'}"
                yield Found(what, fix, alarm=str(alarm["AlarmName"]))


def _selects(alarm: Mapping[str, Any], config_name: str) -> bool:
    wanted = ("EndpointConfigName", config_name)
    return any(wanted in dimensions_of(metric) for metric in metrics_of(alarm))


RULES = (no_alarm, no_error_alarm, no_latency_alarm, unknown_alarm, idle_alarm, lasting_alarm, unknown_child)
