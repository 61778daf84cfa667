"""CloudWatch's numbers of both fleets → the counts that are tested.

What the whole variant counted less what the new fleet did is the old fleet's: so it is whether or not CloudWatch
shows the old fleet by its endpoint config too. A shadow is a variant of its own. All counts are sums since the
deployment began, and a block is what they have grown by, so that numbers which arrive late are not lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slipway.canary.config import Tolerances
from slipway.canary.statistics.e_values import Counts
from slipway.canary.statistics.proportions import ProportionState
from slipway.canary.statistics.streams import SERVED
from slipway.metrics import ENDPOINT_NAMESPACE, SAGEMAKER_NAMESPACE

PERIOD_SECONDS = 60

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
    shadow: str = ""
    """The variant of a new fleet that is the shadow of the old one, and of the same config."""

    @property
    def both(self) -> dict[str, str]:
        """The whole variant: of a shadow, the old fleet alone."""
        return {"EndpointName": self.endpoint, "VariantName": self.variant}

    @property
    def green(self) -> dict[str, str]:
        """What SageMaker reports of the new fleet."""
        return {**self.both, "VariantName": self.shadow} if self.shadow else self.of_config(self.config)

    @property
    def green_servers(self) -> dict[str, str]:
        """What the new fleet's servers report."""
        return {**self.of_package(self.package), "VariantName": self.shadow or self.variant}

    def of_old(self, green: float, both: float) -> float:
        """The old fleet's part of what the whole variant counted."""
        return both if self.shadow else both - green

    def of_config(self, config: str) -> dict[str, str]:
        return {**self.both, "EndpointConfigName": config}

    def of_package(self, package: str) -> dict[str, str]:
        return {**self.both, "ModelPackageArn": package}


def count_queries(tolerances: Tolerances, fleets: Fleets) -> list[Query]:
    """Errors, and where the scores lie."""
    found = [
        query(f"{name}_errors_{statistic.lower()}", SAGEMAKER_NAMESPACE, tolerances.error_metric, statistic, dimensions)
        for name, dimensions in (("both", fleets.both), ("green", fleets.green))
        for statistic in ("Sum", "SampleCount")
    ]
    served = ("Requests", "Errors") if tolerances.watches_servers else ()
    scored = ("ScoredRows", "UpperHalf", "Tails") if tolerances.watches_scores else ()
    found.extend(
        query(f"{name}_{metric.lower()}", ENDPOINT_NAMESPACE, metric, "Sum", dimensions)
        for name, dimensions in (("green", fleets.green_servers), ("blue", fleets.of_package(fleets.previous_package)))
        for metric in (*served, *scored)
    )
    return found


def query(
    id_: str,
    namespace: str,
    metric: str,
    statistic: str,
    dimensions: Mapping[str, str],
    *,
    period: int = PERIOD_SECONDS,
) -> Query:
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    return {
        "Id": id_,
        "MetricStat": {
            "Metric": {"Namespace": namespace, "MetricName": metric, "Dimensions": named},
            "Period": period,
            "Stat": statistic,
        },
    }


def total(results: Results, id_: str) -> float:
    return float(sum(results.get(id_, ())))


def totals(tolerances: Tolerances, fleets: Fleets, results: Results) -> dict[str, Counts]:
    """All that was counted so far, but for latencies."""

    def by_fleet(metric: str) -> tuple[float, float]:
        return total(results, f"green_{metric}"), total(results, f"blue_{metric}")

    def of_servers(hits: str, requests: str) -> Counts:
        (green_hits, blue_hits), (green, blue) = by_fleet(hits), by_fleet(requests)
        return checked(green, green_hits, blue, blue_hits)

    (green, both), (failed, both_failed) = (
        [total(results, f"{name}_errors_{statistic}") for name in ("green", "both")]
        for statistic in ("samplecount", "sum")
    )
    old, old_failed = fleets.of_old(green, both), fleets.of_old(failed, both_failed)
    found = {"errors": checked(green, failed, old, old_failed)}
    if tolerances.watches_servers:
        found[f"{SERVED}errors"] = of_servers("errors", "requests")
    if tolerances.watches_scores:
        found |= {"upper half": of_servers("upperhalf", "scoredrows"), "tails": of_servers("tails", "scoredrows")}
    return found


def checked(green: float, green_hits: float, blue: float, blue_hits: float) -> Counts:
    """CloudWatch gives metric by metric, not all at one moment: hits may be ahead of their requests."""
    green, blue = max(0.0, green), max(0.0, blue)
    return Counts.of(green, min(max(0.0, green_hits), green), blue, min(max(0.0, blue_hits), blue))


def growth(found: Mapping[str, Counts], states: Mapping[str, ProportionState]) -> dict[str, Counts]:
    """The block: what was counted since the states last saw anything; nothing for streams without a count."""
    return {name: less(found.get(name, state.seen), state.seen) for name, state in states.items()}


def less(found: Counts, seen: Counts) -> Counts:
    return checked(
        float(found.green_requests - seen.green_requests),
        float(found.green_hits - seen.green_hits),
        float(found.blue_requests - seen.blue_requests),
        float(found.blue_hits - seen.blue_hits),
    )


def is_empty(block: Mapping[str, Counts]) -> bool:
    return not any(counts.green_requests + counts.blue_requests for counts in block.values())
