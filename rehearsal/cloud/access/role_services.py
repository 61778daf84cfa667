"""Functions, state machines, builds and rules act as their roles."""

from collections.abc import Mapping
from typing import Any

from rehearsal.cloud.access.calls import CallLog, call
from rehearsal.cloud.access.identities import Identities
from rehearsal.cloud.access.platform_calls import deliver_logs, push, write_logs
from rehearsal.cloud.environment import ACCOUNT, REGION
from rehearsal.cloud.ministack import principals

Properties = Mapping[str, Any]

_TASKS = {
    "lambda:invoke": ("lambda:InvokeFunction", "FunctionName"),
    "sns:publish": ("sns:Publish", "TopicArn"),
    "aws-sdk:sfn:listExecutions": ("states:ListExecutions", "StateMachineArn"),
    "aws-sdk:sfn:describeExecution": ("states:DescribeExecution", "ExecutionArn"),
    "aws-sdk:sfn:getExecutionHistory": ("states:GetExecutionHistory", "ExecutionArn"),
    "aws-sdk:sfn:startExecution": ("states:StartExecution", "StateMachineArn"),
}
"""Tasks that ministack does without a request: the action, and the parameter that names its resource."""

_INTEGRATION = "arn:aws:states:::"


class RoleServices:
    def __init__(self, identities: Identities, ledger: CallLog) -> None:
        self._identities, self._ledger = identities, ledger

    def install(self) -> None:
        principals.give_functions_credentials(self._for_function)
        principals.on_execution(self._on_execution)
        principals.on_task(self._on_task)
        principals.on_target(self._on_target)
        principals.on_build(self._on_build)

    def _for_function(self, config: Properties) -> Mapping[str, str]:
        role, name = str(config["Role"]), str(config["FunctionName"])
        group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}"
        self._ledger.note(role, write_logs(group, "worker", makes_group=False))
        return self._identities.credentials(role)

    def _on_execution(self, role: str, machine: Properties) -> None:
        logging = machine.get("loggingConfiguration") or {}
        if (logging.get("level") or logging.get("Level", "OFF")) != "OFF":
            self._ledger.note(role, deliver_logs())

    def _on_task(self, role: str, resource: str, parameters: Properties) -> None:
        known = _TASKS.get(resource.removeprefix(_INTEGRATION))
        if known is None:
            return  # it comes by as a request
        action, name = known
        where = str(parameters.get(name, "*"))
        if name == "FunctionName" and not where.startswith("arn:"):
            where = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{where}"
        self._ledger.note(role, [call(action, where)])

    def _on_target(self, role: str, target_arn: str) -> None:
        service = target_arn.split(":")[2]
        action = {"states": "states:StartExecution", "sagemaker": "sagemaker:StartPipelineExecution"}.get(service)
        if action is None:
            self._ledger.note_unread(role, f"a rule's target {target_arn}")
        else:
            self._ledger.note(role, [call(action, target_arn)])

    def _on_build(self, role: str, project: Properties) -> None:
        source = project.get("source", {})
        if source.get("type") == "S3":
            self._ledger.note(role, [call("s3:GetObject", f"arn:aws:s3:::{source['location']}")])
        for variable in project.get("environment", {}).get("environmentVariables", ()):
            registry, slash, repository = str(variable.get("value", "")).partition("/")
            if slash and ".dkr.ecr." in registry:
                self._ledger.note(role, push(f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{repository}"))
        # Its log group is not among what ministack keeps of a project.
