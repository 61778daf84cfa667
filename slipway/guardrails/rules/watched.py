"""SG4xx: whether an alarm watches a metric that exists, of this endpoint's new fleet."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from slipway.guardrails.alarms import dimensions_of, metrics_of, rollback_alarms
from slipway.guardrails.finding import Found, rule
from slipway.guardrails.fleets import blames_the_old_fleet, compares
from slipway.guardrails.planned import PlannedRollout, differ, is_opaque
from slipway.guardrails.published_metrics import (
    INSTANCE_METRICS,
    INSTANCE_NAMESPACE,
    INVOCATION_METRICS,
    INVOCATION_NAMESPACE,
    METRIC_NAMES,
    EndpointMetric,
    endpoint_metric,
    metric_names,
)
from slipway.metrics import DECISION_METRIC, ENDPOINT_NAMESPACE, decision_namespace, is_decision_namespace
from slipway.rollout.new_fleet_alarms import server_environment

_UNITS = {
    "latency": ("Microseconds",),
    "error": ("None", "Count"),
    "count": ("None", "Count"),
    "drift": ("None",),
    "decision": ("None",),
}
_OURS = "slipway/"


def _metrics(planned: PlannedRollout) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for alarm in planned.rollback_alarms:
        for metric in metrics_of(alarm):
            yield str(alarm["AlarmName"]), metric


def _place(metric: Mapping[str, Any]) -> tuple[str, str]:
    return str(metric.get("Namespace", "")), str(metric["MetricName"])


@rule("SG401", "error", because="a metric that is not published has no data, and no data raises no alarm")
def unknown_metric(planned: PlannedRollout) -> Iterator[Found]:
    """A namespace or a metric that neither SageMaker nor the model servers publish."""
    for alarm, metric in _metrics(planned):
        namespace, name = _place(metric)
        known = metric_names(namespace)
        if _of_another(planned, namespace):
            yield Found(f"{name} is not in the namespace {namespace}", f"write {_decisions(planned)}", alarm=alarm)
        elif known is not None:
            if name not in known and not is_opaque(name):
                close = get_close_matches(name, sorted(known), n=1, cutoff=0.0)
                yield Found(f"{namespace} has no metric {name}", f"write {close[0]} if that is meant", alarm=alarm)
        elif right := _right_namespace(planned, namespace, name):
            yield Found(f"{name} is not in the namespace {namespace}", f"write {right}", alarm=alarm)


def _decisions(planned: PlannedRollout) -> str:
    return decision_namespace("ENDPOINT" if is_opaque(planned.endpoint) else planned.endpoint)


def _of_another(planned: PlannedRollout, namespace: str) -> bool:
    """Whether decisions on another endpoint are published there."""
    known = not is_opaque(planned.endpoint) and not is_opaque(namespace)
    return known and is_decision_namespace(namespace) and namespace != _decisions(planned)


def _right_namespace(planned: PlannedRollout, namespace: str, name: str) -> str | None:
    """Other services' metrics and those of the user are left alone."""
    if namespace.strip("/").lower().startswith(("aws/sagemaker", "aws\\sagemaker")):
        return INSTANCE_NAMESPACE if name in INSTANCE_METRICS else INVOCATION_NAMESPACE
    if namespace.lower().startswith(_OURS) and name == DECISION_METRIC:
        return _decisions(planned)
    if namespace.lower().startswith(_OURS):
        spaces = [space for space, names in METRIC_NAMES.items() if name in names]
        return spaces[0] if spaces else ENDPOINT_NAMESPACE
    return INVOCATION_NAMESPACE if namespace.startswith("AWS/") and name in INVOCATION_METRICS else None


@rule("SG402", "error", because="this kind of endpoint does not publish it, and no data raises no alarm")
def metric_of_another_kind(planned: PlannedRollout) -> Iterator[Found]:
    """A metric that this kind of endpoint does not have."""
    kind = planned.kind
    for alarm, place in _metrics(planned):
        metric = endpoint_metric(*_place(place))
        if metric and kind not in metric.kinds:
            has = [name for name in ("Invocation5XXErrors", "ModelLatency") if kind in INVOCATION_METRICS[name].kinds]
            what = f"{kind.name} endpoints have no {metric.name}"
            yield Found(what, f"watch another metric, as {' or '.join(has)}", alarm=alarm)


@rule(
    "SG403",
    "error",
    because="without it the alarm sees both fleets, and a failing old fleet rolls back the new one",
)
def whole_endpoint(planned: PlannedRollout) -> Iterator[Found]:
    """An alarm that lacks the dimension of the new fleet: EndpointConfigName, or the servers' ModelPackageArn.

    Unless it compares: it has the new fleet's metrics too, and a failing old fleet alone does not set it off.
    """
    sound = {
        a.name for a in rollback_alarms(planned) if a.rule and compares(a.rule) and not blames_the_old_fleet(a.rule)
    }
    for alarm, place in _metrics(planned):
        metric = endpoint_metric(*_place(place))
        if alarm not in sound and metric and metric.selector and metric.selector not in dict(dimensions_of(place)):
            given = ", ".join(name for name, _ in dimensions_of(place)) or "none"
            what = f"{metric.name} has the dimensions {given}, not {metric.selector}"
            fix = f"add {metric.selector} {' or '.join(_right(planned)[metric.selector])}"
            yield Found(what, fix.strip(), alarm=alarm)


@rule("SG404", "error", because="CloudWatch matches dimensions exactly, and finds no data under others")
def wrong_dimensions(planned: PlannedRollout) -> Iterator[Found]:
    """Dimensions that select another fleet, or nothing."""
    for alarm, place in _metrics(planned):
        metric = endpoint_metric(*_place(place))
        if metric:
            for what, fix in _dimension_errors(dimensions_of(place), metric, planned):
                yield Found(what, fix, alarm=alarm)


def _right(planned: PlannedRollout) -> dict[str, list[str]]:
    """What each dimension is to be, where that is known."""
    return {
        "EndpointName": [planned.endpoint],
        "VariantName": [variant.name for variant in planned.variants],
        "EndpointConfigName": [planned.config_name],
        "ModelPackageArn": [variant.package for variant in planned.variants if variant.package],
    }


def _dimension_errors(
    given: list[tuple[str, str]], metric: EndpointMetric, planned: PlannedRollout
) -> Iterator[tuple[str, str]]:
    names, right, wanted = [name for name, _ in given], _right(planned), metric.dimensions
    for name, value in given:
        if name not in wanted:
            yield f"dimension {name} must be one of {', '.join(wanted)}", f"remove {name}"
        elif right[name] and all(differ(value, expected) for expected in right[name]):
            yield f"dimension {name} must be {' or '.join(right[name])}, got {value}", f"write {right[name][0]}"
    for name in metric.whole:
        if name not in names:
            yield (
                f"dimension {name} must be given, got {', '.join(names) or 'none'}",
                f"add {name} {' or '.join(right[name])}",
            )
    if len(set(names)) < len(names):
        yield f"dimensions must be unique, got {', '.join(names)}", "give each once"


@rule("SG405", "error", because="CloudWatch keeps each unit apart and converts none, so there is no data under another")
def wrong_unit(planned: PlannedRollout) -> Iterator[Found]:
    """A unit that the metric is not published in."""
    for alarm, place in _metrics(planned):
        metric, unit = endpoint_metric(*_place(place)), place.get("Unit")
        allowed = _UNITS.get(metric.kind) if metric else None
        if unit and metric and allowed and unit not in allowed and not is_opaque(unit):
            yield Found(f"Unit of {metric.name} is {unit}", f"remove Unit, or write {allowed[0]}", alarm=alarm)


@rule(
    "SG406",
    "error",
    because="the model servers publish nothing unless their environment has the names for it",
)
def unnamed_servers(planned: PlannedRollout) -> Iterator[Found]:
    """An alarm on what the servers publish, of containers without those names in their environment."""
    for variant in planned.variants:
        given = dict(variant.environment) if variant.environment is not None else None
        wanted = server_environment(planned.endpoint, variant.package or "")
        for alarm in sorted({a for a, place in _metrics(planned) if _place(place)[0] == ENDPOINT_NAMESPACE}):
            for name in wanted if given is not None else ():
                if not (given or {}).get(name):
                    what = f"the container of {variant.name} has no {name}"
                    yield Found(what, f"add {name} to the Model's Environment", alarm=alarm)


RULES = (unknown_metric, metric_of_another_kind, whole_endpoint, wrong_dimensions, wrong_unit, unnamed_servers)
