"""Rejecting the package that serves: the endpoint goes back to the newest package that is still approved.

The rollback is a rollout of its own, compared and guarded like every other.
"""

import hashlib
import json
from typing import Any

from slipway.rollout.steps import Kind, Outcome, RolloutStep

from . import live
from .lock import Lock
from .recording import notify
from .run import CallError, Run

_MOST_LISTED = 100


def roll_back(run: Run, lock: Lock) -> tuple[Outcome, str]:
    """The outcome, and its reason.

    Raises:
        CallError: what serves could not be read.
    """
    now = live.read_now(run)
    if now.is_busy or now.live.package != run.request.package:
        # What is being rolled out now may be this very package.
        lock.take()
        now = live.read_settled(run)
    if now.live.package != run.request.package:
        return Outcome.NOTHING_TO_DO, "the rejected package does not serve"
    served = f"{run.request.package} serves endpoint {run.target.endpoint} and was rejected"
    try:
        earlier = run.steps.do(RolloutStep.FIND_PREVIOUS, lambda: _find(run))
        if earlier is None:
            return Outcome.NOTHING_TO_DO, "the package is approved again"
        run.steps.do(RolloutStep.START_ROLLBACK, lambda: _start(run, earlier))
    except (CallError, LookupError):
        reason = (
            f"{served}, but there is no other approved package to go back to, or its rollout could not be started; "
            f"execution {run.steps.execution}"
        )
        notify(run, "live model rejected, look now", reason)
        return Outcome.NO_ROLLBACK, reason
    if earlier["kind"] == Kind.ROLLBACK:
        reason = f"{served}; going back to {earlier['package']}"
    else:
        reason = (
            f"{served}; no version before it is approved, so this one is rolled out unless rollouts are paused: "
            f"{earlier['package']}"
        )
    notify(run, "live model rejected", reason)
    return Outcome.ROLLBACK_STARTED, reason


def choose(version: int, approved: list[dict[str, Any]]) -> dict[str, str] | None:
    """The next package, of the approved ones, newest first: the newest version before, as a rollback without pauses.

    A later version may be approved and paused for a reason: it is rolled out like every other.
    """
    before = (each["ModelPackageArn"] for each in approved if each["ModelPackageVersion"] < version)
    if earlier := next(before, None):
        return {"package": earlier, "kind": Kind.ROLLBACK}
    return {"package": approved[0]["ModelPackageArn"], "kind": Kind.APPROVAL} if approved else None


def _find(run: Run) -> dict[str, str] | None:
    """None where the rejection was taken back; an empty `package` where nothing else is approved."""
    sagemaker = run.client("sagemaker")
    package = sagemaker.describe_model_package(ModelPackageName=run.request.package)
    if package["ModelApprovalStatus"] != "Rejected":
        return None
    approved = sagemaker.list_model_packages(
        ModelPackageGroupName=run.target.package_group,
        ModelApprovalStatus="Approved",
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=_MOST_LISTED,
    )["ModelPackageSummaryList"]
    return choose(package["ModelPackageVersion"], approved) or {"package": "", "kind": ""}


def _start(run: Run, earlier: dict[str, str]) -> bool:
    if not earlier["package"]:
        raise CallError("NothingApproved", "no other package is approved")
    # The same name at each attempt: one that was answered too late starts no second execution.
    name = hashlib.sha256(run.steps.execution.encode()).hexdigest()[:32]
    payload = {"ModelPackageArn": earlier["package"], "Kind": earlier["kind"]}
    run.client("lambda").invoke(
        FunctionName=run.target.function,
        InvocationType="Event",
        DurableExecutionName=f"{earlier['kind']}-{name}",
        Payload=json.dumps(payload).encode(),
    )
    return True
