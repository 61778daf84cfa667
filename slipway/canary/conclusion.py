"""What follows from the evidence and the time that is left."""

from dataclasses import replace

from slipway.canary.checkpoint import Memory
from slipway.canary.config import PROCEED, Mandate
from slipway.canary.statistics.decision import Verdict
from slipway.canary.statistics.sentences import explain, missing


def decide(memory: Memory, mandate: Mandate, *, left: float | None) -> Memory:
    """The memory with the verdict of this look.

    A rollback is final. The verdict on letting everybody meet the new fleet is due `decide_seconds` before that
    happens; until then a promotion is what the evidence allows so far, and may be taken back.
    """
    if memory.verdict is Verdict.ROLL_BACK:
        return memory
    found = memory.evidence.verdict()
    if found is Verdict.ROLL_BACK:
        return replace(memory, verdict=found, sentence=explain(memory.evidence), settled=True)
    if memory.settled:
        return memory
    due = left is not None and left <= mandate.decide_seconds
    if found is Verdict.PROMOTE or not due:
        return replace(memory, verdict=found, sentence=explain(memory.evidence), settled=due)
    seen = missing(memory.evidence)
    if mandate.without_evidence == PROCEED:
        sentence = f"extend: {seen}; the bake ends, and it goes on without a verdict as without_evidence = proceed asks"
        return replace(memory, verdict=found, sentence=sentence, settled=True)
    sentence = f"roll back: the bake ends with too little evidence: {seen}"
    return replace(memory, verdict=Verdict.ROLL_BACK, sentence=sentence, settled=True)
