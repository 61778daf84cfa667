"""A rollout that finds its endpoint stopped: it starts the model that was stopped, and only then goes on."""

from infra.rollout.definition import Gates
from infra.rollout.schedule_states import NOTHING_STOPPED, PACKAGE, recall, remember
from infra.rollout.states import (
    States,
    choose,
    different,
    equal,
    matching,
    note,
    present,
    same,
    task,
    unlike,
    wait,
    when,
)
from infra.rollout.update import IN_PROGRESS, PARAMETER_VALUE, read_stack, update_stack, why_not_updated

WAKE = "WasItStopped"

_ANEW = "ReadPackage"
"""The rollout's own state from which it looks at everything: the package, the stack, what serves."""

_POLL_SECONDS = 15


def woken(gates: Gates, *, stack: str, remembered: str) -> Gates:
    """The gates, with the endpoint started before them.

    So a candidate that is approved at night meets its champion as by day: at the gates, by canary, and with a model to
    go back to. Where the one that was stopped cannot be started, it is let in like a first model.
    """

    def states(then: str, refused: str) -> States:
        waking = waking_states(stack=stack, remembered=remembered, then=gates.start, refused=refused)
        return {**waking, **gates.states(then, refused)}

    return Gates(WAKE, states)


def waking_states(*, stack: str, remembered: str, then: str, refused: str) -> States:
    """From `WAKE`, with `$.previous.model_package` (empty when nothing serves), to `then`, once around by `_ANEW`."""
    unread = "States.Format('whether the endpoint is stopped could not be read: {}: {}', $.error.Error, $.error.Cause)"
    return {
        WAKE: choose(
            when(present("$.stopped"), then=then),
            when(unlike("$.previous.model_package", ""), then=then),
            otherwise="RecallStopped",
        ),
        "RecallStopped": recall(remembered, "$.stopped", then="IsOtherStopped", caught="IsNoneStopped"),
        "IsNoneStopped": choose(
            when(matching("$.error.Error", "*ParameterNotFound*"), then=then), otherwise="ExplainStopped"
        ),
        "ExplainStopped": note("$.failure", parameters={"reason.$": unread, "by": "office hours"}, then=refused),
        "IsOtherStopped": choose(
            when(
                matching("$.stopped.arn", PACKAGE), different("$.stopped.arn", "$.ModelPackageArn"), then="ReadStopped"
            ),
            otherwise=then,
        ),
        "ReadStopped": task(
            "sagemaker:describeModelPackage",
            {"ModelPackageName.$": "$.stopped.arn"},
            result="$.described",
            select={"status.$": "$.ModelApprovalStatus"},
            then="IsStoppedApproved",
            caught=then,
        ),
        "IsStoppedApproved": choose(when(equal("$.described.status", "Approved"), then="Wake"), otherwise=then),
        "Wake": update_stack(stack, "$.stopped.arn", then="WaitForWaking", caught="WhyNotWoken"),
        "WhyNotWoken": why_not_updated(wait_state="WaitForWaking", nothing_to_do=_ANEW, otherwise=then),
        "WaitForWaking": wait(_POLL_SECONDS, then="ReadWaking"),
        "ReadWaking": read_stack(stack, then="IsAwake", caught=then),
        "IsAwake": choose(
            when(matching("$.stack.now.StackStatus", IN_PROGRESS), then="WaitForWaking"),
            when(same(PARAMETER_VALUE, "$.stopped.arn"), then="ForgetStopped"),
            otherwise=_ANEW,
        ),
        "ForgetStopped": remember(remembered, {"Value": NOTHING_STOPPED}, then=_ANEW, caught=_ANEW),
    }
