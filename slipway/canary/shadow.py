"""What follows from the evidence on a shadow: no bake ends, so several tests may promote, each at more requests."""

from dataclasses import replace

from slipway.canary.checkpoint import Checkpoint
from slipway.canary.explanation import explain, missing
from slipway.canary.shadow_comparison import promotion_times
from slipway.canary.statistics.evidence import Decision


def decide_shadow(checkpoint: Checkpoint, *, waited: float, most_seconds: float) -> Checkpoint:
    """The checkpoint with the decision of this poll, `waited` seconds after the candidate became a shadow.

    Any poll may find it worse; the tests share the error of a promotion equally. The shadow gets copies of the requests
    that the live model responds to, so that hits of the two go together, where the tests take them for independent:
    their evidence is then too weak, and never too strong.
    """
    if checkpoint.settled:
        return checkpoint
    times, tolerances = promotion_times(most_seconds), checkpoint.evidence.tolerances
    due = sum(waited >= at for at in times)
    error = tolerances.false_promotion_rate / len(times)
    evidence = replace(checkpoint.evidence, tolerances=replace(tolerances, false_promotion_rate=error))
    found = evidence.decision(error=error if due > checkpoint.promotion_tests else 0.0)
    over = found is Decision.EXTEND and due == len(times)
    return replace(
        checkpoint,
        decision=found,
        explanation=f"extend: {missing(evidence)}" if over else explain(evidence, found),
        promotion_tests=due,
        settled=found is not Decision.EXTEND,
    )
