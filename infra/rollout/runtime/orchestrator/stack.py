"""The endpoint's stack: its parameters change, the template stays, and CloudFormation is the endpoint's only owner."""

import hashlib
from collections.abc import Sequence
from enum import Enum
from typing import Any

from botocore.exceptions import ClientError

from slipway.rollout.steps import RolloutStep

from . import live
from .run import CallError, Run, State

PARAMETER = "ModelPackageArn"
SHADOW_PARAMETER = "ShadowModelPackageArn"
"""Only where the endpoint can have a shadow. An update that leaves it out gives it its default: no shadow."""
SERVED_PARAMETER = "ServedModelPackageArn"
"""A package that has served, whose drift rolls no update back; only where a rollout watches drift."""
CHALLENGER_PARAMETER = "Challenger{}ModelPackageArn"
"""Numbered from 1, only where the endpoint can have challengers; left out, there are none."""
UNGUARDED_PARAMETER, UNGUARDED_OUTPUT = "Unguarded", "UnguardedToken"
"""An update with the stack's token has no guardrails: they need the same variants before and after."""
CONFIG_RESOURCE = "EndpointConfig"
"""Its logical id in the stack."""
IN_PROGRESS = "_IN_PROGRESS"
_REPEATED = "TokenAlreadyExistsException"
"""A step that was done again: its first call began the update, which may have ended since."""


class Begun(Enum):
    """Whether the requested update has begun."""

    YES = "yes"
    BUSY = "busy"
    NOTHING_TO_DO = "nothing to do"


def read(run: Run) -> dict[str, Any]:
    """What the stack names, and how it stands; `served` is None where it takes no such parameter. Within a step."""
    stack = run.client("cloudformation").describe_stacks(StackName=run.target.stack)["Stacks"][0]
    given = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    return {
        "status": stack["StackStatus"],
        "reason": stack.get("StackStatusReason", ""),
        "package": given[PARAMETER],
        "shadow": given.get(SHADOW_PARAMETER, ""),
        "challengers": _challengers(given),
        "served": given.get(SERVED_PARAMETER),
        "token": next((o["OutputValue"] for o in stack.get("Outputs", ()) if o["OutputKey"] == UNGUARDED_OUTPUT), ""),
    }


def _challengers(given: dict[str, str]) -> list[str]:
    named = (given.get(CHALLENGER_PARAMETER.format(number), "") for number in range(1, len(given) + 1))
    return [package for package in named if package]


def read_settled(run: Run, name: RolloutStep, seconds: float) -> dict[str, Any]:
    """Read it every so many seconds until no update is in progress."""

    def pause(state: State) -> float | None:
        return seconds if state["status"].endswith(IN_PROGRESS) else None

    return run.steps.poll(name, lambda _: read(run), {}, pause)


def update(
    run: Run,
    name: RolloutStep,
    package: str,
    *,
    shadow: str = "",
    challengers: Sequence[str] = (),
    token: str = "",
    has_served: bool = False,
    attempt: int = 0,
) -> Begun:
    """Have the stack name `package`, with that shadow or none; the empty package is day 0, without an endpoint.

    It waits for a change of the instance count as for another update of the stack.

    With the stack's `token` the update has no guardrails, as one needs that adds `challengers` or takes them away.

    Where `package` has served, its drift rolls nothing back: it drifts as it did, with or without the update.

    An execution begins one update of each name and attempt, also where the process ended before the response was kept.

    Raises:
        CallError: CloudFormation refuses, and not since it is busy or has nothing to do.
    """
    request_token = hashlib.sha256(f"{run.steps.execution} {name} {attempt}".encode()).hexdigest()
    given = {PARAMETER: package, SHADOW_PARAMETER: shadow, UNGUARDED_PARAMETER: token}
    given |= {CHALLENGER_PARAMETER.format(number): each for number, each in enumerate(challengers, 1)}

    def request() -> str:
        if _is_scaled_now(run):
            return Begun.BUSY.value
        given[SERVED_PARAMETER] = _served(read(run), (package, shadow, list(challengers)), has_served=has_served)
        wanted = {key: value for key, value in given.items() if value or key == PARAMETER}
        try:
            run.client("cloudformation").update_stack(
                StackName=run.target.stack,
                UsePreviousTemplate=True,
                Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in wanted.items()],
                Capabilities=["CAPABILITY_NAMED_IAM"],
                ClientRequestToken=request_token,
            )
        except ClientError as exc:
            now = read(run)
            return _refused(exc, is_ours=_names(now) == (package, shadow, list(challengers))).value
        return Begun.YES.value

    return Begun(run.steps.do(name, request))


def _is_scaled_now(run: Run) -> bool:
    """Whether the endpoint is being changed, and not by the stack: SageMaker refuses an update meanwhile."""
    if live.describe(run)["EndpointStatus"] not in live.BUSY:
        return False
    return not str(read(run)["status"]).endswith(IN_PROGRESS)


def _names(found: dict[str, Any]) -> tuple[str, str, list[str]]:
    return found["package"], found["shadow"], found["challengers"]


def _served(now: dict[str, Any], wanted: tuple[str, str, list[str]], *, has_served: bool) -> str:
    """It stays where no model changes: SageMaker refuses an update of the alarms alone, whose config is in use."""
    if now["served"] is None:
        return ""
    if _names(now) == wanted:
        return str(now["served"])
    return wanted[0] if has_served else ""


def _refused(error: ClientError, *, is_ours: bool) -> Begun:
    """CloudFormation refuses with one error code but for a token; only the text differs."""
    if error.response["Error"]["Code"] == _REPEATED:
        return Begun.YES
    message = str(error.response["Error"].get("Message", ""))
    if "No updates are to be performed" in message:
        return Begun.NOTHING_TO_DO
    if f"{IN_PROGRESS} state" in message:
        # A step that was cut off after its call is done again: then it is our own update that is in progress.
        return Begun.YES if is_ours else Begun.BUSY
    if "Rate exceeded" in message:
        return Begun.BUSY
    raise error


def failed_resource(run: Run) -> str:
    """Which resource CloudFormation could not update first, and why, or empty: the stack's status does not say.

    Events of updates before the newest one are left out.
    """

    def find() -> str:
        pages = run.client("cloudformation").get_paginator("describe_stack_events")
        failed: list[dict[str, Any]] = []
        for page in pages.paginate(StackName=run.target.stack):
            for event in page["StackEvents"]:  # newest first
                if (event["ResourceType"], event["ResourceStatus"]) == (
                    "AWS::CloudFormation::Stack",
                    "UPDATE_IN_PROGRESS",
                ):
                    return _first(failed)
                failed.append(event)
        return _first(failed)

    try:
        return run.steps.do(RolloutStep.EXPLAIN, find)
    except CallError:
        return ""


def _first(newest_first: list[dict[str, Any]]) -> str:
    failed = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
        for event in newest_first
        if "_FAILED" in event["ResourceStatus"] and "cancelled" not in event.get("ResourceStatusReason", "")
    ]
    return failed[-1] if failed else ""
