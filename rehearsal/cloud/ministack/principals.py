"""The roles under which ministack runs functions, state machines, builds and rules."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from ministack.core import lambda_runtime as _lambda_runtime
from ministack.services import codebuild as _codebuild
from ministack.services import eventbridge as _eventbridge
from ministack.services import lambda_svc as _lambda_svc
from ministack.services import stepfunctions as _stepfunctions
from ministack.services import sts as _sts

Properties = Mapping[str, Any]
_acting: ContextVar[str | None] = ContextVar("acting_role", default=None)


def acting_role() -> str | None:
    """The role of the state machine whose execution runs on this thread."""
    return _acting.get()


def assumed_role(access_key: str) -> str | None:
    """The ARN of the role that the session with this key stands for; None where it is no session of a role."""
    session = str((_sts._sessions.get(access_key) or {}).get("Arn", ""))
    place, slash, rest = session.partition(":assumed-role/")
    return f"{place.replace(':sts:', ':iam:')}:role/{rest.partition('/')[0]}" if slash else None


def give_functions_credentials(credentials: Callable[[Properties], Mapping[str, str]]) -> None:
    """Let `credentials` say, by a function's configuration, as whom its code acts."""

    def execution_credentials(config: dict[str, Any]) -> dict[str, str]:
        return {**credentials(config), "AWS_SESSION_TOKEN": ""}

    _lambda_runtime.execution_credentials = execution_credentials
    _lambda_svc.execution_credentials = execution_credentials


def on_execution(begun: Callable[[str, Properties], None]) -> None:
    """Call `begun` with the role and the state machine of each execution; its tasks then act as that role."""
    known = _stepfunctions._run_execution

    def run_execution(execution_arn: str) -> None:
        execution = _stepfunctions._executions.get(execution_arn) or {}
        machine = _stepfunctions._state_machines.get(execution.get("stateMachineArn", "")) or {}
        if role := machine.get("roleArn"):
            _acting.set(role)
            begun(role, machine)
        known(execution_arn)

    _stepfunctions._run_execution = run_execution


def on_task(begun: Callable[[str, str, Properties], None]) -> None:
    """Call `begun` with the role, the resource and the parameters of each task of a state machine."""
    known = _stepfunctions._invoke_resource

    def invoke_resource(resource: str, input_data: Any) -> Any:
        if (role := acting_role()) is not None:
            begun(role, resource, input_data if isinstance(input_data, Mapping) else {})
        return known(resource, input_data)

    _stepfunctions._invoke_resource = invoke_resource


def on_target(begun: Callable[[str, str], None]) -> None:
    """Call `begun` with the role and the ARN of each target that a rule calls with a role."""
    known = _eventbridge._invoke_target

    def invoke_target(target: dict[str, Any], *more: Any, **named: Any) -> Any:
        if target.get("RoleArn"):
            begun(target["RoleArn"], target["Arn"])
        return known(target, *more, **named)

    _eventbridge._invoke_target = invoke_target


def on_build(begun: Callable[[str, Properties], None]) -> None:
    """Call `begun` with the role and the project of each build."""
    known = _codebuild._start_build

    def start_build(request: dict[str, Any]) -> Any:
        project = _codebuild._projects.get(request.get("projectName", "")) or {}
        if role := project.get("serviceRole"):
            begun(role, project)
        return known(request)

    _codebuild._start_build = start_build
