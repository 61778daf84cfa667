"""What follows from the evidence and the time that is left."""

from dataclasses import replace

from slipway.canary.checkpoint import Checkpoint
from slipway.canary.config import PROCEED, AnalysisConfig
from slipway.canary.explanation import explain, missing
from slipway.canary.statistics.evidence import Decision


def decide(checkpoint: Checkpoint, config: AnalysisConfig, *, left: float | None) -> Checkpoint:
    """The checkpoint with the decision of this poll.

    A rollback is final, and any poll may make it. The decision on shifting all traffic to the new fleet is due
    `decide_seconds` before that happens: then there is one test of all that was counted, and until then no promotion.
    """
    if checkpoint.decision is Decision.ROLL_BACK:
        return checkpoint
    evidence = checkpoint.evidence
    due = not checkpoint.settled and left is not None and left <= config.decide_seconds
    found = evidence.decision(error=config.tolerances.false_promotion_rate if due else 0.0)
    if found is Decision.ROLL_BACK:
        return replace(checkpoint, decision=found, explanation=explain(evidence, found), settled=True)
    if checkpoint.settled:
        return checkpoint
    if found is Decision.PROMOTE or not due:
        return replace(checkpoint, decision=found, explanation=explain(evidence, found), settled=due)
    seen = missing(evidence)
    if config.without_evidence == PROCEED:
        explanation = f"extend: {seen}; the bake ends, and the rollout proceeds (without_evidence = proceed)"
        return replace(checkpoint, decision=found, explanation=explanation, settled=True)
    explanation = f"roll back: the bake ends with too little evidence: {seen}"
    return replace(checkpoint, decision=Decision.ROLL_BACK, explanation=explanation, settled=True)
