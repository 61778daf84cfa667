"""A rollout's entries in the audit log, its notices, and the rejection in the registry."""

from botocore.exceptions import BotoCoreError, ClientError

from slipway.rollout.steps import RolloutStep

from .function_calls import FunctionError, error_name, invoke
from .run import Run, State

_SUBJECT_LENGTH = 100
"""The longest that SNS takes."""
_BRIEF = "the rollout failed, see {}"


def record(run: Run, action: str, detail: State) -> None:
    """Append to the audit log, once."""
    run.steps.do(RolloutStep.AUDIT, lambda: audit(run, action, detail))


def audit(run: Run, action: str, detail: State) -> bool:
    """Append to the audit log, within a step; one that cannot be written changes nothing but sends a notice.

    An entry of the same operation, with the same detail, is not appended again.
    """
    detail = {**detail, "operation": run.steps.operation}
    entry = {"actor": run.steps.execution, "action": action, "subject": run.request.package, "detail": detail}
    try:
        invoke(run, run.target.audit, entry)
    except (ClientError, BotoCoreError, FunctionError) as exc:
        endpoint = run.target.endpoint
        missing = f"{action} of {run.request.package} could not be recorded in the audit log of {endpoint}: "
        _publish(run, "audit entry missing", f"{missing}{error_name(exc)}")
        return False
    return True


def notify(run: Run, subject: str, message: str) -> None:
    """A notice that cannot be sent changes nothing."""
    run.steps.do(RolloutStep.NOTIFY, lambda: _publish(run, subject, message))


def reject_package(run: Run, reason: str) -> None:
    """In the registry, with the reason, or where to look if that is longer than the registry takes."""

    def reject() -> bool:
        sagemaker = run.client("sagemaker")
        for description in (reason, _BRIEF.format(run.steps.execution)):
            try:
                sagemaker.update_model_package(
                    ModelPackageArn=run.request.package,
                    ModelApprovalStatus="Rejected",
                    ApprovalDescription=description,
                )
            except (ClientError, BotoCoreError):
                continue
            return True
        return False

    run.steps.do(RolloutStep.REJECT, reject)


def _publish(run: Run, subject: str, message: str) -> bool:
    subject = f"{run.target.endpoint}: {subject}"
    try:
        run.client("sns").publish(TopicArn=run.target.topic, Subject=subject[:_SUBJECT_LENGTH], Message=message)
    except (ClientError, BotoCoreError):
        return False
    return True
