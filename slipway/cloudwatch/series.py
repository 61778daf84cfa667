"""Samples of every metric of an alarm → the datapoints that it evaluates."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from slipway.cloudwatch.metric_math import calculate, check_kind
from slipway.cloudwatch.rule import AlarmRule
from slipway.cloudwatch.statistic import Samples, needed_samples, statistic, together
from slipway.errors import InputError


@dataclass(frozen=True)
class Series:
    """An alarm's datapoints, the newest last, and whether there are samples enough to evaluate them."""

    datapoints: tuple[float | None, ...]
    enough_samples: bool = True


def series(rule: AlarmRule, buckets: Mapping[str, Sequence[Samples | None]]) -> Series:
    """The datapoints of `rule`.

    Args:
        rule: the alarm.
        buckets: for the id of each query with a metric its samples a period, the newest last, all of one length
            (`rule.evaluation_range` is enough).
    """
    known: dict[str, list[float | None]] = {
        query.id: [statistic(query.metric.statistic, samples) for samples in buckets[query.id]]
        for query in rule.queries
        if query.metric
    }
    metrics = list(known)
    pending = [query for query in rule.queries if query.expression]
    length = max((len(found) for found in known.values()), default=0)
    expressions = {query.id: query.expression or "" for query in pending}
    wanted = rule.returned_query.id
    if wanted not in known:
        known[wanted] = calculate(
            wanted, expressions=expressions, metrics=known, length=length, period=rule.period_seconds
        )
    return Series(tuple(known[wanted]), _enough(rule, {name: buckets[name] for name in metrics}))


def check_expressions(rule: AlarmRule) -> None:
    """See that CloudWatch would take each expression, whether or not the alarm returns it; no data is needed.

    Raises:
        InputError: one is malformed, or gives a number or an array.
    """
    length = rule.evaluation_range
    metrics: dict[str, list[float | None]] = {query.id: [None] * length for query in rule.queries if query.metric}
    expressions = {query.id: query.expression for query in rule.queries if query.expression}
    for name in expressions:
        try:
            check_kind(name, expressions=expressions, metrics=metrics, length=length)
        except InputError as exc:
            raise InputError(f"{rule.name}: {exc}") from exc


def _enough(rule: AlarmRule, buckets: Mapping[str, Sequence[Samples | None]]) -> bool:
    """Whether every percentile has the samples it needs in the evaluation periods; CloudWatch can be set to wait."""
    if not rule.ignores_low_samples:
        return True
    return all(
        sum(samples.count for samples in buckets[query.id][-rule.evaluation_periods :] if samples)
        >= needed_samples(query.metric.statistic)
        for query in rule.queries
        if query.metric
    )


def by_period(
    points: Iterable[tuple[float, Samples]], *, end: float, period: float, count: int
) -> list[Samples | None]:
    """The samples of each of the last `count` periods before `end`, the newest last.

    Args:
        points: (when, what) in any order; what lies outside is left out.
        end: when the last period ends, in seconds as all times here; its own moment belongs to the next period.
        period: how long one lasts.
        count: how many.
    """
    found: list[list[Samples]] = [[] for _ in range(count)]
    start = end - period * count
    for at, samples in points:
        index = int((at - start) // period)
        if 0 <= index < count:
            found[index].append(samples)
    return [together(parts) if parts else None for parts in found]
