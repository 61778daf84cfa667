"""Is it held? A person's word, asked before a rollout changes anything.

The parameter belongs to no stack: a deployment that also touched it would let go what a person holds. The first
`pause` makes it, and until then every rollout goes.
"""

from typing import Any

from aws_cdk import aws_iam as iam

from infra.rollout.states import (
    State,
    States,
    choose,
    equal,
    matching,
    more,
    note,
    present,
    same,
    task,
    true,
    wait_counting,
    when,
)
from infra.shared.arns import arn
from infra.shared.policy import grant
from slipway.rollout.pause import ABORT, GO

HOLD = "ReadHold"
HOLD_AGAIN = "ReadHoldAgain"

GOES_BACK = "$.GoesBack"
"""In the input of a rollout that brings an earlier model back: nobody holds that."""

_SECONDS, _LOOKS = 30, 60
_LATER_SECONDS, _MOST_LOOKS = 600, 480
"""Half an hour of quick looks, then slow ones up to three days: about 4,300 of the 25,000 events of an execution.

Both holds of an execution count together.
"""
_COUNTED = "{'hold': $merge([$states.input.hold, {'looks': $states.input.hold.looks + 1, 'waited': true}])}"

_MISSING = "Ssm.ParameterNotFoundException"


def hold_states(*, parameter_name: str, then: str, refused: str, start: str = HOLD, again: str | None = None) -> States:
    """From `start`, `ReadHold` by default, to `then`, or to `refused` with `$.failure`.

    Asked twice with different `start`: before the gates, and again before the update, since an abort may come
    meanwhile. An abort of another package holds this one: it is let go when that one has ended. Who has waited may
    have been passed by a way back, so what it knows of the endpoint is old: it goes on to `again`, if given.
    """
    suffix = start.removeprefix(HOLD)
    begin, ask, held, gone = f"BeginHold{suffix}", f"AskHold{suffix}", f"IsHeld{suffix}", f"IsHoldOver{suffix}"
    wait_, later = f"WaitForHold{suffix}", f"WaitForHoldLonger{suffix}"
    abort = {"word.$": f"States.Format('{ABORT} {{}}', $.ModelPackageArn)", "looks": 0, "waited": False}
    return {
        start: choose(
            when(present(GOES_BACK), then=then),
            when(present("$.hold"), then=ask),
            otherwise=begin,
        ),
        begin: note("$.hold", parameters=abort, then=ask),
        ask: _ask(parameter_name, then=held, caught=f"IsHoldMissing{suffix}"),
        held: choose(
            when(equal("$.hold.answer.value", GO), then=gone),
            when(same("$.hold.answer.value", "$.hold.word"), then=f"ExplainAbort{suffix}"),
            when(more("$.hold.looks", _MOST_LOOKS - 1), then=f"ExplainHeld{suffix}"),
            when(more("$.hold.looks", _LOOKS - 1), then=later),
            otherwise=wait_,
        ),
        wait_: wait_counting(_SECONDS, _COUNTED, then=ask),
        later: wait_counting(_LATER_SECONDS, _COUNTED, then=ask),
        # Without a parameter nobody has ever paused; what cannot be read may say hold, so nothing goes on.
        f"IsHoldMissing{suffix}": choose(
            when(matching("$.error.Error", "*ParameterNotFound*"), then=gone), otherwise=f"ExplainUnread{suffix}"
        ),
        gone: choose(when(true("$.hold.waited"), then=f"EndHold{suffix}"), otherwise=then),
        f"EndHold{suffix}": note("$.hold.waited", value=False, then=again or then),
        **_reasons(suffix, refused),
    }


def allow_hold(role: iam.Role, *, parameter_name: str) -> None:
    """Let `role` read the parameter, and nothing more."""
    parameter = arn("ssm", f"parameter{parameter_name}")  # whose name begins with the slash
    grant(role, "ssm:GetParameter", on=[parameter])


def _ask(parameter_name: str, *, then: str, caught: str) -> State:
    ask = task(
        "ssm:getParameter",
        {"Name": parameter_name},
        result="$.hold.answer",
        select={"value.$": "$.Parameter.Value"},
        then=then,
        caught=caught,
    )
    ask["Retry"] = [{"ErrorEquals": [_MISSING], "MaxAttempts": 0}, *ask["Retry"]]
    return ask


def _reasons(suffix: str, refused: str) -> States:
    def explain(by: str, reason: dict[str, Any]) -> State:
        return note("$.failure", parameters={**reason, "by": by}, then=refused)

    unread = "States.Format('whether rollouts are held could not be read: {}: {}', $.error.Error, $.error.Cause)"
    return {
        f"ExplainAbort{suffix}": explain("operator", {"reason": "an operator aborted the rollout before it began"}),
        f"ExplainHeld{suffix}": explain(
            "hold", {"reason": "it was held for three days; approve it again when rollouts go on"}
        ),
        f"ExplainUnread{suffix}": explain("hold", {"reason.$": unread}),
    }
