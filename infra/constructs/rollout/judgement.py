"""Looks at both fleets while the stack updates, and what their verdict means afterwards."""

from blueprint.verdicts import Verdict
from infra.constructs.rollout.states import States, absent, choose, equal, note, number, task, true, when

ROLL_BACK = int(Verdict.ROLL_BACK)
"""The verdict against the new fleet."""
NO_FLEET = ""
_NONE = {"verdict": 0, "changed": False, "sentence": "", "config": "", "settled": False, "evidence": None}
_KEPT = {f"{name}.$": f"$.Payload.{name}" for name in _NONE}


def judgement_states(*, endpoint: str, function_arn: str, poll_seconds: int, then: str, changed: str) -> States:
    """From `HasTwoFleets`, entered at each look, to `then`, by way of `changed` where the verdict is a new one.

    A look that fails is left out: the evidence is unchanged, and the next look catches up.
    """
    payload = {
        "endpoint": endpoint,
        "package.$": "$.ModelPackageArn",
        "previous_package.$": "$.previous.model_package",
        "previous_config.$": "$.previous.config",
        "evidence.$": "$.judgement.evidence",
        # Bakes are waits too: how long this one took tells how fast they go by.
        "clock": {"seconds": poll_seconds, "from.$": "$.waiting.since", "to.$": "$$.State.EnteredTime"},
    }
    look = task(
        "lambda:invoke",
        {"FunctionName": function_arn, "Payload": payload},
        result="$.judgement",
        select=_KEPT,
        then="IsVerdictNew",
        caught=then,
    )
    look["Catch"][0]["ResultPath"] = "$.unjudged"
    return {
        "HasTwoFleets": choose(when(equal("$.previous.config", NO_FLEET), then=then), otherwise="Judge"),
        "Judge": look,
        "IsVerdictNew": choose(when(true("$.judgement.changed"), then=changed), otherwise=then),
    }


def no_judgement(*, then: str) -> States:
    return {"NoJudgementYet": note("$.judgement", _NONE, then=then)}


def conclusion(*, then: str) -> States:
    """`IsJudged`: the candidate serves, but may it? An alarm can come too late, and a judge can be out of order."""
    return {
        "IsJudged": choose(
            when(equal("$.previous.config", NO_FLEET), then=then),
            when(absent("$.waiting"), then=then),  # it served before this rollout began anything
            when(number("$.judgement.verdict", ROLL_BACK), then="ExplainVerdict"),
            when(true("$.judgement.settled"), then=then),
            otherwise="ExplainUnjudged",
        ),
    }
