"""Whether what was deployed stands and serves: every stack settled, and the endpoint answers if it has a model."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from slipway.operations.aws_errors import message_of
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.smoke_function import Answer, ask
from slipway.settings import Settings
from slipway.settings.names import STACK_KINDS

_SETTLED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
_UPDATING = ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
_UNDONE = "UPDATE_ROLLBACK_"
_SERVING = ("InService", "Updating", "SystemUpdating", "RollingBack")
_TURNS = 50
"""How many of the newest executions may have made the endpoint stack's last update."""

Stack = Mapping[str, Any]


def smoke(stage: DeployedStage, ask: Callable[[DeployedStage, str], Answer] = ask) -> tuple[list[str], list[str]]:
    """What was found in order, and what was found wrong, a sentence each.

    Raises:
        ClientError, BotoCoreError: AWS cannot be asked, or these credentials may not.
    """
    good: list[str] = []
    bad: list[str] = []
    stacks = {kind: _stack(stage, kind) for kind in _kinds(stage.settings)}
    for kind, stack in stacks.items():
        in_order, told = _judged(stage, kind, stack, stacks["rollout"])
        (good if in_order else bad).append(f"stack {stage.settings.names.stack(kind)} {told}")
    in_order, told = _endpoint(stage, stacks["endpoint"], ask)
    (good if in_order else bad).append(f"endpoint {stage.settings.names.endpoint} {told}")
    return good, bad


def _kinds(settings: Settings) -> list[str]:
    vpc = settings.access.vpc
    return [*STACK_KINDS, *(["network"] if vpc and vpc.endpoints else [])]


def _stack(stage: DeployedStage, kind: str) -> Stack | None:
    return stage.stack(kind)


def _judged(stage: DeployedStage, kind: str, stack: Stack | None, rollout: Stack | None) -> tuple[bool, str]:
    if stack is None:
        return False, "is not deployed: deploy it"
    status = str(stack["StackStatus"])
    if status in _SETTLED or (kind == "endpoint" and status in _UPDATING):
        return True, f"is {status}"
    # A rollout that failed leaves this behind, and may be mended by the very push that is looked at.
    if kind == "endpoint" and status.startswith(_UNDONE) and not status.endswith("_FAILED"):
        by = _rollout_of(stage, stack, rollout)
        if by:
            return True, f"is {status} by rollout {by}, which puts back what served before"
    events = f"aws cloudformation describe-stack-events --stack-name {stack['StackName']}"
    if "ROLLBACK" in status:
        return (
            False,
            f"is {status}: its last change failed and was undone; {events} tells why, mend it and deploy again",
        )
    return False, f"is {status}: {events} tells why"


def _rollout_of(stage: DeployedStage, stack: Stack, rollout: Stack | None) -> str | None:
    """The name of the rollout under whose hands the endpoint stack's last update began."""
    outputs = {each["OutputKey"]: each["OutputValue"] for each in (rollout or {}).get("Outputs", ())}
    machine, begun = outputs.get("StateMachineArn"), stack.get("LastUpdatedTime")
    if not machine or not begun:
        return None
    listed = stage.client("stepfunctions").list_executions(stateMachineArn=machine, maxResults=_TURNS)["executions"]
    mine = (each for each in listed if each["startDate"] <= begun <= each.get("stopDate", begun))
    return next((str(each["name"]) for each in mine), None)


def _endpoint(
    stage: DeployedStage, stack: Stack | None, ask: Callable[[DeployedStage, str], Answer]
) -> tuple[bool, str]:
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in (stack or {}).get("Parameters", ())}
    package = str(parameters.get("ModelPackageArn", ""))
    found = _described(stage)
    if found is None:
        return _absent(stage.settings, stack, package)
    status = str(found["EndpointStatus"])
    if status == "Creating":
        return True, "serves nothing yet: it is Creating"
    if status not in _SERVING:
        return False, f"is {status}: {found.get('FailureReason', 'SageMaker gives no reason')}"
    if not package:
        return False, f"is {status}, and its stack names no model package: approve one, or delete the endpoint"
    answer = ask(stage, package)
    return answer.passed, f"is {status}: {answer.reason}"


def _described(stage: DeployedStage) -> Mapping[str, Any] | None:
    """None where there is no such endpoint."""
    try:
        found: Mapping[str, Any] = stage.client("sagemaker").describe_endpoint(
            EndpointName=stage.settings.names.endpoint
        )
    except ClientError as exc:
        if "Could not find" in message_of(exc):
            return None
        raise
    return found


def _absent(settings: Settings, stack: Stack | None, package: str) -> tuple[bool, str]:
    if package and stack and not str(stack["StackStatus"]).endswith("_IN_PROGRESS"):
        return False, f"is not there, and its stack names {package}: look at the stack's events"
    stopped = ", or office hours have stopped it" if settings.endpoint.hours else ""
    return True, f"serves nothing yet: it waits for its first approved model{stopped}"
