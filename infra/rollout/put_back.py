"""Back: the package is rejected, and the stack is told again what the endpoint served before."""

from infra.rollout.look import RESTORED
from infra.rollout.states import (
    State,
    States,
    absent,
    choose,
    matching,
    note,
    present,
    same,
    task,
    wait,
    when,
)
from infra.rollout.tidy import remember_candidate, tidy_states
from infra.rollout.update import (
    IN_PROGRESS,
    PARAMETER_VALUE,
    publish,
    read_stack,
    update_stack,
    why_not_updated,
)

REJECT_PACKAGE = "RejectPackage"
READ_STACK = "ReadStackToPutBack"
"""Puts back whatever has to be, and rejects nothing."""


def put_back_states(
    *, endpoint: str, stack: str, topic_arn: str, poll_seconds: int, restored: str, failed: str
) -> States:
    """From `RejectPackage` to one of two failures: `RolledBack`, or `NotRestored`, which needs a person.

    `restored` and `failed` are on the way to `TellRolledBack` and `TellNotRestored`.
    """
    return {
        **rejection(REJECT_PACKAGE, briefly="RejectBriefly", then=READ_STACK),
        **_restoration(stack, poll_seconds=poll_seconds, restored=restored, failed=failed),
        **remember_candidate(stack, then="PutBack"),
        **tidy_states(then=restored),
        **_verdict(endpoint, topic_arn),
    }


def rejection(name: str, *, briefly: str, then: str) -> States:
    """The state `name`: the package is rejected for `$.failure.reason`."""
    return {
        name: _reject("$.failure.reason", then=then, caught=briefly),
        # A reason may be longer than the registry takes.
        briefly: _reject("States.Format('the rollout failed, see {}', $$.Execution.Id)", then=then, caught=then),
    }


def _reject(reason: str, *, then: str, caught: str) -> State:
    parameters = {
        "ModelPackageArn.$": "$.ModelPackageArn",
        "ModelApprovalStatus": "Rejected",
        "ApprovalDescription.$": reason,
    }
    return task("sagemaker:updateModelPackage", parameters, then=then, caught=caught)


def _restoration(stack: str, *, poll_seconds: int, restored: str, failed: str) -> States:
    """Only a parameter that still names the failed package is put back: anything else is someone's later decision.

    "Rolled back" is told of an endpoint that was seen to serve what its stack names, and of nothing else.
    """
    named, whole = PARAMETER_VALUE, {"Not": matching("$.stack.now.StackStatus", "*_FAILED")}
    return {
        READ_STACK: read_stack(stack, then="IsPutBackNeeded", caught=failed),
        "IsPutBackNeeded": choose(
            when(matching("$.stack.now.StackStatus", IN_PROGRESS), then="WaitToPutBack"),
            when(absent("$.previous"), then=restored),  # it went wrong before anything was changed
            when(same(named, "$.ModelPackageArn"), then="ReadCandidate"),
            when(same(named, "$.previous.model_package"), then="LookRestored"),
            otherwise="ExplainOvertaken",
        ),
        "ExplainOvertaken": note(
            "$.failure",
            parameters={
                "reason.$": "States.Format('{}; meanwhile someone decided for {}, which is left as it is', "
                f"$.failure.reason, {named})",
                "overtaken": True,
            },
            then="LookRestored",
        ),
        "WaitToPutBack": wait(poll_seconds, then=READ_STACK),
        # After a failed first rollout this is the empty string: back to day 0, without an endpoint.
        "PutBack": update_stack(stack, "$.previous.model_package", then="WaitForPutBack", caught="WhyNotPutBack"),
        "WhyNotPutBack": why_not_updated(wait_state="WaitToPutBack", nothing_to_do="ReadPutBack", otherwise=failed),
        "WaitForPutBack": wait(poll_seconds, then="ReadPutBack"),
        "ReadPutBack": read_stack(stack, then="IsPutBack", caught=failed),
        "IsPutBack": choose(
            when(matching("$.stack.now.StackStatus", IN_PROGRESS), then="WaitForPutBack"),
            otherwise="LookRestored",
        ),
        "LookRestored": note("$.phase", RESTORED, then="ReadEndpoint"),
        # Both: an endpoint in order under a stack that names another package is the next surprise.
        "IsRestored": choose(
            when(
                whole,
                same("$.live.model_package", "$.previous.model_package"),
                same(named, "$.previous.model_package"),
                then="IsCandidateLeft",
            ),
            when(whole, present("$.failure.overtaken"), same("$.live.model_package", named), then=restored),
            otherwise=failed,
        ),
        "ExplainUnseen": note(
            "$.failure",
            parameters={
                "reason.$": "States.Format('{}; what the endpoint serves now could not be seen: {}', "
                "$.failure.reason, $.error.Cause)"
            },
            then=failed,
        ),
    }


def _verdict(endpoint: str, topic_arn: str) -> States:
    return {
        "TellRolledBack": publish(
            topic_arn,
            f"{endpoint}: rolled back",
            f"States.Format('{{}} was rejected for endpoint {endpoint}: {{}}', $.ModelPackageArn, $.failure.reason)",
            then="RolledBack",
        ),
        "RolledBack": {"Type": "Fail", "Error": "RolledBack", "CausePath": "$.failure.reason"},
        "TellNotRestored": publish(
            topic_arn,
            f"{endpoint}: NOT RESTORED, look now",
            f"States.Format('Endpoint {endpoint} refused {{}} ({{}}) and could not be put back; execution {{}}', "
            "$.ModelPackageArn, $.failure.reason, $$.Execution.Id)",
            then="NotRestored",
        ),
        "NotRestored": {"Type": "Fail", "Error": "NotRestored", "CausePath": "$.failure.reason"},
    }
