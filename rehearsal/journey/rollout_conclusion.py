"""Conclude how a rollout ended, from the registry, the endpoint and the audit log."""

import json
from collections.abc import Iterable

from rehearsal.journey.rollout_result import LaunchTarget, RolloutResult
from slipway.canary.statistics.evidence import Decision
from slipway.errors import LaunchError
from slipway.rollout.audit import Entry
from slipway.rollout.steps import Outcome

_OF_SHADOWS = ("shadow begun", "shadow decision", "shadow ended")


def conclude(target: LaunchTarget, execution: str, rollout: RolloutResult) -> None:
    """Read the outcome from the registry too, and not only from what the function reports.

    Raises:
        LaunchError: the rollout ended without an outcome, or with another one than the registry has.
    """
    ended = target.aws.client("lambda").get_durable_execution(DurableExecutionArn=execution)
    result = json.loads(ended.get("Result") or "{}")
    package = target.aws.client("sagemaker").describe_model_package(ModelPackageName=rollout.model_package)
    rollout.reason = package.get("ApprovalDescription", "")
    outcome, is_approved = result.get("outcome"), package["ModelApprovalStatus"] == "Approved"
    if outcome == Outcome.PROMOTED and is_approved:
        rollout.outcome = "promoted"
    elif outcome == Outcome.REJECTED and not is_approved:
        rollout.outcome, rollout.by = "refused", result["by"]
    elif outcome in (Outcome.ROLLED_BACK, Outcome.NOT_RESTORED) and not is_approved:
        rollout.outcome = "rolled_back"
        # Several alarms may have fired; the endpoint's own reason names the one that caused the rollback.
        named = [alarm for alarm in rollout.alarms if alarm in rollout.reason]
        rollout.by = next(iter(named or rollout.alarms), None)
    else:
        cause = result.get("reason") or json.dumps(ended.get("Error"))
        where = f"{outcome or ended['Status']} in its step {_last_step(target, execution)}"
        raise LaunchError(f"the rollout of {rollout.model_package} ended {where}: {cause}")


def note_proof(rollouts: Iterable[RolloutResult], audit: Iterable[Entry]) -> None:
    """Note of each promoted model whether it was proven safe, or went live for lack of evidence, by the audit log.

    And of each candidate that was a shadow, what that has shown.
    """
    entries = list(audit)
    promoted = {entry["subject"]: entry["detail"] for entry in entries if entry["action"] == "promoted"}
    shadows = {entry["subject"]: entry["detail"] for entry in entries if entry["action"] in _OF_SHADOWS}
    for rollout in rollouts:
        if rollout.model_package in shadows:
            detail = shadows[rollout.model_package]
            decision = Decision(detail.get("decision", Decision.EXTEND)).name.lower()
            rollout.shadow = {"decision": decision, "explanation": detail.get("explanation", "")}
        if rollout.has_two_fleets and "decision" in (detail := promoted.get(rollout.model_package, {})):
            rollout.proven = detail["decision"] == Decision.PROMOTE
            rollout.reason = rollout.reason or detail["explanation"]


def _last_step(target: LaunchTarget, execution: str) -> str:
    """What it did last: its failure may have ended the execution."""
    history = target.aws.client("lambda").get_durable_execution_history(
        DurableExecutionArn=execution, ReverseOrder=True
    )
    return next((str(event["Name"]) for event in history["Events"] if event.get("Name")), "(none)")
