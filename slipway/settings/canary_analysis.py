"""The judge of a rollout: what it tolerates, and how sure it must be."""

from typing import Literal, Self

from pydantic import Field, model_validator

from slipway.canary.statistics.tolerances import JudgePlan
from slipway.settings.section import Section


class Judge(Section):
    """Compares the new fleet with the old one while it bakes; see `JudgePlan` for the tolerances."""

    enabled: bool = False
    without_evidence: Literal["roll_back", "proceed"] = "roll_back"
    """What happens when the new fleet has met too few requests to be judged; SageMaker cannot bake longer."""
    decide_seconds: int = Field(120, ge=30, le=3600)
    """So long before the bake ends the verdict is final: its alarm and SageMaker need that time to act."""
    false_rollback_rate: float = 0.01
    false_promotion_rate: float = 0.05
    min_requests: int = 500
    error_tolerance: float = 0.005
    latency_noise: float = 1.1
    latency_tolerance: float = 1.5
    scores: bool = True
    score_limit: float = 0.05
    baseline_rows: int = 2000
    """Rows of a model's validation split, which its score ranks are taken from."""
    value: bool = False
    """Judge what the answers were worth too, from outcomes that arrive later."""
    value_tolerance: float = Field(0.0, ge=0)
    """In the currency of `[value]`, a request."""
    value_horizon_seconds: int = Field(300, ge=10, le=28_800)
    """The age of a request at which its outcome counts, if it has arrived by then; the same in both fleets."""

    @model_validator(mode="after")
    def _can_judge(self) -> Self:
        self.plan()
        return self

    def plan(self, *, warm_up_seconds: float = 0.0) -> JudgePlan:
        return JudgePlan(
            warm_up_seconds=warm_up_seconds,
            false_rollback_rate=self.false_rollback_rate,
            false_promotion_rate=self.false_promotion_rate,
            min_requests=self.min_requests,
            error_tolerance=self.error_tolerance,
            latency_noise=self.latency_noise,
            latency_tolerance=self.latency_tolerance,
            score_limit=self.score_limit,
            # Both fleets' ranks are estimates: their difference varies as one from half as many rows does.
            baseline_rows=self.baseline_rows // 2,
            watches_scores=self.scores,
            watches_value=self.value,
        )
