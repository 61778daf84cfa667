"""Approve a model package, which starts its rollout."""

from dataclasses import dataclass

from slipway.operations import endpoint_state as endpoints
from slipway.operations import executions
from slipway.operations.audit_log import Recorder
from slipway.operations.aws_errors import RefusedError
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.hold import Hold
from slipway.operations.registry import APPROVED, REJECTED, Package, package
from slipway.rollout.pause import GO


@dataclass(frozen=True)
class Approval:
    """What approving would do."""

    package: Package
    live: str | None
    held: bool

    @property
    def approved_before(self) -> bool:
        """Its approval is old: no event tells of it again, so its rollout is started by name."""
        return self.package.approval == APPROVED


def consider(site: DeployedStage, reference: str, *, reapprove: bool) -> Approval:
    """Whether `reference`, a version or an ARN, may be approved.

    Raises:
        RefusedError: it serves already, is on its way, or was rejected and `reapprove` is not given.
    """
    found = package(site, site.package_arn(reference))
    endpoint = endpoints.look(site)
    live = endpoint.live.package if endpoint and endpoint.live else None
    if live == found.arn:
        raise RefusedError(f"version {found.version} serves already")
    if any(execution.package == found.arn for execution in executions.running(site)):
        raise RefusedError(f"a rollout of version {found.version} is under way; see `slipway rollout status`")
    if found.approval == REJECTED and not reapprove:
        raise RefusedError(
            f"version {found.version} was rejected ({found.reason or 'no reason was noted'}); "
            "to approve it nevertheless add --reapprove"
        )
    if found.status != "Completed":
        raise RefusedError(f"version {found.version} must be Completed to be approved, got {found.status}")
    return Approval(found, live, held=Hold(site.client("ssm"), site.names.hold_parameter).read() != GO)


def approve(site: DeployedStage, recorder: Recorder, approval: Approval, *, reason: str) -> str:
    """Do it; what was done, in words."""
    found = approval.package
    with recorder.act("approve", found.arn, reason=reason, before=found.approval, held=approval.held) as outcome:
        if approval.approved_before:
            outcome["execution"] = executions.start(site, found.arn)
            return f"version {found.version} was approved before; its rollout has been started again"
        site.client("sagemaker").update_model_package(
            ModelPackageArn=found.arn, ModelApprovalStatus=APPROVED, ApprovalDescription=reason
        )
    return f"version {found.version} is approved; its rollout starts by itself"
