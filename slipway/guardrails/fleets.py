"""Hypothetical fleets: an alarm's datapoint for so many requests, failures and slow responses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

from slipway.cloudwatch import AlarmRule, Metric, Samples, series
from slipway.endpoint_kinds import REAL_TIME, EndpointKind
from slipway.errors import InputError
from slipway.guardrails.alarms import Alarm
from slipway.guardrails.published_metrics import EndpointMetric, bounds, endpoint_metric

_REQUESTS_A_PERIOD = (1, 10, 1_000, 100_000)
_MOST_METRICS = 6
_MANY = 100_000
_OLD_A_NEW = 3
"""Requests of the old fleet for each of the new one, as beside a canary of 25 %."""
PROMOTE = 1.0
_COUNTED_PERIODS = re.compile(r"RUNNING_SUM\(IF\(\w+ > 0, 1, 0\)\)")
_CHANGING = ("RATE", "DIFF", "RUNNING_SUM")


@dataclass(frozen=True)
class FleetPeriod:
    """One period of a fleet: `bad` of its requests fail, or take `slow` microseconds; the others take `fast`."""

    requests: int
    failed: int = 0
    late: int = 0
    slow: float = 1.0
    fast: float = 1.0


def states(alarm: Alarm, *, kind: EndpointKind, extremes: tuple[int, ...]) -> Iterator[bool]:
    """Whether the alarm's datapoint breaches, fleet by fleet; nothing where that cannot be worked out.

    Args:
        alarm: whose datapoint it is.
        kind: of the endpoint.
        extremes: the sides its samples may be on: 0 the least that a metric can be, 1 the greatest.
    """
    rule = alarm.rule
    watched = [query for query in rule.queries if query.metric] if rule else []
    limits = {q.id: bounds(q.metric.namespace, q.metric.name, kind=kind) for q in watched if q.metric}
    if rule is None or not 1 <= len(watched) <= _MOST_METRICS or _depends_on_change(rule):
        return
    known = {id_: limit for id_, limit in limits.items() if limit}
    if len(known) < len(watched):
        return
    for requests, sides in product(_REQUESTS_A_PERIOD, product(extremes, repeat=len(watched))):
        sample = {q.id: _same(known[q.id][side], requests) for q, side in zip(watched, sides, strict=True)}
        try:
            newest = _newest(rule, sample)
        except InputError:
            return  # metric math beyond what is modelled here
        yield newest is not None and rule.breaches(newest)


def compares(rule: AlarmRule) -> bool:
    """Whether the alarm watches the new fleet, and all fleets of the variant beside it."""
    return len({_is_whole(query.metric) for query in rule.queries if query.metric}) > 1


def blames_the_old_fleet(rule: AlarmRule) -> bool:
    """Whether an alarm that compares goes off for a healthy new fleet because the old one fails."""
    slow = REAL_TIME.longest_response_seconds * 1e6
    failing = FleetPeriod(_MANY, failed=_MANY, late=_MANY, slow=slow)
    found = value(rule, FleetPeriod(_MANY), old=failing)
    return found is None or rule.breaches(found)


def value(rule: AlarmRule, fleet: FleetPeriod, *, old: FleetPeriod | None = None) -> float | None:
    """What an alarm sees of `fleet`; None for no datapoint, or where that cannot be worked out.

    `old` serves beside it, in what an alarm that compares sees of both together; a healthy one if not given.
    """
    if _depends_on_change(rule):
        return None
    beside = (old or FleetPeriod(_OLD_A_NEW * fleet.requests)) if compares(rule) else None
    samples = {query.id: _of(query.metric, fleet, beside) for query in rule.queries if query.metric}
    known = {id_: found for id_, found in samples.items() if found is not None}
    if not known or len(known) < len(samples):
        return None
    try:
        return _newest(rule, known)
    except InputError:
        return None


def breaches(rule: AlarmRule, fleet: FleetPeriod) -> bool:
    found = value(rule, fleet)
    return found is not None and rule.breaches(found)


@lru_cache(maxsize=256)
def least_requests(rule: AlarmRule, worst: FleetPeriod) -> int | None:
    """The fewest requests a period with which an alarm can go off, all of them as bad as those of `worst`.

    None where no number does. A minimum-traffic guard is the reason for more than 1.
    """

    def goes_off(requests: int) -> bool:
        return breaches(rule, replace(worst, requests=requests, failed=requests, late=requests))

    high = next((n for n in (1 << k for k in range(28)) if goes_off(n)), None)
    if high is None:
        return None
    low = high // 2  # does not go off, or is 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if goes_off(middle) else (middle, high)
    return high


def promoted(alarm: Alarm) -> bool:
    """Whether an alarm on canary decisions goes off where every decision is to promote."""
    rule = alarm.rule
    ids = [query.id for query in rule.queries if query.metric] if rule else []
    if rule is None or not ids or _depends_on_change(rule):
        return False
    try:
        seen = [_newest(rule, dict.fromkeys(ids, _same(PROMOTE, polls))) for polls in (1, 10)]
    except InputError:
        return False
    return any(found is not None and rule.breaches(found) for found in seen)


def _newest(rule: AlarmRule, samples: dict[str, Samples]) -> float | None:
    return series(rule, {id_: [sample] * rule.evaluation_range for id_, sample in samples.items()}).datapoints[-1]


def first_period(rule: AlarmRule, fleet: FleetPeriod) -> int:
    """In which period of its traffic an alarm counts such a fleet first: 1, but later where a warm-up is left out."""
    samples = {query.id: _of(query.metric, fleet, None) for query in rule.queries if query.metric}
    known = {id_: found for id_, found in samples.items() if found is not None}
    length = rule.evaluation_range
    if len(known) < len(samples) or _depends_on_change(rule):
        return 1
    try:
        samples_by_id = {id_: [None, *[sample] * (length - 1)] for id_, sample in known.items()}
        points = series(rule, samples_by_id).datapoints[1:]
    except InputError:
        return 1
    return next((n for n, point in enumerate(points, start=1) if point is not None and rule.breaches(point)), 1)


def _depends_on_change(rule: AlarmRule) -> bool:
    """But for a count of the periods with traffic: they are as many as are fetched, once there is some."""
    expressions = [_COUNTED_PERIODS.sub("", query.expression or "") for query in rule.queries]
    return any(word in expression for expression in expressions for word in _CHANGING)


def _published(metric: Metric | None) -> EndpointMetric | None:
    return endpoint_metric(metric.namespace, metric.name) if metric else None


def _is_whole(metric: Metric | None) -> bool:
    """Whether it is of all fleets together."""
    published = _published(metric)
    named = {name for name, _ in metric.dimensions} if metric else set()
    return published is not None and published.selector is not None and published.selector not in named


def _of(metric: Metric | None, fleet: FleetPeriod, beside: FleetPeriod | None) -> Samples | None:
    published = _published(metric)
    if published is None:
        return None
    new, old = _samples(published, fleet), _samples(published, beside) if beside and _is_whole(metric) else None
    return new + old if new is not None and old is not None else new


def _samples(published: EndpointMetric, fleet: FleetPeriod) -> Samples | None:
    if published.kind == "error":
        return _two(0.0, fleet.requests - fleet.failed, 1.0, fleet.failed)
    if published.kind == "latency":
        return _two(fleet.fast, fleet.requests - fleet.late, fleet.slow, fleet.late)
    return _same(1.0, fleet.requests) if published.name == "Invocations" else None


def _two(low: float, lows: int, high: float, highs: int) -> Samples:
    return _same(low, lows) + _same(high, highs)


def _same(value_: float, count: int) -> Samples:
    if not count:
        return Samples()
    return Samples(count, value_ * count, value_, value_, ((value_, count),))
