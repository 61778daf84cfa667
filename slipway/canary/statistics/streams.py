"""Streams of requests and hits that are counted, and what is tested on each of them."""

import functools
from dataclasses import dataclass

from slipway.canary.config import AnalysedMetric, Tolerances
from slipway.canary.statistics.e_values import RateIncrease
from slipway.canary.statistics.non_inferiority import NonInferiority
from slipway.canary.statistics.proportions import ProportionTest

LATENCY_SHARES = (0.5, 0.1, 0.01)
"""Shares of blue's requests that are slower than the thresholds: its median, 90th and 99th percentile."""
TOLERANCE_SHARE = 0.1
"""The threshold at which a slowdown beyond the tolerance must be ruled out."""
_LATENCY_WEIGHTS = (0.5, 0.3, 0.2)
"""Of the e-values of each: most slowdowns move the median, and it takes the fewest requests to see them there."""
BEYOND_TOLERANCE = "slow beyond tolerance"
SERVED = "served "
"""Before the names of streams that count what the servers report of their own responses."""
SCORE_RANKS = (0.1, 0.5, 0.9)
"""The model's own quantiles: scores above the middle one show a drift, those beyond the outer ones a changed spread."""


@dataclass(frozen=True)
class Stream:
    """The requests and hits of both fleets, counted one way, and what is tested on them."""

    name: str
    metric: AnalysedMetric
    test: ProportionTest
    weight: float = 1.0
    """Among the streams of its metric."""

    @property
    def reported_by_servers(self) -> bool:
        """Every few seconds; SageMaker reports the others by the minute."""
        return self.name.startswith(SERVED) or self.metric == "scores"


@functools.lru_cache(maxsize=16)
def streams(tolerances: Tolerances) -> tuple[Stream, ...]:
    """Everything that is counted.

    Errors and latencies are counted twice, by SageMaker and (`served`) by the servers, and each has half of the weight.
    `slow N` counts latencies above blue's threshold N (green's divided by the noise allowed), `slow beyond tolerance`
    the same with green's divided by the tolerance; `upper half` counts scores above the model's own median, `tails`
    those below its 10th or above its 90th percentile.
    """
    rise, beyond = RateIncrease(step=0.005, falling=0.7), NonInferiority(tolerances.error_tolerance)
    found = [Stream("errors", "errors", ProportionTest(tolerances.expected_error_rate, rise, beyond, is_paired=True))]
    if tolerances.watches_servers:
        found.append(Stream(f"{SERVED}errors", "errors", ProportionTest(tolerances.expected_error_rate, rise)))
    for prefix in ("", SERVED) if tolerances.watches_servers else ("",):
        found.extend(
            Stream(f"{prefix}slow {share:g}", "latency", ProportionTest(share, RateIncrease(step=share / 4)), weight)
            for share, weight in zip(LATENCY_SHARES, _LATENCY_WEIGHTS, strict=True)
        )
    found.append(Stream(BEYOND_TOLERANCE, "latency", ProportionTest(TOLERANCE_SHARE, non_inferiority=NonInferiority())))
    for name, share in (("upper half", 1 - SCORE_RANKS[1]), ("tails", 1 - SCORE_RANKS[2] + SCORE_RANKS[0])):
        shift = RateIncrease(tolerances.rank_noise(share), step=0.01, two_sided=True)
        within = NonInferiority(tolerances.score_limit, two_sided=True)
        found.append(Stream(name, "scores", ProportionTest(share, shift, within)))
    return tuple(stream for stream in found if stream.metric in tolerances.metrics)
