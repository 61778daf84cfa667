"""What a metric alarm watches, read from CloudWatch's own description of it."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

from slipway.cloudwatch.alarm_limits import MOST_ALARM_NAME, SHORT_ALARM_PERIODS, longest_alarm_seconds
from slipway.cloudwatch.statistic import check_statistic
from slipway.errors import InputError

MissingData = Literal["missing", "ignore", "breaching", "notBreaching"]

_COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
_MISSING: tuple[MissingData, ...] = ("missing", "ignore", "breaching", "notBreaching")
_LOW_SAMPLES = ("evaluate", "ignore")
_STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_EXTRA_DATAPOINTS = 2
_MOST_METRICS = 10


@dataclass(frozen=True)
class Metric:
    """One metric and the statistic taken of it."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]
    statistic: str


@dataclass(frozen=True)
class MetricQuery:
    """A metric, or an expression over other queries."""

    id: str
    metric: Metric | None = None
    expression: str | None = None
    returned: bool = True


@dataclass(frozen=True)
class AlarmRule:
    """When a metric alarm changes its state."""

    name: str
    queries: tuple[MetricQuery, ...]
    period_seconds: int
    evaluation_periods: int
    threshold: float
    comparison: str
    datapoints_to_alarm: int | None = None
    missing_data: MissingData = "missing"
    ignores_low_samples: bool = False

    @property
    def least_breaching(self) -> int:
        """M of "M out of N"; N where it was not given."""
        return self.datapoints_to_alarm or self.evaluation_periods

    @property
    def evaluation_range(self) -> int:
        """Datapoints fetched: N, and more in case some are missing. AWS documents 5 for an N of 3 and no formula."""
        return self.evaluation_periods + _EXTRA_DATAPOINTS

    @property
    def tick_seconds(self) -> int:
        """How often it is evaluated: every 10 s with a period below a minute, else every minute."""
        return 10 if self.period_seconds < 60 else 60

    @property
    def comparison_words(self) -> str:
        return _COMPARISONS[self.comparison][1]

    @property
    def returned_query(self) -> MetricQuery:
        return next(query for query in self.queries if query.returned)

    def breaches(self, value: float) -> bool:
        return _COMPARISONS[self.comparison][0](value, self.threshold)


def alarm_rule(description: Mapping[str, Any]) -> AlarmRule:
    """The rule of an alarm in the shape of PutMetricAlarm, or of a MetricAlarm in DescribeAlarms.

    Raises:
        InputError: it is no metric alarm with a fixed threshold that CloudWatch would accept.
    """
    try:
        rule = _read(description)
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        name = description.get("AlarmName", "an alarm")
        raise InputError(f"{name}: it must be a metric alarm's full description, got {exc!r}") from exc
    _check(rule)
    return rule


def _read(description: Mapping[str, Any]) -> AlarmRule:
    queries, period = _queries(description)
    return AlarmRule(
        name=str(description["AlarmName"]),
        queries=queries,
        period_seconds=period,
        evaluation_periods=int(description["EvaluationPeriods"]),
        threshold=float(description["Threshold"]),
        comparison=str(description["ComparisonOperator"]),
        datapoints_to_alarm=int(description["DatapointsToAlarm"]) if description.get("DatapointsToAlarm") else None,
        missing_data=_missing_data(description, queries),
        ignores_low_samples=_ignores_low_samples(description),
    )


def _queries(description: Mapping[str, Any]) -> tuple[tuple[MetricQuery, ...], int]:
    if not description.get("Metrics"):
        statistic = _one_statistic(description)
        return (MetricQuery("m1", _metric(description, statistic)),), int(description["Period"])
    queries, periods = [], set()
    for query in description["Metrics"]:
        stat = query.get("MetricStat")
        metric = _metric(stat["Metric"], str(stat["Stat"])) if stat else None
        if period := (stat or query).get("Period"):
            periods.add(int(period))
        returned = query.get("ReturnData") is not False
        queries.append(MetricQuery(str(query["Id"]), metric, query.get("Expression"), returned=returned))
    if len(periods) != 1:
        raise InputError(f"{description['AlarmName']}: every metric must have the same Period, got {sorted(periods)}")
    return tuple(queries), periods.pop()


def _one_statistic(description: Mapping[str, Any]) -> str:
    """That of an alarm on one metric."""
    plain, extended = description.get("Statistic"), description.get("ExtendedStatistic")
    if bool(plain) == bool(extended):
        raise InputError(
            f"{description['AlarmName']}: either Statistic or ExtendedStatistic must be given, "
            f"got {'both' if plain else 'none'}"
        )
    if plain and plain not in _STATISTICS:
        allowed = ", ".join(_STATISTICS)
        raise InputError(f"{description['AlarmName']}: Statistic must be one of {allowed}, got {plain}")
    return str(plain or extended)


def _metric(place: Mapping[str, Any], statistic: str) -> Metric:
    dimensions = frozenset((str(d["Name"]), str(d["Value"])) for d in place.get("Dimensions") or ())
    return Metric(str(place["Namespace"]), str(place["MetricName"]), dimensions, statistic)


def _missing_data(description: Mapping[str, Any], queries: tuple[MetricQuery, ...]) -> MissingData:
    """Alarms on DynamoDB's metrics ignore missing data whatever their setting."""
    given = description.get("TreatMissingData") or "missing"
    for known in _MISSING:
        if given == known:
            on_dynamodb = any(query.metric and query.metric.namespace == "AWS/DynamoDB" for query in queries)
            return "ignore" if on_dynamodb else known
    raise InputError(f"{description['AlarmName']}: TreatMissingData must be one of {', '.join(_MISSING)}, got {given}")


def _ignores_low_samples(description: Mapping[str, Any]) -> bool:
    given = description.get("EvaluateLowSampleCountPercentile") or "evaluate"
    if given not in _LOW_SAMPLES:
        allowed, name = ", ".join(_LOW_SAMPLES), description["AlarmName"]
        raise InputError(f"{name}: EvaluateLowSampleCountPercentile must be one of {allowed}, got {given}")
    return bool(given == "ignore")


def _check(rule: AlarmRule) -> None:
    _check_numbers(rule)
    if rule.comparison not in _COMPARISONS:
        allowed = ", ".join(_COMPARISONS)
        raise InputError(f"{rule.name}: ComparisonOperator must be one of {allowed}, got {rule.comparison}")
    if sum(query.returned for query in rule.queries) != 1:
        raise InputError(f"{rule.name}: exactly one query must have ReturnData, got {len(rule.queries)} queries")
    metrics = [query.metric for query in rule.queries if query.metric]
    if len(metrics) > _MOST_METRICS:
        raise InputError(f"{rule.name}: an alarm must have at most {_MOST_METRICS} metrics, got {len(metrics)}")
    for metric in metrics:
        check_statistic(metric.statistic)


def _check_numbers(rule: AlarmRule) -> None:
    period, periods = rule.period_seconds, rule.evaluation_periods
    if not 1 <= len(rule.name) <= MOST_ALARM_NAME:
        raise InputError(f"AlarmName must have 1..{MOST_ALARM_NAME} characters, got {len(rule.name)}")
    if not isfinite(rule.threshold):
        raise InputError(f"{rule.name}: Threshold must be a number, got {rule.threshold}")
    if period not in SHORT_ALARM_PERIODS and (period < 60 or period % 60):
        raise InputError(f"{rule.name}: Period must be 10, 20, 30 or a multiple of 60, got {period}")
    if periods < 1 or not 1 <= rule.least_breaching <= periods:
        raise InputError(f"{rule.name}: DatapointsToAlarm must be in 1..{periods}, got {rule.least_breaching}")
    if (window := period * periods) > (most := longest_alarm_seconds(period)):
        raise InputError(f"{rule.name}: Period x EvaluationPeriods must be at most {most} s, got {window}")
