"""Verdicts that know their sample size: promote, roll back or extend, valid at every look."""

from blueprint.verdicts.bets import Counts, Regression, Safety
from blueprint.verdicts.judge import (
    VERDICT_METRIC,
    Evidence,
    Verdict,
    is_verdict_namespace,
    verdict_datum,
    verdict_namespace,
)
from blueprint.verdicts.means import MeanState, MeanTest
from blueprint.verdicts.plan import (
    LATENCY_SHARES,
    SCORE_RANKS,
    SERVED,
    TOLERANCE_SHARE,
    JudgePlan,
    Metric,
    Stream,
    streams,
)
from blueprint.verdicts.proportions import ProportionState, ProportionTest
from blueprint.verdicts.sentences import explain

__all__ = [
    "LATENCY_SHARES",
    "SCORE_RANKS",
    "SERVED",
    "TOLERANCE_SHARE",
    "VERDICT_METRIC",
    "Counts",
    "Evidence",
    "JudgePlan",
    "MeanState",
    "MeanTest",
    "Metric",
    "ProportionState",
    "ProportionTest",
    "Regression",
    "Safety",
    "Stream",
    "Verdict",
    "explain",
    "is_verdict_namespace",
    "streams",
    "verdict_datum",
    "verdict_namespace",
]
