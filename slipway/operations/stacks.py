"""The stacks of a use case and stage as they stand: what they hold, whether it stays, and their deletion."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from slipway.errors import LaunchError
from slipway.operations.aws_errors import message_of
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.polling import pauses

DATA_TYPES = (
    "AWS::S3::Bucket",
    "AWS::KMS::Key",
    "AWS::ECR::Repository",
    "AWS::SageMaker::ModelPackageGroup",
)
"""Resources that settings with `keep_data` keep when their stack goes."""

_RETAINING = ("Retain", "RetainExceptOnCreate")


@dataclass(frozen=True)
class Pace:
    """How often to look at a deletion, and for how long; the clock and the sleep are for tests."""

    longest_pause_seconds: float = 10.0
    timeout_seconds: float = 3600.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def until(self, done: Callable[[], bool], what: str) -> None:
        """Look until it is done.

        Raises:
            LaunchError: it has not happened in time.
        """
        deadline = self.clock() + self.timeout_seconds
        pause = pauses(longest=self.longest_pause_seconds)
        while not done():
            if self.clock() > deadline:
                raise LaunchError(f"{what} has not ended within {self.timeout_seconds:.0f} s; run the command again")
            self.sleep(next(pause))


@dataclass(frozen=True)
class Stack:
    """One stack; `resources` are (logical id, type, physical id)."""

    name: str
    id: str
    status: str
    resources: tuple[tuple[str, str, str], ...]
    retained: frozenset[str]
    """Logical ids of what stays when the stack goes."""

    def physical(self, kind: str) -> list[str]:
        return [physical for _, type_, physical in self.resources if type_ == kind and physical]


def find(stage: DeployedStage, kind: str) -> Stack | None:
    """None where there is no such stack."""
    cloudformation, name = stage.client("cloudformation"), stage.names.stack(kind)
    described = _described(cloudformation, name)
    if described is None:
        return None
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    rows = [row for page in pages for row in page["StackResourceSummaries"]]
    rows = [row for row in rows if row["ResourceStatus"] not in ("DELETE_COMPLETE", "DELETE_SKIPPED")]
    body = cloudformation.get_template(StackName=name, TemplateStage="Processed")["TemplateBody"]
    template = json.loads(body) if isinstance(body, str) else body
    kept = (id_ for id_, each in template["Resources"].items() if each.get("DeletionPolicy") in _RETAINING)
    return Stack(
        name,
        described["StackId"],
        described["StackStatus"],
        tuple((row["LogicalResourceId"], row["ResourceType"], row.get("PhysicalResourceId", "")) for row in rows),
        frozenset(kept),
    )


def delete(stage: DeployedStage, stack: Stack, pace: Pace) -> str | None:
    """Delete it and wait; why CloudFormation could not, or None.

    Raises:
        LaunchError: it takes too long, or CloudFormation gives the deletion up before it begins.
    """
    cloudformation = stage.client("cloudformation")
    if stack.status != "DELETE_IN_PROGRESS":
        cloudformation.delete_stack(StackName=stack.name)
    pace.until(
        lambda: not str((_described(cloudformation, stack.id) or {}).get("StackStatus", "")).endswith("_IN_PROGRESS"),
        f"the deletion of stack {stack.name}",
    )
    left = _described(cloudformation, stack.id)
    if left is None or left["StackStatus"] == "DELETE_COMPLETE":
        return None
    if left["StackStatus"] != "DELETE_FAILED":
        # Another stack imports what this one exports.
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


def _described(cloudformation: Any, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as exc:
        if "does not exist" in message_of(exc):
            return None
        raise
    return found
