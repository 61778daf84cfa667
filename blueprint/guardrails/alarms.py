"""The alarms of a planned rollout, read with CloudWatch's own eyes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from blueprint.alarms import AlarmRule, Metric, Samples, alarm_rule, series
from blueprint.errors import InputError
from blueprint.guardrails.metrics import bounds
from blueprint.guardrails.planned import PlannedRollout, is_opaque

_NUMBERS = ("Period", "EvaluationPeriods", "DatapointsToAlarm", "Threshold")
_REQUESTS_A_PERIOD = (1, 10, 1_000, 100_000)
_MOST_METRICS = 6
_STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_CHANGING = ("RATE", "DIFF")


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
    def is_fraction(self) -> bool:
        """Its statistic stays within what one sample can be: no sum and no count."""
        return bool(self.statistic) and self.statistic not in ("Sum", "SampleCount")

    @property
    def rises(self) -> bool:
        return self.rule is not None and self.rule.comparison.startswith("GreaterThan")


def rollback_alarms(planned: PlannedRollout) -> Iterator[Alarm]:
    """Every alarm that is known and named by the DeploymentConfig."""
    for description in planned.rollback_alarms:
        yield _read(description)


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
    if not _judgeable(description):
        return Alarm(name, description, None)
    try:
        rule = alarm_rule(description)
    except InputError as exc:
        return Alarm(name, description, None, refused=str(exc).removeprefix(f"{name}: "))
    except KeyError as exc:
        return Alarm(name, description, None, refused=f"{exc.args[0]} must be given, got none")
    except (TypeError, ValueError) as exc:
        return Alarm(name, description, None, refused=str(exc))
    unfit = _unfit_statistic(description)
    return Alarm(name, description, None if unfit else rule, refused=unfit)


def _unfit_statistic(description: Mapping[str, Any]) -> str | None:
    """What is wrong with the statistic of an alarm on one metric."""
    plain, extended = description.get("Statistic"), description.get("ExtendedStatistic")
    if description.get("Metrics"):
        return None
    if bool(plain) == bool(extended):
        return f"either Statistic or ExtendedStatistic must be given, got {'both' if plain else 'none'}"
    if plain and plain not in _STATISTICS:
        return f"Statistic must be one of {', '.join(_STATISTICS)}, got {plain}"
    return None


def _judgeable(description: Mapping[str, Any]) -> bool:
    """Composite alarms and anomaly bands have no threshold of their own; some numbers only the deployment knows."""
    if "AlarmRule" in description or "ThresholdMetricId" in description:
        return False
    periods = [(q.get("MetricStat") or q).get("Period") for q in description.get("Metrics") or ()]
    return not any(is_opaque(value) for value in (*(description.get(key) for key in _NUMBERS), *periods))


def states(alarm: Alarm, *, asynchronous: bool, extremes: tuple[int, ...]) -> Iterator[bool]:
    """Whether the alarm's datapoint breaches, fleet by fleet; nothing where that cannot be worked out.

    Args:
        alarm: what is asked.
        asynchronous: of which kind the endpoint is.
        extremes: the sides its samples may be on: 0 the least that a metric can be, 1 the greatest.
    """
    rule = alarm.rule
    watched = [query for query in rule.queries if query.metric] if rule else []
    limits = {q.id: bounds(q.metric.namespace, q.metric.name, asynchronous=asynchronous) for q in watched if q.metric}
    if rule is None or not 1 <= len(watched) <= _MOST_METRICS or _depends_on_change(rule):
        return
    known = {id_: limit for id_, limit in limits.items() if limit}
    if len(known) < len(watched):
        return
    for requests, sides in product(_REQUESTS_A_PERIOD, product(extremes, repeat=len(watched))):
        sample = {q.id: _samples(known[q.id][side], requests) for q, side in zip(watched, sides, strict=True)}
        try:
            found = series(rule, {id_: [held] * rule.evaluation_range for id_, held in sample.items()})
        except InputError:
            return  # metric math beyond what is modelled here
        newest = found.datapoints[-1]
        yield newest is not None and rule.breaches(newest)


def _depends_on_change(rule: AlarmRule) -> bool:
    return any(word in (query.expression or "") for query in rule.queries for word in _CHANGING)


def _samples(value: float, count: int) -> Samples:
    return Samples(count, value * count, value, value, ((value, count),))
