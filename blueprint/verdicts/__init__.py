"""Verdicts that know their sample size: promote, roll back or extend, valid at every look."""

from blueprint.verdicts.bets import Counts, Regression, Safety
from blueprint.verdicts.judge import VERDICT_METRIC, VERDICT_NAMESPACE, Evidence, Verdict, verdict_datum
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
    "VERDICT_NAMESPACE",
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
    "streams",
    "verdict_datum",
]
