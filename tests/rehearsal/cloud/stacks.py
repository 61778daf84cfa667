"""Stacks of a template, made and changed over HTTP."""

import json
from typing import Any

from tests.rehearsal.cloud.process import CloudProcess, eventually


def deploy(cloud: CloudProcess, name: str, resources: dict[str, Any], **outputs: Any) -> dict[str, Any]:
    """Create the stack, or update it when it is there. Returns its description once it is settled."""
    client = cloud("cloudformation")
    template = {"Resources": resources, "Outputs": {key: {"Value": value} for key, value in outputs.items()}}
    known = any(each["StackName"] == name for each in client.describe_stacks()["Stacks"])
    act = client.update_stack if known else client.create_stack
    act(StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"])

    def settled() -> Any:
        found = client.describe_stacks(StackName=name)["Stacks"][0]
        return not found["StackStatus"].endswith("_IN_PROGRESS") and found

    stack: dict[str, Any] = eventually(settled)
    return stack


def outputs(stack: dict[str, Any]) -> dict[str, str]:
    assert stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), stack
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())}


def reasons(cloud: CloudProcess, name: str) -> str:
    """Why resources of the stack failed."""
    events = cloud("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    return "\n".join(event.get("ResourceStatusReason", "") for event in events)


def remove(cloud: CloudProcess, name: str) -> None:
    """Delete the stack and wait for its end."""
    client = cloud("cloudformation")
    identifier = client.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
    client.delete_stack(StackName=name)

    def gone() -> bool:
        status: str = client.describe_stacks(StackName=identifier)["Stacks"][0]["StackStatus"]
        assert status != "DELETE_FAILED", reasons(cloud, identifier)
        return status == "DELETE_COMPLETE"

    eventually(gone)
