"""One rollout at a time: the oldest that runs goes on; a rejection and the way back pass what is merely held."""

from infra.rollout.hold import GOES_BACK
from infra.rollout.states import (
    State,
    States,
    choose,
    equal,
    matching,
    note,
    present,
    reckon,
    same,
    task,
    true,
    unlike,
    wait,
    when,
)
from slipway.rollout.pause import WAY_BACK

TURN = "BeginTurn"
IS_REJECTION = (present("$.ModelApprovalStatus"), equal("$.ModelApprovalStatus", "Rejected"))

_SETTLE_SECONDS = 5
_LONGER_SECONDS = 15
"""What each wait lasts longer than the one before: after an hour the next look comes within six minutes."""
_LAST_SECONDS = 185 * _LONGER_SECONDS
"""The wait after which three days are over: 185 looks of 13 events, about 2,400 of an execution's 25,000."""
_REJECTED_LONGER_SECONDS = 3
"""A rejection that has to wait is never refused: fourteen days of such waits are 900 looks, about 18,000 events."""
_BACK_SECONDS, _BACK_LOOKS = 60, 60
"""A way back looks each minute, or sixty times in the longest update: see the test of an execution's history."""
_MOST_LISTED = 200
"""Such a page stays below the 256 KiB that an execution's data may have; one of 1,000 would not."""
_WAITS = ("WaitForHold*", "WaitForTurn")
"""Whoever is in one of these has changed nothing, and asks for its turn before it does."""


def turn_states(state_machine_arn: str, *, then: str, refused: str, rejected: str, timeout_seconds: int) -> States:
    """From `BeginTurn` to `then`, or after three days to `refused` with `$.failure`; a rejection first to `rejected`.

    Two approvals close together, or one event delivered twice, make executions side by side. The list of running
    ones is the lock: it needs no table, and an aborted execution leaves it by itself. While a way back runs, nothing
    but it has the turn; it waits only for an execution that does something. Neither can overlook the other: the one
    is listed before it looks where the other stands, and that one leaves its wait before it looks at the list.
    A rejection that waited for either passes what is held, too: it updates nothing itself.
    """
    mine, alone = (same(f"$.rollouts.{name}", "$$.Execution.Id") for name in ("first", "oldest"))
    back_seconds = max(_BACK_SECONDS, timeout_seconds // _BACK_LOOKS)
    return {
        TURN: note("$.turn", {"seconds": 0}, then="IsUrgent"),
        "IsUrgent": choose(when(*IS_REJECTION, then=rejected), otherwise="Settle"),
        # The list lags behind a little; executions started together have to see each other.
        "Settle": wait(_SETTLE_SECONDS, then="ListRollouts"),
        "ListRollouts": task(
            "sfn:listExecutions",
            {"StateMachineArn": state_machine_arn, "StatusFilter": "RUNNING", "MaxResults": _MOST_LISTED},
            result="$.rollouts",
            then="FindTurn",
            caught="ExplainError",
        ),
        "FindTurn": reckon(_turn(back_seconds), then="IsItsTurn"),
        "IsItsTurn": choose(
            # The oldest is on another page: nobody knows whose turn it is until fewer run.
            when(true("$.rollouts.more"), then="IsTurnOver"),
            when(mine, alone, then=then),
            when(mine, equal("$.rollouts.oldest", ""), then=then),
            when(mine, then="ReadTurn"),
            when(
                *IS_REJECTION,
                unlike("$.rollouts.first", ""),
                same("$.rollouts.first", "$.rollouts.oldest"),
                then="ReadTurn",
            ),
            otherwise="IsTurnOver",
        ),
        **_passing(then),
        "WaitForTurn": {"Type": "Wait", "SecondsPath": "$.turn.seconds", "Next": "ListRollouts"},
        **_end(refused),
    }


def _turn(back_seconds: int) -> str:
    """`$.rollouts`: whose turn it is, and the oldest that is no way back, which a way back may have to wait for.

    Each is empty where there is none. `$.turn`: how long to wait if it is not this one's.
    """
    # The list tells names, and no input.
    is_back = f"$contains($, /:{WAY_BACK}[^:]*$/)"
    return (
        "("
        "$given := $states.input;"
        "$arns := $given.rollouts.Executions.ExecutionArn;"  # newest first
        f"$back := $arns[{is_back}][-1];"
        f"$oldest := $arns[$not({is_back})][-1];"
        "$longer := $given.ModelApprovalStatus = 'Rejected' "
        f"? {_REJECTED_LONGER_SECONDS} : {_LONGER_SECONDS};"
        "$seconds := $given.turn.seconds + $longer;"
        "{"
        "'rollouts': {"
        "'first': $exists($back) ? $back : $exists($oldest) ? $oldest : '', "
        "'oldest': $exists($oldest) ? $oldest : '', "
        "'more': $exists($given.rollouts.NextToken)"
        "}, "
        f"'turn': {{'seconds': $exists($given.GoesBack) ? $min([$seconds, {back_seconds}]) : $seconds}}"
        "}"
        ")"
    )


def _passing(then: str) -> States:
    """Only the oldest of the others can be doing something: whoever came after it waits for its turn."""
    state = "$.before.events[0].StateEnteredEventDetails.Name"
    return {
        "ReadTurn": task(
            "sfn:getExecutionHistory",
            {
                "ExecutionArn.$": "$.rollouts.oldest",
                "ReverseOrder": True,
                "MaxResults": 1,
                "IncludeExecutionData": False,
            },
            result="$.before",
            select={"events.$": "$.Events"},
            then="IsTurnFree",
            caught="IsTurnOver",
        ),
        "IsTurnFree": choose(
            *(when(present(state), matching(state, waits), then=then) for waits in _WAITS), otherwise="IsTurnOver"
        ),
    }


def _end(refused: str) -> States:
    """Who waits for longer than a hold lasts is refused, so that no package stays approved that nobody rolls out.

    Not so the way back to an earlier model, nor a rejection: neither has an approval that could be given again.
    """
    theirs = "$.oldest.input.ModelPackageArn"
    in_time: State = {"Variable": "$.turn.seconds", "NumericLessThanEquals": _LAST_SECONDS}
    reason = "it waited for its turn for three days; approve it again when the rollouts before it have ended"
    return {
        "IsTurnOver": choose(
            when(in_time, then="WaitForTurn"),
            when(present(GOES_BACK), then="WaitForTurn"),
            when(*IS_REJECTION, then="WaitForTurn"),
            when(unlike("$.rollouts.first", ""), then="WhoseTurn"),
            otherwise="ExplainTurn",
        ),
        "WhoseTurn": task(
            "sfn:describeExecution",
            {"ExecutionArn.$": "$.rollouts.first"},
            result="$.oldest",
            select={"arn.$": "$.ExecutionArn", "input.$": "States.StringToJson($.Input)"},
            then="IsItsTwinsTurn",
            caught="ExplainTurn",
        ),
        # An event delivered twice: a rejection would take the package from the rollout that has it in hand.
        "IsItsTwinsTurn": choose(
            when(present(theirs), same(theirs, "$.ModelPackageArn"), then="WaitForTurn"),
            otherwise="ExplainTurn",
        ),
        "ExplainTurn": note("$.failure", {"reason": reason, "by": "turn"}, then=refused),
    }
