"""What the judge watches, what it tolerates, and how sure it must be."""

import functools
from dataclasses import dataclass
from math import log, sqrt
from typing import Literal

from slipway.canary.statistics.e_values import Regression, Safety
from slipway.canary.statistics.proportions import ProportionTest

Metric = Literal["errors", "latency", "scores", "value"]
METRICS: tuple[Metric, ...] = ("errors", "latency", "scores", "value")

LATENCY_SHARES = (0.5, 0.1, 0.01)
"""Shares of blue's requests that are slower than the thresholds: its median, 90th and 99th percentile."""
TOLERANCE_SHARE = 0.1
"""The threshold at which a slowdown beyond the tolerance must be ruled out."""
_LATENCY_WEIGHTS = (0.5, 0.3, 0.2)
"""Of the bets on each of them: most slowdowns move the median, and it takes the fewest requests to see them there."""
SERVED = "served "
"""Before the names of streams that count what the servers tell of their own answers."""
SCORE_RANKS = (0.1, 0.5, 0.9)
"""The model's own quantiles: scores above the middle one tell a shift, those beyond the outer ones a changed spread."""


@dataclass(frozen=True)
class JudgePlan:
    """Tolerances and error rates of one judge.

    False rollbacks: every watched metric spends an equal part of `false_rollback_rate` (Bonferroni), over all looks. A
    metric of several streams takes a weighted mean of their e-values. So a fleet within every tolerance is sent back
    with a probability of `false_rollback_rate` at most, as far as this is so:

    - Requests to one fleet are independent, or depend on one another for seconds, half a minute at most, in bursts of
      the size that the old fleet's had in the hour before: each bet is divided by their dispersion (`dispersion.py`).
      An hour without enough hits tells nothing, and independence is assumed. What both fleets share may drift at will.
    - The mean of e-values is one whatever their dependence at a time that is fixed beforehand (Vovk and Wang,
      "E-values: calibration, combination and applications", 2021). Whenever one looks it is one if each stream's bets
      are fair given what all streams of the metric have shown. SageMaker's and the servers' count the same requests,
      the ones later than the others, so that this is not proven; simulated, the promise holds with room to spare.

    False promotions: all metrics must agree, each at the level `false_promotion_rate` (intersection-union test, Berger
    1982, so no correction). So a fleet whose errors, latency or scores are beyond what promotion tolerates is promoted
    with a probability of `false_promotion_rate` at most.
    """

    false_rollback_rate: float = 0.01
    false_promotion_rate: float = 0.05
    min_requests: int = 500
    """Requests that the new fleet must have answered before it is promoted; value rests on it alone."""
    error_tolerance: float = 0.005
    """Promotion needs evidence that the share of errors rose by less than this."""
    expected_error_rate: float = 0.005
    """Blue's usual share of errors: it speeds the first bets up and cannot make them wrong."""
    latency_noise: float = 1.1
    """Green may be slower than blue by this factor before anything counts against it."""
    latency_tolerance: float = 1.5
    """Promotion needs evidence that green is slower by less than this factor."""
    baseline_rows: int = 2000
    """Rows that the new model's score ranks were taken from: a rank may be off by 2.5 standard errors of them."""
    score_limit: float = 0.05
    """Promotion needs evidence that both shares of the scores are off by less than this."""
    watches_scores: bool = True
    """Both fleets must tell where their scores lie; without that no rollout would ever be promoted."""
    watches_value: bool = False
    warm_up_seconds: float = 0.0
    """After its first traffic the new fleet's latencies do not count for so long; its errors and scores do."""
    watches_servers: bool = True
    """Whether bets are also placed on what the servers tell every few seconds; SageMaker tells the same by the minute,
    and more: what waits for a server or never reaches one. So both are bet on, and only SageMaker's promotes."""

    def __post_init__(self) -> None:
        for name, low, high in _BOUNDS:
            if not low < (value := getattr(self, name)) < high:
                raise ValueError(f"{name} must be above {low:g} and below {high:g}, got {value}")
        if self.score_limit <= (noise := self.rank_noise(0.5)):
            raise ValueError(
                f"score_limit must be above {noise:.3f} with {self.baseline_rows} baseline_rows, got {self.score_limit}"
            )
        if self.latency_tolerance <= self.latency_noise:
            raise ValueError(
                f"latency_tolerance must be above latency_noise {self.latency_noise}, got {self.latency_tolerance}"
            )

    @property
    def metrics(self) -> tuple[Metric, ...]:
        optional: dict[Metric, bool] = {"scores": self.watches_scores, "value": self.watches_value}
        return tuple(metric for metric in METRICS if optional.get(metric, True))

    def rank_noise(self, share: float) -> float:
        """How far a share of the scores may be off its place before it counts against the new fleet."""
        return float(_NOISE_ERRORS * sqrt(share * (1 - share) / self.baseline_rows))

    @property
    def log_rollback(self) -> float:
        """Log e-value at which one metric sends the rollout back."""
        return log(len(self.metrics) / self.false_rollback_rate)

    @property
    def log_promotion(self) -> float:
        """Log e-value that errors, latency and both shares of the scores each need for a promotion."""
        return log(1 / self.false_promotion_rate)


_NOISE_ERRORS = 2.5
_EXPECTED_RATIO = 0.25
"""Of requests above 1.5 times the 90th percentile against those above it: between 0.1 and 0.4 for usual services."""
_BOUNDS = (
    ("false_rollback_rate", 0, 0.5),
    ("false_promotion_rate", 0, 0.5),
    ("min_requests", 0, 1e9),
    ("error_tolerance", 0, 0.5),
    ("expected_error_rate", 0, 0.5),
    ("latency_noise", 0.999, 10),
    ("latency_tolerance", 1, 100),
    ("baseline_rows", 0, 1e12),
    ("score_limit", 0, 0.2),
    ("warm_up_seconds", -1, 3600),
)


@dataclass(frozen=True)
class Stream:
    """One pair of streams of yes and no, and what is bet on it."""

    name: str
    metric: Metric
    test: ProportionTest
    weight: float = 1.0
    """Among the streams of its metric."""

    @property
    def told_by_servers(self) -> bool:
        """Every few seconds; SageMaker tells the others by the minute."""
        return self.name.startswith(SERVED) or self.metric == "scores"


@functools.lru_cache(maxsize=16)
def streams(plan: JudgePlan) -> tuple[Stream, ...]:
    """Everything the judge counts.

    Errors and latencies are counted twice, by SageMaker and (`served`) by the servers, and each has half of the bets.
    `slow N` counts latencies above blue's threshold N (green's divided by the noise allowed), `slow beyond tolerance`
    the same with green's divided by the tolerance; `upper half` counts scores above the model's own median, `tails`
    those below its 10th or above its 90th percentile.
    """
    rise, beyond = Regression(step=0.005, falling=0.7), Safety(plan.error_tolerance)
    found = [Stream("errors", "errors", ProportionTest(plan.expected_error_rate, rise, beyond))]
    if plan.watches_servers:
        found.append(Stream(f"{SERVED}errors", "errors", ProportionTest(plan.expected_error_rate, rise)))
    for prefix in ("", SERVED) if plan.watches_servers else ("",):
        found.extend(
            Stream(f"{prefix}slow {share:g}", "latency", ProportionTest(share, Regression(step=share / 4)), weight)
            for share, weight in zip(LATENCY_SHARES, _LATENCY_WEIGHTS, strict=True)
        )
    safety = Safety(ratio=_EXPECTED_RATIO)
    found.append(Stream("slow beyond tolerance", "latency", ProportionTest(TOLERANCE_SHARE, safety=safety)))
    for name, share in (("upper half", 1 - SCORE_RANKS[1]), ("tails", 1 - SCORE_RANKS[2] + SCORE_RANKS[0])):
        shift = Regression(plan.rank_noise(share), step=0.01, two_sided=True)
        found.append(Stream(name, "scores", ProportionTest(share, shift, Safety(plan.score_limit, two_sided=True))))
    return tuple(stream for stream in found if stream.metric in plan.metrics)
