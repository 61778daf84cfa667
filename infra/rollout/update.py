"""Forward: from the approval through the stack's update to a verified endpoint."""

from dataclasses import dataclass
from typing import Any

from infra.rollout.judgement import ROLL_BACK
from infra.rollout.look import AFTER, BEFORE
from infra.rollout.states import (
    State,
    States,
    ask,
    choose,
    equal,
    matching,
    note,
    number,
    present,
    same,
    task,
    true,
    unlike,
    wait,
    when,
)

PARAMETER = "ModelPackageArn"
IN_PROGRESS = "*_IN_PROGRESS"
PARAMETER_VALUE = "$.stack.now.Parameters[0].ParameterValue"
NOW = {"now.$": "$.Stacks[0]"}
_POLL_SECONDS = 60
_NOTHING_LIVE = ""
_STATUS = "IsStackExplained"
_FAILED_RESOURCE = (
    "("
    "$events := $states.result.StackEvents;"  # newest first; those of updates before this one are left out
    "$begun := $events[ResourceType = 'AWS::CloudFormation::Stack' and ResourceStatus = 'UPDATE_IN_PROGRESS'][0];"
    "$failed := $events[Timestamp >= $begun.Timestamp and $contains(ResourceStatus, '_FAILED')"
    " and $not($contains(ResourceStatusReason, 'cancelled'))];"
    "{'resource_failure': $exists($failed) "
    "? $failed[-1].LogicalResourceId & ': ' & $failed[-1].ResourceStatusReason : ''}"
    ")"
)


@dataclass(frozen=True)
class Way:
    """Where the update's own states go on, so that others can stand in between.

    Attributes:
        before: entered once what serves now is known; goes on to `UpdateStack`.
        begun: entered when the update has begun; goes on to `MarkWait`.
        look: entered at each look at the update; goes on to `IsUpdated`.
        live: entered when the candidate serves; goes on to `SmokeTest`.
        promoted: entered at last; goes on to `TellPromoted`.
    """

    before: str = "UpdateStack"
    begun: str = "MarkWait"
    look: str = "IsUpdated"
    live: str = "SmokeTest"
    promoted: str = "TellPromoted"


def update_states(
    *,
    endpoint: str,
    stack: str,
    smoke_test_arn: str,
    topic_arn: str,
    way: Way,
    poll_seconds: int,
    judged: bool,
    failed: str,
) -> States:
    """From `ReadPackage` to `Promoted`.

    What the candidate did wrong leaves for `RejectPackage` with `$.failure.reason`; what AWS did not do, for `failed`.
    """
    return {
        **_approval(stack, then=way.before),
        **_stack_update(stack, way, poll_seconds),
        **_verification(endpoint, smoke_test_arn, then=way.live),
        **_what_failed(stack),
        **_reasons(endpoint, stack, judged=judged, failed=failed),
        **_success(endpoint, topic_arn, way.promoted, judged=judged),
    }


def update_stack(stack: str, package: str, *, then: str, caught: str) -> State:
    """The one parameter changes, the template stays. Not retried: the reasons to wait are told apart by `caught`."""
    parameters = {
        "StackName": stack,
        "UsePreviousTemplate": True,
        "Parameters": [{"ParameterKey": PARAMETER, "ParameterValue.$": package}],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }
    return task("cloudformation:updateStack", parameters, then=then, caught=caught, retry=False)


def why_not_updated(*, wait_state: str, nothing_to_do: str, otherwise: str) -> State:
    """CloudFormation's refusals have one error name; the text tells them apart."""
    return choose(
        when(matching("$.error.Cause", "*No updates are to be performed*"), then=nothing_to_do),
        when(matching("$.error.Cause", "*_IN_PROGRESS state*"), then=wait_state),
        when(matching("$.error.Cause", "*Rate exceeded*"), then=wait_state),
        otherwise=otherwise,
    )


def read_stack(stack: str, *, then: str, caught: str) -> State:
    return task(
        "cloudformation:describeStacks", {"StackName": stack}, result="$.stack", select=NOW, then=then, caught=caught
    )


def publish(topic_arn: str, subject: str, message: str, *, then: str) -> State:
    """A notification that cannot be sent changes no verdict."""
    parameters: dict[str, Any] = {"TopicArn": topic_arn, "Subject": subject, "Message.$": message}
    return task("sns:publish", parameters, then=then, caught=then)


def _approval(stack: str, *, then: str) -> States:
    return {
        "ReadPackage": task(
            "sagemaker:describeModelPackage",
            {"ModelPackageName.$": "$.ModelPackageArn"},
            result="$.package",
            then="IsStillApproved",
            caught="ExplainError",
        ),
        "IsStillApproved": choose(
            when(equal("$.package.ModelApprovalStatus", "Approved"), then="ReadStack"),
            otherwise="NothingToDo",
        ),
        "NothingToDo": {"Type": "Succeed", "Comment": "The package is live already, or no longer approved"},
        "ReadStack": read_stack(stack, then="IsStackFree", caught="ExplainError"),
        "IsStackFree": choose(
            when(matching("$.stack.now.StackStatus", IN_PROGRESS), then="WaitForStack"), otherwise="LookBefore"
        ),
        # The approval may be withdrawn meanwhile.
        "WaitForStack": wait(_POLL_SECONDS, then="ReadPackage"),
        "LookBefore": note("$.phase", BEFORE, then="ReadEndpoint"),
        "IsAlreadyLive": choose(
            when(same("$.live.model_package", "$.ModelPackageArn"), then="NothingToDo"),
            when(equal("$.live.model_package", _NOTHING_LIVE), then="RememberParameter"),
            otherwise="RememberPrevious",
        ),
        # Empty before the first rollout. An endpoint that fails to serve is put back to its package, not deleted.
        "RememberParameter": note(
            "$.previous", parameters={"model_package.$": PARAMETER_VALUE, "config": "", "model": ""}, then=then
        ),
        "RememberPrevious": {"Type": "Pass", "InputPath": "$.live", "ResultPath": "$.previous", "Next": then},
    }


def _stack_update(stack: str, way: Way, poll_seconds: int) -> States:
    return {
        "UpdateStack": update_stack(stack, "$.ModelPackageArn", then=way.begun, caught="WhyNotUpdated"),
        "WhyNotUpdated": why_not_updated(
            wait_state="WaitForStack", nothing_to_do="LookAfter", otherwise="ExplainError"
        ),
        "MarkWait": note("$.waiting", parameters={"since.$": "$$.State.EnteredTime"}, then="WaitForUpdate"),
        "WaitForUpdate": wait(poll_seconds, then="ReadUpdate"),
        "ReadUpdate": read_stack(stack, then=way.look, caught="ExplainError"),
        "IsUpdated": choose(
            when(matching("$.stack.now.StackStatus", IN_PROGRESS), then="MarkWait"), otherwise="LookAfter"
        ),
        "LookAfter": note("$.phase", AFTER, then="ReadEndpoint"),
    }


def _verification(endpoint: str, smoke_test_arn: str, *, then: str) -> States:
    return {
        "IsCandidateLive": choose(
            when(same("$.live.model_package", "$.ModelPackageArn"), then=then),
            otherwise="WhyRolledBack",
        ),
        "SmokeTest": task(
            "lambda:invoke",
            {
                "FunctionName": smoke_test_arn,
                "Payload": {
                    "EndpointName": endpoint,
                    "Container.$": "$.package.InferenceSpecification.Containers[0]",
                },
            },
            result="$.smoke_test",
            select={"passed.$": "$.Payload.passed", "reason.$": "$.Payload.reason"},
            timeout_seconds=300,
            then="IsSmokeTestPassed",
            caught="ExplainError",
        ),
        "IsSmokeTestPassed": choose(
            when(true("$.smoke_test.passed"), then="HadPrevious"), otherwise="ExplainSmokeTest"
        ),
    }


def _what_failed(stack: str) -> States:
    """From `ReadStackEvents`: which resource CloudFormation could not update, and why; its status does not say."""
    read = ask(
        "cloudformation:describeStackEvents",
        {"StackName": stack},
        _FAILED_RESOURCE,
        then="IsResourceNamed",
        caught="IsStackExplained",
    )
    # Events carry their resource's properties; `States.ALL` leaves this error out.
    read["Catch"] = [{**read["Catch"][0], "ErrorEquals": ["States.DataLimitExceeded"]}, *read["Catch"]]
    return {
        "ReadStackEvents": read,
        "IsResourceNamed": choose(when(unlike("$.resource_failure", ""), then="ExplainByResource"), otherwise=_STATUS),
        _STATUS: choose(
            when(
                present("$.stack.now.StackStatusReason"),
                unlike("$.stack.now.StackStatusReason", ""),
                then="ExplainByStack",
            ),
            otherwise="ExplainByState",
        ),
    }


def _reasons(endpoint: str, stack: str, *, judged: bool, failed: str) -> States:
    """Each puts `$.failure.reason`, short enough for a package's approval description."""

    def explain(text: str, *paths: str, then: str = "RejectPackage") -> State:
        reason = f"States.Format('{text}', {', '.join(paths)})"
        return note("$.failure", parameters={"reason.$": reason}, then=then)

    by_verdict = [
        when(
            number("$.judgement.decision", ROLL_BACK),
            present("$.endpoint.FailureReason"),
            then="ExplainByVerdictAndEndpoint",
        ),
        when(number("$.judgement.decision", ROLL_BACK), then="ExplainVerdict"),
    ]
    judgements = {
        "ExplainByVerdictAndEndpoint": explain("{}; {}", "$.judgement.explanation", "$.endpoint.FailureReason"),
        "ExplainVerdict": explain("{}", "$.judgement.explanation"),
        "ExplainUnjudged": explain("it serves without having been judged: {}", "$.judgement.explanation"),
    }
    return {
        **(judgements if judged else {}),
        "WhyRolledBack": choose(
            *(by_verdict if judged else ()),
            when(present("$.endpoint.FailureReason"), then="ExplainByEndpoint"),
            otherwise="ReadStackEvents",
        ),
        "ExplainByEndpoint": explain(
            "the endpoint did not take the model: {}", "$.endpoint.FailureReason", then=failed
        ),
        "ExplainByResource": explain("the stack did not take the model: {}", "$.resource_failure", then=failed),
        "ExplainByStack": explain("the stack did not take the model: {}", "$.stack.now.StackStatusReason", then=failed),
        "ExplainByState": explain(
            f"the model is not live: endpoint {endpoint} is {{}} after its stack ended {{}}; "
            f"see the events of stack {stack}",
            "$.endpoint.EndpointStatus",
            "$.stack.now.StackStatus",
        ),
        "ExplainSmokeTest": explain("the smoke test failed: {}", "$.smoke_test.reason"),
        "ExplainError": explain("the rollout could not go on: {}: {}", "$.error.Error", "$.error.Cause", then=failed),
    }


def _success(endpoint: str, topic_arn: str, promoted: str, *, judged: bool) -> States:
    told = f"States.Format('Endpoint {endpoint} serves {{}}', $.ModelPackageArn)"
    if judged:
        told = f"States.Format('Endpoint {endpoint} serves {{}}; {{}}', $.ModelPackageArn, $.judgement.explanation)"
    return {
        "HadPrevious": choose(
            when(equal("$.previous.config", _NOTHING_LIVE), then=promoted),
            otherwise="DeletePreviousConfig",
        ),
        # Retained when they were replaced, and now provably unused: the endpoint serves another config.
        "DeletePreviousConfig": task(
            "sagemaker:deleteEndpointConfig",
            {"EndpointConfigName.$": "$.previous.config"},
            then="DeletePreviousModel",
            caught=promoted,
        ),
        "DeletePreviousModel": task(
            "sagemaker:deleteModel",
            {"ModelName.$": "$.previous.model"},
            then=promoted,
            caught=promoted,
        ),
        "TellPromoted": publish(
            topic_arn,
            f"{endpoint}: promoted",
            told,
            then="Promoted",
        ),
        "Promoted": {"Type": "Succeed"},
    }
