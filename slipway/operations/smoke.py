"""Check what is deployed: every stack is in order, and the endpoint responds if it has a model."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from slipway.operations.aws_errors import message_of
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.executions import listed_executions
from slipway.operations.smoke_function import SmokeResult, invoke_smoke_test
from slipway.settings import Settings
from slipway.settings.names import STACK_KINDS

_COMPLETE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
_UPDATING = ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
_ROLLED_BACK = "UPDATE_ROLLBACK_"
_SERVING = ("InService", "Updating", "SystemUpdating", "RollingBack")

Stack = Mapping[str, Any]
SmokeTest = Callable[[DeployedStage, str], SmokeResult]


def smoke(stage: DeployedStage, smoke_test: SmokeTest = invoke_smoke_test) -> tuple[list[str], list[str]]:
    """What is in order, and what is not, a sentence each.

    Raises:
        ClientError, BotoCoreError: AWS cannot be reached, or refuses a call.
    """
    passed: list[str] = []
    failed: list[str] = []
    stacks = {kind: stage.stack(kind) for kind in _kinds(stage.settings)}
    for kind, stack in stacks.items():
        in_order, sentence = _check_stack(stage, kind, stack, stacks["rollout"])
        (passed if in_order else failed).append(f"stack {stage.names.stack(kind)} {sentence}")
    in_order, sentence = _check_endpoint(stage, stacks["endpoint"], smoke_test)
    (passed if in_order else failed).append(f"endpoint {stage.names.endpoint} {sentence}")
    return passed, failed


def _kinds(settings: Settings) -> list[str]:
    vpc = settings.access.vpc
    return [*STACK_KINDS, *(["network"] if vpc and vpc.endpoints else []), *(["batch"] if settings.batch else [])]


def _check_stack(stage: DeployedStage, kind: str, stack: Stack | None, rollout: Stack | None) -> tuple[bool, str]:
    if stack is None:
        return False, "is not deployed: deploy it"
    status = str(stack["StackStatus"])
    if status in _COMPLETE or (kind == "endpoint" and status in _UPDATING):
        return True, f"is {status}"
    # A failed rollout leaves this status behind, and the deployment that is being checked may be its remedy.
    if kind == "endpoint" and status.startswith(_ROLLED_BACK) and not status.endswith("_FAILED"):
        by = _updating_rollout(stage, stack, rollout)
        if by:
            return True, f"is {status} after rollout {by}, which restores what served before"
    events = f"aws cloudformation describe-stack-events --stack-name {stack['StackName']}"
    if "ROLLBACK" in status:
        problem = f"is {status}: its last change failed and was rolled back"
        return False, f"{problem}; find the cause with {events}, fix it and deploy again"
    return False, f"is {status}: find the cause with {events}"


def _updating_rollout(stage: DeployedStage, stack: Stack, rollout: Stack | None) -> str | None:
    """The name of the rollout that was running when the endpoint stack's last update began."""
    outputs = {each["OutputKey"]: each["OutputValue"] for each in (rollout or {}).get("Outputs", ())}
    function, began = outputs.get("FunctionName"), stack.get("LastUpdatedTime")
    if not function or not began:
        return None
    listed = listed_executions(stage.client("lambda"), function, StartedBefore=began)
    running_then = (each for each in listed if each["StartTimestamp"] <= began <= each.get("EndTimestamp", began))
    return next((str(each["DurableExecutionName"]) for each in running_then), None)


def _check_endpoint(stage: DeployedStage, stack: Stack | None, smoke_test: SmokeTest) -> tuple[bool, str]:
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in (stack or {}).get("Parameters", ())}
    package = str(parameters.get("ModelPackageArn", ""))
    found = _described(stage)
    if found is None:
        return _without_endpoint(stage.settings, stack, package)
    status = str(found["EndpointStatus"])
    if status == "Creating":
        return True, "serves nothing yet: it is Creating"
    if status not in _SERVING:
        return False, f"is {status}: {found.get('FailureReason', 'SageMaker gives no reason')}"
    if not package:
        return False, f"is {status}, and its stack names no model package: approve one, or delete the endpoint"
    result = smoke_test(stage, package)
    return result.passed, f"is {status}: {result.reason}"


def _described(stage: DeployedStage) -> Mapping[str, Any] | None:
    """None where there is no such endpoint."""
    try:
        found: Mapping[str, Any] = stage.client("sagemaker").describe_endpoint(EndpointName=stage.names.endpoint)
    except ClientError as exc:
        if "Could not find" in message_of(exc):
            return None
        raise
    return found


def _without_endpoint(settings: Settings, stack: Stack | None, package: str) -> tuple[bool, str]:
    if package and stack and not str(stack["StackStatus"]).endswith("_IN_PROGRESS"):
        return False, f"does not exist, and its stack names {package}: check the stack's events"
    stopped = ", or its schedule has stopped it" if settings.endpoint.schedule else ""
    return True, f"serves nothing yet: it waits for its first approved model{stopped}"
