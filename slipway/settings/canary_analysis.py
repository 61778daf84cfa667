"""Canary analysis: what it tolerates, and how sure it must be."""

from typing import Literal, Self

from pydantic import Field, model_validator

from slipway.canary.config import AnalysisConfig, Tolerances, ValueBounds
from slipway.settings.section import Section


class CanaryAnalysis(Section):
    """Compares the new fleet with the old one while it bakes; so that a worse one is rolled back."""

    enabled: bool = False
    """Whether the fleets are compared; without it the alarms decide alone."""
    without_evidence: Literal["roll_back", "proceed"] = "roll_back"
    """What happens when the new fleet got too few requests for a decision; SageMaker cannot extend a bake."""
    decide_seconds: int = Field(120, ge=30, le=3600)
    """Time before the end of the bake at which the decision is final: the alarm and SageMaker need it to act."""
    false_rollback_rate: float = Tolerances.false_rollback_rate
    """Probability, below 0.5, with which a fleet within the tolerances may be rolled back."""
    false_promotion_rate: float = Tolerances.false_promotion_rate
    """Probability, below 0.5, with which a fleet beyond the tolerances may be promoted."""
    min_requests: int = Tolerances.min_requests
    """Requests that the new fleet must have answered before it is promoted."""
    error_tolerance: float = Tolerances.error_tolerance
    """Rise of the share of errors, below 0.5, that a promotion must exclude."""
    latency_noise: float = Tolerances.latency_noise
    """Factor, below 10, by which the new fleet may be slower before that counts against it."""
    latency_tolerance: float = Tolerances.latency_tolerance
    """Factor of slowdown, above `latency_noise`, that a promotion must exclude."""
    servers: bool = Tolerances.watches_servers
    """Whether what Slipway's own servers report every few seconds is counted beside SageMaker's metrics."""
    scores: bool = Tolerances.watches_scores
    """Whether scores are compared."""
    score_limit: float = Tolerances.score_limit
    """Difference of the shares of scores, below 0.2, that a promotion must exclude."""
    baseline_rows: int = Tolerances.baseline_rows
    """Rows of a model's validation split, from which the ranks of its scores are taken."""
    value: bool = Tolerances.watches_value
    """Whether the value of the responses is compared, by outcomes that arrive later."""
    value_tolerance: float = Field(ValueBounds.tolerance, ge=0)
    """Loss of value, in the currency of `[value]` for each request, that counts as no loss."""
    value_horizon_seconds: int = Field(AnalysisConfig.value_horizon_seconds, ge=10, le=28_800)
    """Age of a request at which its outcome counts, if it has arrived by then; the same in both fleets."""

    @model_validator(mode="after")
    def _tolerances_fit(self) -> Self:
        self.tolerances()
        return self

    def tolerances(self, *, warm_up_seconds: float = Tolerances.warm_up_seconds) -> Tolerances:
        same = {name: getattr(self, name) for name in _SAME}
        return Tolerances(
            **same,
            warm_up_seconds=warm_up_seconds,
            # Both fleets' ranks are estimates: their difference varies as one from half as many rows does.
            baseline_rows=self.baseline_rows // 2,
            watches_scores=self.scores,
            watches_value=self.value,
            watches_servers=self.servers,
        )


_SAME = (
    "false_rollback_rate",
    "false_promotion_rate",
    "min_requests",
    "error_tolerance",
    "latency_noise",
    "latency_tolerance",
    "score_limit",
)
