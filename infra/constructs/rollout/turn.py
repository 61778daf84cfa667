"""One rollout at a time: an execution goes on when it is the oldest that runs."""

from infra.constructs.rollout.states import States, choose, note, present, same, task, wait, when

_SETTLE_SECONDS = 5
_LONGER_SECONDS = 15
"""What each wait lasts longer than the one before: 220 looks in four days, about 3,500 of an execution's 25,000 events,
and after an hour the next look comes within six minutes."""


def turn_states(state_machine_arn: str, *, then: str) -> States:
    """From `Settle` to `then`.

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
        "AreRolloutsListed": choose(when(present("$.rollouts.arns[0]"), then="FindOldest"), otherwise="LengthenTurn"),
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
        "IsItsTurn": choose(when(same("$.oldest.arn", "$$.Execution.Id"), then=then), otherwise="LengthenTurn"),
        "LengthenTurn": note(
            "$.turn",
            parameters={"seconds.$": f"States.MathAdd($.turn.seconds, {_LONGER_SECONDS})"},
            then="WaitForTurn",
        ),
        "WaitForTurn": {"Type": "Wait", "SecondsPath": "$.turn.seconds", "Next": "ListRollouts"},
    }
