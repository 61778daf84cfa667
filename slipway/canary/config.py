"""What canary analysis tolerates and how sure it must be: every default and bound stands here, and only here."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from math import log, sqrt
from typing import Any, Literal, Self

ROLL_BACK, PROCEED = "roll_back", "proceed"

AnalysedMetric = Literal["errors", "latency", "scores", "value"]
METRICS: tuple[AnalysedMetric, ...] = ("errors", "latency", "scores", "value")

_NOISE_ERRORS = 2.5


@dataclass(frozen=True)
class Tolerances:
    """Tolerances and error rates of one analysis.

    False rollbacks: every watched metric spends an equal part of `false_rollback_rate` (Bonferroni), over all polls. A
    metric of several streams takes a weighted mean of their e-values. So a fleet within every tolerance is rolled back
    with a probability of `false_rollback_rate` at most, as far as this is so:

    - Requests to one fleet are independent, or depend on one another for half a minute at most (errors: for some
      minutes), in bursts of the size that the old fleet's had in the hours before: the log of each e-value is divided
      by their dispersion (`dispersion.py`). Without enough hits in them errors are taken to come three at a time, all
      else to be independent. What both fleets share may drift at will.
    - The mean of e-values is one whatever their dependence at a time that is fixed beforehand (Vovk and Wang,
      "E-values: calibration, combination and applications", 2021). At any stopping time it is one if each stream's
      e-values are fair given what all streams of the metric have shown. SageMaker's and the servers' streams count the
      same requests, the former later than the latter, so that this is not proven; simulated, the promise holds with
      room to spare.

    False promotions: one test at the end of the bake, at which all metrics must agree, each at the level
    `false_promotion_rate` (intersection-union test, Berger 1982, so no correction). So a fleet whose errors, latency or
    scores are beyond what promotion tolerates is promoted with a probability of `false_promotion_rate` at most.
    """

    false_rollback_rate: float = 0.01
    false_promotion_rate: float = 0.05
    min_requests: int = 500
    """Requests that the new fleet must have answered before it is promoted; value rests on it alone."""
    error_tolerance: float = 0.005
    """Promotion needs evidence that the share of errors rose by less than this."""
    expected_error_rate: float = 0.005
    """The old fleet's usual share of errors: it speeds the first e-values up and cannot make them invalid."""
    latency_noise: float = 1.1
    """The new fleet may be slower than the old one by this factor before anything counts against it."""
    latency_tolerance: float = 1.5
    """Promotion needs evidence that the new fleet is slower by less than this factor."""
    baseline_rows: int = 2000
    """Rows that the new model's score ranks were taken from: a rank may be off by 2.5 standard errors of them."""
    score_limit: float = 0.05
    """Promotion needs evidence that both shares of the scores are off by less than this."""
    watches_scores: bool = True
    """Both fleets must report where their scores lie; without that no rollout would ever be promoted."""
    watches_value: bool = False
    warm_up_seconds: float = 0.0
    """After its first traffic the new fleet's latencies do not count for so long; its errors and scores do."""
    error_metric: str = "InvocationModelErrors"
    """SageMaker's, 1 or 0 a request: its samples are the requests."""
    watches_servers: bool = True
    """Whether what the servers report every few seconds is evidence too; SageMaker reports the same by the minute, and
    more: what waits for a server or never reaches one. So both are counted, and only SageMaker's promotes."""

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
    def metrics(self) -> tuple[AnalysedMetric, ...]:
        optional: dict[AnalysedMetric, bool] = {"scores": self.watches_scores, "value": self.watches_value}
        return tuple(metric for metric in METRICS if optional.get(metric, True))

    def rank_noise(self, share: float) -> float:
        """How far a share of the scores may be off its place before it counts against the new fleet."""
        return float(_NOISE_ERRORS * sqrt(share * (1 - share) / self.baseline_rows))

    @property
    def log_rollback(self) -> float:
        """Log e-value at which one metric rolls the new fleet back."""
        return log(len(self.metrics) / self.false_rollback_rate)


_BOUNDS = (
    ("false_rollback_rate", 1e-9, 0.5),
    ("false_promotion_rate", 1e-9, 0.5),
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
class ValueBounds:
    """Bounds of one outcome's value, and the loss a request that is tolerated."""

    low: float
    high: float
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"low must be below high, got {self.low} and {self.high}")
        if not 0 <= self.tolerance < self.high - self.low:
            raise ValueError(f"tolerance must be in 0..{self.high - self.low:g}, got {self.tolerance}")


@dataclass(frozen=True)
class AnalysisConfig:
    """What the analysis of one endpoint is deployed with, as one environment variable.

    Attributes:
        tolerances: and error rates.
        without_evidence: `roll_back` or `proceed`, for a bake that ends before there is enough evidence.
        decide_seconds: so long before the bake ends the decision is final.
        variant: the endpoint's production variant.
        deployment: the DeploymentConfig, for an endpoint that does not report its own.
        instances: of the new fleet, likewise.
        value: None where none is watched.
        value_horizon_seconds: the age of a request at which its outcome counts, if it has arrived by then.
        positive_label: what is worth 1 in outcomes that are labels; None where no label is positive: then only outcomes
            that are numbers count, each the value of its request.
        shadow_error_tolerance: of a shadow; None: as of a canary.
    """

    tolerances: Tolerances
    without_evidence: str
    decide_seconds: float
    variant: str
    deployment: Mapping[str, Any]
    instances: int
    value: ValueBounds | None = None
    value_horizon_seconds: int = 300
    positive_label: str | None = "1"
    shadow_error_tolerance: float | None = None

    def of_shadow(self) -> Self:
        """The same with what is tolerated of a shadow."""
        if self.shadow_error_tolerance is None:
            return self
        return replace(self, tolerances=replace(self.tolerances, error_tolerance=self.shadow_error_tolerance))

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        document = json.loads(text)
        value = ValueBounds(**document["value"]) if document["value"] else None
        return cls(**{**document, "tolerances": Tolerances(**document["tolerances"]), "value": value})


def effective_decide_seconds(decide_seconds: float, bake_seconds: float) -> float:
    """How long before the bake's end the decision is final: a short bake is watched for half of its time at least."""
    return min(decide_seconds, bake_seconds / 2)
