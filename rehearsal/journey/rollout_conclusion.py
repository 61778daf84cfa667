"""Conclude how a rollout ended, from the registry, the endpoint and the audit log."""

import json
from collections.abc import Iterable

from rehearsal.journey.rollout_result import LaunchTarget, RolloutResult
from slipway.canary.statistics.evidence import Decision
from slipway.errors import LaunchError
from slipway.rollout.audit import Entry


def conclude(target: LaunchTarget, execution: str, rollout: RolloutResult) -> None:
    """Read the outcome from the registry and the endpoint, not from what the state machine reports.

    Raises:
        LaunchError: the rollout ended without an outcome.
    """
    ended = target.aws.client("stepfunctions").describe_execution(executionArn=execution)
    package = target.aws.client("sagemaker").describe_model_package(ModelPackageName=rollout.model_package)
    rollout.reason = package.get("ApprovalDescription", "")
    if ended["status"] == "SUCCEEDED" and package["ModelApprovalStatus"] == "Approved":
        rollout.outcome = "promoted"
    elif ended.get("error") == "Refused":
        rollout.outcome, rollout.by = "refused", _refused_by(target, execution)
    elif package["ModelApprovalStatus"] == "Rejected":
        rollout.outcome = "rolled_back"
        # Several alarms may have fired; the endpoint's own reason names the one that caused the rollback.
        named = [alarm for alarm in rollout.alarms if alarm in rollout.reason]
        rollout.by = next(iter(named or rollout.alarms), None)
    else:
        cause = ended.get("cause") or json.dumps(ended.get("output"))
        where = f"in its state {_last_state(target, execution)}, without an outcome"
        raise LaunchError(f"the rollout of {rollout.model_package} ended {ended['status']} {where}: {cause}")


def note_proof(rollouts: Iterable[RolloutResult], audit: Iterable[Entry]) -> None:
    """Note of each promoted model whether it was proven safe, or went live for lack of evidence, by the audit log."""
    promoted = {entry["subject"]: entry["detail"] for entry in audit if entry["action"] == "promoted"}
    for rollout in rollouts:
        if rollout.has_two_fleets and "verdict" in (detail := promoted.get(rollout.model_package, {})):
            rollout.proven = detail["verdict"] == Decision.PROMOTE
            rollout.reason = rollout.reason or detail["sentence"]


def _last_state(target: LaunchTarget, execution: str) -> str:
    """The task state that was entered last: its failure ended the execution."""
    pages = target.aws.client("stepfunctions").get_paginator("get_execution_history")
    events = (event for page in pages.paginate(executionArn=execution, reverseOrder=True) for event in page["events"])
    entered = (event["stateEnteredEventDetails"]["name"] for event in events if event["type"] == "TaskStateEntered")
    return next(entered, "(none)")


def _refused_by(target: LaunchTarget, execution: str) -> str | None:
    """The gate, from the input of the execution's last states."""
    pages = target.aws.client("stepfunctions").get_paginator("get_execution_history")
    for page in pages.paginate(executionArn=execution, reverseOrder=True, includeExecutionData=True):
        for event in page["events"]:
            given = json.loads(event.get("stateEnteredEventDetails", {}).get("input") or "{}")
            if by := given.get("failure", {}).get("by"):
                return str(by)
    return None
