"""What the monitoring job evaluates, and the limits of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline_steps.baseline.attributions import Predict
from pipeline_steps.monitoring.constraints import ConstraintLimits
from pipeline_steps.monitoring.facets import Facet
from pipeline_steps.problems.problem import Problem

REQUESTS, OUTCOMES = "requests", "outcomes"
"""Which findings, where outcomes arrive so late that they have a run of their own."""


@dataclass(frozen=True)
class QualityLimits:
    """How much worse than on the validation split a metric may be.

    Attributes:
        losses: by name, of metrics of which more is better: how much lower.
        error_growth: of metrics of which less is better: a share of the validation split's.
    """

    losses: Mapping[str, float]
    error_growth: float

    def of(self, name: str, problem: Problem, trained: Mapping[str, float]) -> float | None:
        """Give the worst value that is allowed; None where the metric has no limit."""
        direction = problem.metrics.get(name)
        if direction == "minimize":
            return trained[name] * (1 + self.error_growth)
        return trained[name] - self.losses[name] if direction and name in self.losses else None


@dataclass(frozen=True)
class QualityOptions:
    """Outcomes (`malformed` lines were none), what they are compared with, and how much worse they may be."""

    outcomes: Mapping[str, Sequence[float]]
    trained: Mapping[str, float]
    limits: QualityLimits
    malformed: int = 0


@dataclass(frozen=True)
class ExplanationOptions:
    """Options of bias and attributions; `predict` is the model's, None without attributions."""

    facets: Sequence[Facet] = ()
    predict: Predict | None = None
    min_ndcg: float = 0.9


@dataclass(frozen=True)
class MonitoringOptions:
    """`constraints` replace those of the model; `only` is `REQUESTS` or `OUTCOMES`, None for both."""

    limits: ConstraintLimits
    constraints: Mapping[str, Any] | None
    quality: QualityOptions
    explained: ExplanationOptions
    only: str | None = None
