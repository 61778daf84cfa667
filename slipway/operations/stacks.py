"""The deployed stacks of a use case: their resources, which of them are retained, and their deletion."""

import json
from dataclasses import dataclass
from typing import Any

from slipway.errors import LaunchError
from slipway.operations.deployed_stage import DeployedStage, describe_stack
from slipway.operations.polling import Polling

DATA_TYPES = (
    "AWS::S3::Bucket",
    "AWS::KMS::Key",
    "AWS::ECR::Repository",
    "AWS::SageMaker::ModelPackageGroup",
)
"""Resources that settings with `keep_data` retain when their stack is deleted."""

_RETAINING = ("Retain", "RetainExceptOnCreate")


@dataclass(frozen=True)
class Stack:
    """One stack; `resources` are (logical id, type, physical id)."""

    name: str
    id: str
    status: str
    resources: tuple[tuple[str, str, str], ...]
    retained: frozenset[str]
    """Logical ids of what stays when the stack is deleted."""

    def physical_ids(self, resource_type: str) -> list[str]:
        return [physical for _, type_, physical in self.resources if type_ == resource_type and physical]


def find_stack(stage: DeployedStage, kind: str) -> Stack | None:
    """None where there is no such stack."""
    cloudformation, name = stage.client("cloudformation"), stage.names.stack(kind)
    described = describe_stack(cloudformation, name)
    if described is None:
        return None
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    rows = [row for page in pages for row in page["StackResourceSummaries"]]
    rows = [row for row in rows if row["ResourceStatus"] not in ("DELETE_COMPLETE", "DELETE_SKIPPED")]
    body = cloudformation.get_template(StackName=name, TemplateStage="Processed")["TemplateBody"]
    template = json.loads(body) if isinstance(body, str) else body
    retained = (id_ for id_, each in template["Resources"].items() if each.get("DeletionPolicy") in _RETAINING)
    return Stack(
        name,
        described["StackId"],
        described["StackStatus"],
        tuple((row["LogicalResourceId"], row["ResourceType"], row.get("PhysicalResourceId", "")) for row in rows),
        frozenset(retained),
    )


def delete_stack(stage: DeployedStage, stack: Stack, polling: Polling) -> str | None:
    """Delete the stack and wait; the reason why CloudFormation could not, or None.

    Raises:
        LaunchError: the deletion takes too long, or CloudFormation refuses it before it begins.
    """
    cloudformation = stage.client("cloudformation")
    if stack.status != "DELETE_IN_PROGRESS":
        cloudformation.delete_stack(StackName=stack.name)

    def ended() -> dict[str, Any] | None:
        found = describe_stack(cloudformation, stack.id) or {"StackStatus": "DELETE_COMPLETE"}
        return None if str(found["StackStatus"]).endswith("_IN_PROGRESS") else found

    late = f"stack {stack.name} was not deleted within {polling.timeout_seconds:.0f} s; run the command again"
    left = polling.until(ended, late=late)
    if left["StackStatus"] == "DELETE_COMPLETE":
        return None
    if left["StackStatus"] != "DELETE_FAILED":
        # Another stack imports an export of this one.
        raise LaunchError(f"stack {stack.name} was not deleted: {left.get('StackStatusReason', left['StackStatus'])}")
    return "; ".join(_failures(cloudformation, stack)) or str(left.get("StackStatusReason", ""))


def _failures(cloudformation: Any, stack: Stack) -> list[str]:
    """What the newest attempt could not delete, and why."""
    found = []
    for event in cloudformation.describe_stack_events(StackName=stack.id)["StackEvents"]:  # newest first
        of_stack = event["ResourceType"] == "AWS::CloudFormation::Stack"
        if of_stack and event["ResourceStatus"] == "DELETE_IN_PROGRESS":
            break
        if event["ResourceStatus"] == "DELETE_FAILED" and not of_stack:
            found.append(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}")
    return found
