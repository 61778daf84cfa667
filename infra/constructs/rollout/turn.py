"""One rollout at a time: an execution goes on when it is the oldest that runs."""

from infra.constructs.rollout.hold import GOES_BACK
from infra.constructs.rollout.states import States, choose, equal, note, present, same, task, wait, when

_SETTLE_SECONDS = 5
_LONGER_SECONDS = 15
"""What each wait lasts longer than the one before: after an hour the next look comes within six minutes."""
_LAST_SECONDS = 185 * _LONGER_SECONDS
"""The wait after which three days are over: 185 looks, about 3,200 of an execution's 25,000 events."""


def turn_states(state_machine_arn: str, *, then: str, refused: str) -> States:
    """From `Settle` to `then`, or after three days to `refused` with `$.failure`.

    Two approvals close together, or one event delivered twice, make executions side by side. The list of running
    ones is the lock: it needs no table, and an aborted execution leaves it by itself.
    """
    return {
        # The list lags behind a little; executions started together have to see each other.
        "Settle": wait(_SETTLE_SECONDS, then="BeginTurn"),
        "BeginTurn": note("$.turn", {"seconds": 0}, then="ListRollouts"),
        "ListRollouts": task(
            "sfn:listExecutions",
            {"StateMachineArn": state_machine_arn, "StatusFilter": "RUNNING"},
            result="$.rollouts",
            select={"arns.$": "$.Executions[*].ExecutionArn"},
            then="AreRolloutsListed",
            caught="ExplainError",
        ),
        "AreRolloutsListed": choose(when(present("$.rollouts.arns[0]"), then="FindOldest"), otherwise="IsTurnOver"),
        # Newest first.
        "FindOldest": note(
            "$.oldest",
            parameters={
                "arn.$": (
                    "States.ArrayGetItem($.rollouts.arns, States.MathAdd(States.ArrayLength($.rollouts.arns), -1))"
                )
            },
            then="IsItsTurn",
        ),
        "IsItsTurn": choose(when(same("$.oldest.arn", "$$.Execution.Id"), then=then), otherwise="IsTurnOver"),
        "LengthenTurn": note(
            "$.turn",
            parameters={"seconds.$": f"States.MathAdd($.turn.seconds, {_LONGER_SECONDS})"},
            then="WaitForTurn",
        ),
        "WaitForTurn": {"Type": "Wait", "SecondsPath": "$.turn.seconds", "Next": "ListRollouts"},
        **_end(refused),
    }


def _end(refused: str) -> States:
    """Who waits for longer than a hold lasts is refused, so that no package stays approved that nobody rolls out.

    Not so the way back to an earlier model, nor a rejection: neither has an approval that could be given again.
    """
    rejected = (present("$.ModelApprovalStatus"), equal("$.ModelApprovalStatus", "Rejected"))
    theirs = "$.oldest.input.ModelPackageArn"
    in_time = {"Variable": "$.turn.seconds", "NumericLessThan": _LAST_SECONDS}
    reason = "it waited for its turn for three days; approve it again when the rollouts before it have ended"
    return {
        "IsTurnOver": choose(
            when(in_time, then="LengthenTurn"),
            when(present(GOES_BACK), then="LengthenTurn"),
            when(*rejected, then="LengthenTurn"),
            when(present("$.oldest"), then="WhoseTurn"),
            otherwise="ExplainTurn",
        ),
        "WhoseTurn": task(
            "sfn:describeExecution",
            {"ExecutionArn.$": "$.oldest.arn"},
            result="$.oldest",
            select={"arn.$": "$.ExecutionArn", "input.$": "States.StringToJson($.Input)"},
            then="IsItsTwinsTurn",
            caught="ExplainTurn",
        ),
        # An event delivered twice: a rejection would take the package from the rollout that has it in hand.
        "IsItsTwinsTurn": choose(
            when(present(theirs), same(theirs, "$.ModelPackageArn"), then="LengthenTurn"),
            otherwise="ExplainTurn",
        ),
        "ExplainTurn": note("$.failure", {"reason": reason, "by": "turn"}, then=refused),
    }
