"""What the monitoring job evaluates, and the limits of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline_steps.baseline.attributions import Score
from pipeline_steps.monitoring.constraints import ConstraintLimits
from pipeline_steps.monitoring.facets import Facet

REQUESTS, OUTCOMES = "requests", "outcomes"
"""Which findings, where outcomes arrive so late that they have a run of their own."""


@dataclass(frozen=True)
class QualityOptions:
    """Outcomes (`malformed` lines were none), what they are compared with, and how much worse they may be."""

    outcomes: Mapping[str, list[bool]]
    trained: Mapping[str, float]
    max_losses: Mapping[str, float]
    malformed: int = 0


@dataclass(frozen=True)
class ExplanationOptions:
    """Options of bias and attributions; `score` is the model's, None without attributions."""

    facets: Sequence[Facet] = ()
    score: Score | None = None
    min_ndcg: float = 0.9


@dataclass(frozen=True)
class MonitoringOptions:
    """`constraints` replace those of the model; `only` is `REQUESTS` or `OUTCOMES`, None for both."""

    limits: ConstraintLimits
    constraints: Mapping[str, Any] | None
    quality: QualityOptions
    explained: ExplanationOptions
    only: str | None = None
