"""The alarms of a planned rollout, read as CloudWatch reads them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from slipway.cloudwatch import AlarmRule, Metric, alarm_rule, check_expressions, composite_rule, query_errors
from slipway.errors import InputError
from slipway.guardrails.composite_alarms import is_composite
from slipway.guardrails.planned import PlannedRollout, is_opaque

_NUMBERS = ("Period", "EvaluationPeriods", "DatapointsToAlarm", "Threshold")


@dataclass(frozen=True)
class Alarm:
    """An alarm's name, its description, and the rule in it where one can be read."""

    name: str
    description: Mapping[str, Any]
    rule: AlarmRule | None
    refused: str | None = None

    @property
    def single(self) -> Metric | None:
        """The one metric it watches; None for metric math."""
        return self.rule.returned_query.metric if self.rule else None

    @property
    def statistic(self) -> str:
        return self.single.statistic if self.single else ""

    @property
    def rises(self) -> bool:
        return self.rule is not None and self.rule.comparison.startswith("GreaterThan")


@lru_cache(maxsize=4)  # every rule asks for them
def rollback_alarms(planned: PlannedRollout) -> tuple[Alarm, ...]:
    """Every alarm that is known, and named by the DeploymentConfig or referenced by one that is."""
    return tuple(_read(description) for description in planned.rollback_alarms)


def metrics_of(description: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The metrics an alarm watches, those inside metric math too: Namespace, MetricName, Dimensions, Unit."""
    if description.get("MetricName"):
        yield description
    for query in description.get("Metrics") or ():
        stat = query.get("MetricStat") or {}
        if (metric := stat.get("Metric")) and metric.get("MetricName"):
            yield {**metric, "Unit": stat.get("Unit")}


def dimensions_of(metric: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(str(d.get("Name")), str(d.get("Value"))) for d in metric.get("Dimensions") or ()]


def _read(description: Mapping[str, Any]) -> Alarm:
    name = str(description["AlarmName"])
    if is_composite(description):
        return Alarm(name, description, None, refused=_refused_composite(description))
    if not _is_readable(description):
        return Alarm(name, description, None)
    rule: AlarmRule | None
    error: str | None
    try:
        rule = alarm_rule(description)
        error = _unfit_expression(rule)
    except InputError as exc:
        rule, error = None, str(exc).removeprefix(f"{name}: ")
    except KeyError as exc:
        rule, error = None, f"{exc.args[0]} must be given, got none"
    except (TypeError, ValueError) as exc:
        rule, error = None, str(exc)
    # An error of the queries themselves is reported before what follows from it.
    error = next(query_errors(description, is_unknown=is_opaque), error)
    return Alarm(name, description, None if error else rule, refused=error)


def _unfit_expression(rule: AlarmRule) -> str | None:
    """Of those that are known; what an expression refers to may be known to the deployment alone too."""
    if any(is_opaque(query.expression) or is_opaque(query.id) for query in rule.queries):
        return None
    try:
        check_expressions(rule)
    except InputError as exc:
        return str(exc).removeprefix(f"{rule.name}: ")
    return None


def _refused_composite(description: Mapping[str, Any]) -> str | None:
    if is_opaque(text := description["AlarmRule"]):
        return None
    if not isinstance(text, str):
        return f"AlarmRule must be text, got {text!r}"
    try:
        composite_rule({**description, "ActionsSuppressor": None})
    except InputError as exc:
        return str(exc)
    return None


def _is_readable(description: Mapping[str, Any]) -> bool:
    """Anomaly bands have no threshold of their own; some numbers are known to the deployment alone."""
    if "ThresholdMetricId" in description:
        return False
    periods = [(q.get("MetricStat") or q).get("Period") for q in description.get("Metrics") or ()]
    return not any(is_opaque(value) for value in (*(description.get(key) for key in _NUMBERS), *periods))
