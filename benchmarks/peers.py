"""The methods of others, over minutes of simulated requests."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slipway.cloudwatch import AlarmRule, AlarmState, alarm_rule, evaluate
from slipway.metrics import SAGEMAKER_NAMESPACE
from slipway.simulation.analysed_rollouts import POLL_SECONDS
from slipway.simulation.service import Floats
from slipway.simulation.traffic import RANK_CUTS, FleetBlock

MINUTE = 60


@dataclass(frozen=True)
class Minutes:
    """One fleet's minutes, a row a rollout; nan where a minute has no request."""

    requests: Floats
    error_share: Floats
    latency_p99: Floats
    mean_rank: Floats


def minutes(fleets: list[FleetBlock], edges: Floats) -> Minutes:
    """The minutes of one fleet's blocks; `edges` are the latencies between their bins."""

    def summed(name: str) -> NDArray[Any]:
        blocks = np.stack([getattr(fleet, name) for fleet in fleets], axis=1)
        shape = (blocks.shape[0], -1, MINUTE // POLL_SECONDS, *blocks.shape[2:])
        total: NDArray[Any] = blocks.reshape(shape).sum(axis=2)
        return total

    requests, failed, latencies, scores = (summed(n) for n in ("requests", "failed", "latencies", "scores"))
    middles = (np.arange(len(RANK_CUTS) + 1) + 0.5) / (len(RANK_CUTS) + 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        rank = scores @ middles / scores.sum(axis=2)
        return Minutes(requests, failed / requests, np.where(requests > 0, _p99(latencies, edges), np.nan), rank)


def _p99(histogram: NDArray[np.int64], edges: Floats) -> Floats:
    """The 99th percentile to within a bin: the bin's geometric middle."""
    uppers = np.append(edges, edges[-1] * 1.2)
    lowers = np.insert(edges, 0, edges[0] / 1.2)
    cumulative = histogram.cumsum(axis=2)
    rank = np.ceil(0.99 * cumulative[..., -1:] - 1e-9)
    bins = (cumulative < rank).sum(axis=2)
    middle: Floats = np.sqrt(uppers * lowers)[np.minimum(bins, len(edges))]
    return middle


def static_alarms(green: Minutes, _blue: Minutes, *, slow: float, errors: float, comparison: str) -> Floats:
    """The second at which the alarm on `errors` (a share) or on p99 latency (`slow`) goes off; inf if neither does."""
    common = {
        "Namespace": SAGEMAKER_NAMESPACE,
        "Period": MINUTE,
        "EvaluationPeriods": 1,
        "TreatMissingData": "notBreaching",
    }
    rules = (
        alarm_rule(
            {
                **common,
                "AlarmName": "errors",
                "MetricName": "InvocationModelErrors",
                "Statistic": "Average",
                "Threshold": errors,
                "ComparisonOperator": comparison,
            }
        ),
        alarm_rule(
            {
                **common,
                "AlarmName": "latency",
                "MetricName": "ModelLatency",
                "ExtendedStatistic": "p99",
                "Threshold": slow,
                "ComparisonOperator": "GreaterThanThreshold",
            }
        ),
    )
    watched = zip(rules, (green.error_share, green.latency_p99), strict=True)
    alarmed = [[_first_alarm(rule, row) for row in series.tolist()] for rule, series in watched]
    first: Floats = np.array(alarmed).min(axis=0)
    return first


def _first_alarm(rule: AlarmRule, row: list[float]) -> float:
    state = AlarmState.INSUFFICIENT_DATA
    points = [None if value != value else value for value in row]  # noqa: PLR0124 nan alone is not itself
    for count in range(1, len(points) + 1):
        state = evaluate(rule, points[max(0, count - rule.evaluation_range) : count], state)
        if state is AlarmState.ALARM:
            return float(count * MINUTE)
    return np.inf


def mann_whitney(green: Minutes, blue: Minutes) -> Floats:
    """The second at which a metric is classified High (Low too for scores); inf if none is."""
    when = np.full(len(green.requests), np.inf)
    for count in (10, 5):
        high = np.zeros(len(when), dtype=bool)
        for name, either in (("error_share", False), ("latency_p99", False), ("mean_rank", True)):
            new, old = (getattr(fleet, name)[:, :count] for fleet in (green, blue))
            high |= _classified(new, old, either=either)
        when[high] = count * MINUTE
    return when


def _classified(new: Floats, old: Floats, *, either: bool) -> NDArray[np.bool_]:
    """Whether the 98 % interval of the Hodges-Lehmann shift lies beyond a quarter of its estimate."""
    differences = np.sort((new[:, :, None] - old[:, None, :]).reshape(len(new), -1), axis=1)
    m, n = (np.isfinite(x).sum(axis=1) for x in (new, old))
    pairs = m * n
    rows = np.arange(len(new))
    estimate = np.abs(differences[rows, np.maximum(pairs // 2, 0) % differences.shape[1]])
    reach = np.floor(pairs / 2 - 2.326 * np.sqrt(pairs * (m + n + 1) / 12)).astype(int)
    enough = reach >= 1
    low = differences[rows, np.where(enough, reach - 1, 0)]
    high = differences[rows, np.where(enough, pairs - reach, 0)]
    beyond = low > 0.25 * estimate
    if either:
        beyond |= high < -0.25 * estimate
    return np.asarray(enough & beyond)


def fixed_thresholds(green: Minutes, _blue: Minutes, *, slow: float) -> Floats:
    """The second of the fifth failed check; a minute without requests is no check."""
    failed = (green.error_share > 0.01) | (green.latency_p99 > slow)
    fifth = failed.cumsum(axis=1) >= 5
    return np.where(fifth.any(axis=1), (fifth.argmax(axis=1) + 1.0) * MINUTE, np.inf)
