"""CloudWatch's numbers of both fleets → the counts that the judge bets on.

What the whole variant counted less what the new fleet did is the old fleet's: that holds whether or not CloudWatch
shows the old fleet by its endpoint config too. All counts are sums since the deployment began, and a block is what
they have grown by, so that numbers which arrive late are not lost.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from blueprint.verdicts.plan import LATENCY_SHARES, TOLERANCE_SHARE, JudgePlan
from blueprint.verdicts.proportions import Counts, ProportionState

SERVICE, SERVERS = "AWS/SageMaker", "Slipway/Endpoint"
PERIOD_SECONDS = 60
REFERENCE_SECONDS = 3600
LEAST_REFERENCE = 100
"""Requests of the old fleet that its usual latencies are taken from, at least."""

Query = dict[str, Any]
Results = Mapping[str, Sequence[float]]
"""The values of each query's datapoints."""


@dataclass(frozen=True)
class Fleets:
    """Which metrics are the new fleet's, and which both fleets'."""

    endpoint: str
    variant: str
    config: str
    previous_config: str
    package: str
    previous_package: str

    @property
    def both(self) -> dict[str, str]:
        return {"EndpointName": self.endpoint, "VariantName": self.variant}

    def of_config(self, config: str) -> dict[str, str]:
        return {**self.both, "EndpointConfigName": config}

    def of_package(self, package: str) -> dict[str, str]:
        return {**self.both, "ModelPackageArn": package}


def reference_queries(fleets: Fleets) -> list[Query]:
    """What the old fleet's latency usually is, by its own config, and by the variant where that is not told."""
    found = []
    for name, dimensions in (("own", fleets.of_config(fleets.previous_config)), ("variant", fleets.both)):
        for statistic in ("SampleCount", *(f"p{100 * (1 - share):g}" for share in LATENCY_SHARES)):
            id_ = f"{name}_{statistic.lower().replace('.', '_')}"
            found.append(_query(id_, SERVICE, "ModelLatency", statistic, dimensions, period=REFERENCE_SECONDS))
    return found


def reference_of(results: Results) -> tuple[float, ...]:
    """The latencies at each of LATENCY_SHARES, in microseconds; empty while too few requests are known."""
    for name in ("own", "variant"):
        counts = results.get(f"{name}_samplecount", ())
        best = max(range(len(counts)), key=counts.__getitem__, default=None)
        if best is not None and counts[best] >= LEAST_REFERENCE:
            return tuple(results[f"{name}_p{100 * (1 - share):g}".replace(".", "_")][best] for share in LATENCY_SHARES)
    return ()


def count_queries(plan: JudgePlan, fleets: Fleets) -> list[Query]:
    """Errors, and where the scores lie."""
    found = [
        _query(f"{name}_errors_{statistic.lower()}", SERVICE, "InvocationModelErrors", statistic, dimensions)
        for name, dimensions in _both_and_green(fleets)
        for statistic in ("Sum", "SampleCount")
    ]
    if plan.watches_scores:
        found.extend(
            _query(f"{name}_{metric.lower()}", SERVERS, metric, "Sum", fleets.of_package(package))
            for name, package in (("green", fleets.package), ("blue", fleets.previous_package))
            for metric in ("ScoredRows", "UpperHalf", "Tails")
        )
    return found


def latency_queries(plan: JudgePlan, fleets: Fleets, slow: Sequence[float]) -> list[Query]:
    """Requests above the old fleet's usual latencies `slow`, in microseconds."""
    statistics = {"latency": "SampleCount", **{id_: f"TC({limit:.0f}:)" for id_, limit in _limits(plan, slow)}}
    return [
        _query(f"{name}_{id_}", SERVICE, "ModelLatency", statistic, dimensions)
        for name, dimensions in _both_and_green(fleets)
        for id_, statistic in statistics.items()
    ]


def _both_and_green(fleets: Fleets) -> tuple[tuple[str, dict[str, str]], ...]:
    return ("both", fleets.both), ("green", fleets.of_config(fleets.config))


def _limits(plan: JudgePlan, slow: Sequence[float]) -> Iterator[tuple[str, float]]:
    """Latencies that requests are counted above, by the end of the query's id."""
    for number, limit in enumerate(slow):
        yield f"above_{number}", limit
        yield f"noise_{number}", plan.latency_noise * limit
    yield "tolerance", plan.latency_tolerance * slow[LATENCY_SHARES.index(TOLERANCE_SHARE)]


def _query(
    id_: str,
    namespace: str,
    metric: str,
    statistic: str,
    dimensions: Mapping[str, str],
    *,
    period: int = PERIOD_SECONDS,
) -> Query:
    told = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    return {
        "Id": id_,
        "MetricStat": {
            "Metric": {"Namespace": namespace, "MetricName": metric, "Dimensions": told},
            "Period": period,
            "Stat": statistic,
        },
    }


def totals(plan: JudgePlan, results: Results) -> dict[str, Counts]:
    """All that was counted so far for every stream."""

    def total(id_: str) -> float:
        return float(sum(results.get(id_, ())))

    green, both = total("green_errors_samplecount"), total("both_errors_samplecount")
    errors = total("green_errors_sum")
    found = {"errors": _counts(green, errors, both - green, total("both_errors_sum") - errors)}
    found |= _latencies(total)
    if plan.watches_scores:
        rows = total("green_scoredrows"), total("blue_scoredrows")
        for name, metric in (("upper half", "upperhalf"), ("tails", "tails")):
            found[name] = _counts(rows[0], total(f"green_{metric}"), rows[1], total(f"blue_{metric}"))
    return found


def _latencies(total: Callable[[str], float]) -> dict[str, Counts]:
    green = total("green_latency")
    blue = total("both_latency") - green

    def slower(green_id: str, number: int) -> Counts:
        above = f"above_{number}"
        return _counts(green, total(f"green_{green_id}"), blue, total(f"both_{above}") - total(f"green_{above}"))

    found = {f"slow {share:g}": slower(f"noise_{n}", n) for n, share in enumerate(LATENCY_SHARES)}
    return {**found, "slow beyond tolerance": slower("tolerance", LATENCY_SHARES.index(TOLERANCE_SHARE))}


def _counts(green: float, green_hits: float, blue: float, blue_hits: float) -> Counts:
    """CloudWatch gives metric by metric, not all at one moment: hits may be ahead of their requests."""
    green, blue = max(0.0, green), max(0.0, blue)
    return Counts.of(green, min(max(0.0, green_hits), green), blue, min(max(0.0, blue_hits), blue))


def growth(found: Mapping[str, Counts], states: Mapping[str, ProportionState]) -> dict[str, Counts]:
    """The block: what was counted since the states last saw anything."""
    return {name: _less(counts, states[name].seen) for name, counts in found.items() if name in states}


def _less(found: Counts, seen: Counts) -> Counts:
    return _counts(
        float(found.green_requests - seen.green_requests),
        float(found.green_hits - seen.green_hits),
        float(found.blue_requests - seen.blue_requests),
        float(found.blue_hits - seen.blue_hits),
    )


def is_empty(block: Mapping[str, Counts]) -> bool:
    return not any(counts.green_requests + counts.blue_requests for counts in block.values())
