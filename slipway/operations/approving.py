"""Approve a model package, which starts its rollout."""

from dataclasses import dataclass

from slipway.operations import executions
from slipway.operations.audit_log import Recorder
from slipway.operations.aws_errors import RefusedError
from slipway.operations.deployed_endpoint import describe_endpoint
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.model_registry import APPROVED, REJECTED, Package, package
from slipway.operations.pausing import PauseParameter
from slipway.rollout.pause import GO


@dataclass(frozen=True)
class Approval:
    """An approval that is possible: the package, the one that serves now, and whether rollouts are paused."""

    package: Package
    live: str | None
    paused: bool

    @property
    def approved_before(self) -> bool:
        """Then approving sends no event, so the rollout is started by a call."""
        return self.package.approval == APPROVED


def check_approval(stage: DeployedStage, reference: str, *, reapprove: bool) -> Approval:
    """Whether `reference`, a version or an ARN, may be approved.

    Raises:
        RefusedError: it serves already, is being rolled out, or was rejected and `reapprove` is not given.
    """
    found = package(stage, stage.package_arn(reference))
    endpoint = describe_endpoint(stage)
    live = endpoint.live.package if endpoint and endpoint.live else None
    if live == found.arn:
        raise RefusedError(f"version {found.version} serves already")
    if any(execution.package == found.arn for execution in executions.running(stage)):
        raise RefusedError(f"a rollout of version {found.version} is under way; see `slipway rollout status`")
    if found.approval == REJECTED and not reapprove:
        raise RefusedError(
            f"version {found.version} was rejected ({found.reason or 'without a reason'}); "
            "to approve it nevertheless add --reapprove"
        )
    if found.status != "Completed":
        raise RefusedError(f"version {found.version} must be Completed to be approved, got {found.status}")
    return Approval(found, live, paused=PauseParameter.of(stage).read() != GO)


def approve(stage: DeployedStage, recorder: Recorder, approval: Approval, *, reason: str) -> str:
    """Approve the package; returns what was done, in words."""
    found = approval.package
    with recorder.act("approve", found.arn, reason=reason, before=found.approval, paused=approval.paused) as outcome:
        if approval.approved_before:
            outcome["execution"] = executions.start(stage, found.arn)
            return f"version {found.version} was approved before; its rollout has been started again"
        stage.client("sagemaker").update_model_package(
            ModelPackageArn=found.arn, ModelApprovalStatus=APPROVED, ApprovalDescription=reason
        )
    return f"version {found.version} is approved; its rollout starts by itself"
