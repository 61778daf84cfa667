"""The alarms of a planned rollout, read with CloudWatch's own eyes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from slipway.cloudwatch import AlarmRule, Metric, alarm_rule, check_expressions, composite_rule, query_mistakes
from slipway.errors import InputError
from slipway.guardrails.composite import is_composite
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
    """Every alarm that is known, and named by the DeploymentConfig or asked by one that is."""
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
    if not _judgeable(description):
        return Alarm(name, description, None)
    rule: AlarmRule | None
    mistake: str | None
    try:
        rule = alarm_rule(description)
        mistake = _unfit_expression(rule)
    except InputError as exc:
        rule, mistake = None, str(exc).removeprefix(f"{name}: ")
    except KeyError as exc:
        rule, mistake = None, f"{exc.args[0]} must be given, got none"
    except (TypeError, ValueError) as exc:
        rule, mistake = None, str(exc)
    # What is wrong with the queries themselves is told rather than what follows from it.
    mistake = next(query_mistakes(description, is_unknown=is_opaque), mistake)
    return Alarm(name, description, None if mistake else rule, refused=mistake)


def _unfit_expression(rule: AlarmRule) -> str | None:
    """Of those that are known; what an expression asks for may be a value of the deployment's too."""
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


def _judgeable(description: Mapping[str, Any]) -> bool:
    """Anomaly bands have no threshold of their own; some numbers only the deployment knows."""
    if "ThresholdMetricId" in description:
        return False
    periods = [(q.get("MetricStat") or q).get("Period") for q in description.get("Metrics") or ()]
    return not any(is_opaque(value) for value in (*(description.get(key) for key in _NUMBERS), *periods))
