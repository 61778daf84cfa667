"""Verdicts that know their sample size: promote, roll back or extend, valid at every look."""

from slipway.canary.statistics.decision import (
    VERDICT_METRIC,
    Evidence,
    Verdict,
    is_verdict_namespace,
    verdict_datum,
    verdict_namespace,
)
from slipway.canary.statistics.e_values import Counts, Regression, Safety
from slipway.canary.statistics.means import MeanState, MeanTest
from slipway.canary.statistics.proportions import ProportionState, ProportionTest
from slipway.canary.statistics.sentences import explain
from slipway.canary.statistics.tolerances import (
    LATENCY_SHARES,
    SCORE_RANKS,
    SERVED,
    TOLERANCE_SHARE,
    JudgePlan,
    Metric,
    Stream,
    streams,
)

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
