"""Stopping and starting an endpoint by its stack's parameter; CloudFormation stays the only owner."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.rollout.states import (
    State,
    States,
    choose,
    different,
    equal,
    matching,
    note,
    present,
    task,
    wait,
    when,
)
from infra.rollout.update import (
    IN_PROGRESS,
    PARAMETER_VALUE,
    publish,
    read_stack,
    update_stack,
    why_not_updated,
)

STOP, START = "stop", "start"
"""`$.action`, the input."""

NOTHING_STOPPED = "none"
"""The remembered value while the endpoint runs; SSM takes no empty one."""

PACKAGE = "arn:*:model-package/*"
"""What a remembered value looks like while something is stopped."""

_BUSY_SECONDS, _MOST_LOOKS = 300, 24
_POLL_SECONDS = 15


@dataclass(frozen=True)
class Stoppable:
    """What the states act on; the ARNs may be CDK tokens.

    Attributes:
        remembered: the parameter in SSM that holds the package while nothing serves.
        rollout_arn: the state machine during whose executions nothing is changed.
    """

    endpoint: str
    stack: str
    remembered: str
    rollout_arn: str
    topic_arn: str


def office_hours_definition(target: Stoppable) -> dict[str, Any]:
    """The state machine; its input is `{"action": "stop"}` or `{"action": "start"}`.

    Its promises: it changes nothing while a rollout or another update runs, for which it waits up to two hours and then
    leaves things as they are; it starts the package that it stopped, and only while that is still approved.
    """
    return {
        "Comment": "Stops an endpoint and starts it again, through its stack",
        "StartAt": "BeginLooking",
        "TimeoutSeconds": 6 * 3600,
        "States": {**_quiet(target), **_stop(target), **_start(target), **_update(target), **_ends(target)},
    }


def _quiet(target: Stoppable) -> States:
    """To `WhatToDo` when nothing else goes on, with `$.stack`."""
    listed = {"StateMachineArn": target.rollout_arn, "StatusFilter": "RUNNING", "MaxResults": 1}
    counted = {"count.$": "States.MathAdd($.looks.count, 1)"}
    return {
        "BeginLooking": note("$.looks", {"count": 0}, then="ListRollouts"),
        "ListRollouts": task(
            "sfn:listExecutions",
            listed,
            result="$.rollouts",
            select={"arns.$": "$.Executions[*].ExecutionArn"},
            then="IsRolloutRunning",
            caught="TellFailed",
        ),
        "IsRolloutRunning": choose(when(present("$.rollouts.arns[0]"), then="IsPatient"), otherwise="ReadStack"),
        "ReadStack": read_stack(target.stack, then="IsStackBusy", caught="TellFailed"),
        "IsStackBusy": choose(
            when(matching("$.stack.now.StackStatus", IN_PROGRESS), then="IsPatient"),
            when(equal("$.action", STOP), then="IsRunning"),
            otherwise="IsStopped",
        ),
        "IsPatient": choose(
            {"Variable": "$.looks.count", "NumericLessThan": _MOST_LOOKS, "Next": "CountLook"}, otherwise="TellBusy"
        ),
        "CountLook": note("$.looks", parameters=counted, then="WaitForQuiet"),
        "WaitForQuiet": wait(_BUSY_SECONDS, then="ListRollouts"),
    }


def _stop(target: Stoppable) -> States:
    return {
        "IsRunning": choose(when(equal(PARAMETER_VALUE, ""), then="NothingToDo"), otherwise="NameRunning"),
        "NameRunning": note("$.package", parameters={"arn.$": PARAMETER_VALUE}, then="ReadRunning"),
        # What a failed rollout left behind is not approved: a person has to look at it before it is put away.
        "ReadRunning": _read_package(then="IsRunningApproved"),
        "IsRunningApproved": _is_approved(then="Remember"),
        "Remember": remember(target.remembered, {"Value.$": "$.package.arn"}, then="NameNothing", caught="TellFailed"),
        "NameNothing": note("$.wanted", {"arn": ""}, then="Update"),
    }


def _start(target: Stoppable) -> States:
    return {
        "IsStopped": choose(when(equal(PARAMETER_VALUE, ""), then="ReadRemembered"), otherwise="NothingToDo"),
        "ReadRemembered": recall(target.remembered, "$.package", then="IsRemembered", caught="IsNeverStopped"),
        "IsNeverStopped": choose(
            when(matching("$.error.Error", "*ParameterNotFound*"), then="NothingToDo"), otherwise="TellFailed"
        ),
        "IsRemembered": choose(when(matching("$.package.arn", PACKAGE), then="ReadStopped"), otherwise="NothingToDo"),
        "ReadStopped": _read_package(then="IsStoppedApproved"),
        "IsStoppedApproved": _is_approved(then="NameStopped"),
        "NameStopped": note("$.wanted", parameters={"arn.$": "$.package.arn"}, then="Update"),
    }


def _update(target: Stoppable) -> States:
    return {
        "Update": update_stack(target.stack, "$.wanted.arn", then="WaitForUpdate", caught="WhyNotUpdated"),
        "WhyNotUpdated": why_not_updated(wait_state="IsPatient", nothing_to_do="Done", otherwise="TellFailed"),
        "WaitForUpdate": wait(_POLL_SECONDS, then="ReadUpdate"),
        "ReadUpdate": read_stack(target.stack, then="IsUpdated", caught="TellFailed"),
        "IsUpdated": choose(
            when(matching("$.stack.now.StackStatus", IN_PROGRESS), then="WaitForUpdate"),
            when(different(PARAMETER_VALUE, "$.wanted.arn"), then="TellNotUpdated"),
            when(equal("$.stack.now.StackStatus", "UPDATE_COMPLETE"), then="IsStarted"),
            otherwise="TellNotUpdated",
        ),
        "IsStarted": choose(when(equal("$.action", START), then="Forget"), otherwise="Done"),
        "Forget": remember(target.remembered, {"Value": NOTHING_STOPPED}, then="Done", caught="TellFailed"),
    }


def _ends(target: Stoppable) -> States:
    def tell(subject: str, text: str, *paths: str, then: str) -> State:
        message = f"States.Format('Endpoint {target.endpoint}: {{}} {text}', {', '.join(('$.action', *paths))})"
        return publish(target.topic_arn, f"{target.endpoint}: {subject}", message, then=then)

    subject = "office hours, look now"
    return {
        "Done": {"Type": "Succeed"},
        "NothingToDo": {"Type": "Succeed", "Comment": "It is as it should be, or was never stopped"},
        "TellBusy": tell("office hours", "was left out, for a rollout or an update runs", then="LeftOut"),
        "LeftOut": {"Type": "Succeed", "Comment": "A rollout or an update runs"},
        "TellUnapproved": tell(
            subject, "was left out: model package {} is not approved", "$.package.arn", then="NotApproved"
        ),
        "NotApproved": {"Type": "Fail", "Error": "NotApproved", "Cause": "its model package is not approved"},
        "TellNotUpdated": tell(subject, "ended with its stack {}", "$.stack.now.StackStatus", then="NotUpdated"),
        "NotUpdated": {"Type": "Fail", "Error": "NotUpdated", "Cause": "the endpoint's stack did not follow"},
        "TellFailed": tell(subject, "failed: {}", "$.error.Cause", then="Failed"),
        "Failed": {"Type": "Fail", "Error": "Failed", "CausePath": "$.error.Cause"},
    }


def _read_package(*, then: str) -> State:
    return task(
        "sagemaker:describeModelPackage",
        {"ModelPackageName.$": "$.package.arn"},
        result="$.described",
        select={"status.$": "$.ModelApprovalStatus"},
        then=then,
        caught="TellFailed",
    )


def _is_approved(*, then: str) -> State:
    return choose(when(equal("$.described.status", "Approved"), then=then), otherwise="TellUnapproved")


def remember(parameter: str, value: Mapping[str, str], *, then: str, caught: str) -> State:
    parameters = {"Name": parameter, "Type": "String", "Overwrite": True, **value}
    return task("ssm:putParameter", parameters, then=then, caught=caught)


def recall(parameter: str, path: str, *, then: str, caught: str) -> State:
    """Put what is remembered at `path`, as {arn}."""
    asked = task(
        "ssm:getParameter",
        {"Name": parameter},
        result=path,
        select={"arn.$": "$.Parameter.Value"},
        then=then,
        caught=caught,
    )
    asked["Retry"] = [{"ErrorEquals": ["Ssm.ParameterNotFoundException"], "MaxAttempts": 0}, *asked["Retry"]]
    return asked
