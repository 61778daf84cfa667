"""What every role that makes, tests or delivers models is denied, so that none approves a model."""

from infra.shared.policy import Statement, deny


def may_not_approve() -> Statement:
    """Deny every change of a model's status: people approve models."""
    return deny("sagemaker:UpdateModelPackage", on=["*"])  # a denial is meant for every model


def may_not_register_approved() -> Statement:
    """Deny to register an approved model: `ModelApprovalStatus` is a parameter of the pipeline, set by its caller."""
    return deny("sagemaker:CreateModelPackage", on=["*"], conditions=_APPROVED)


def may_only_reject() -> Statement:
    """Deny approvals only: a rollout rejects what failed its gates or was rolled back."""
    return deny("sagemaker:UpdateModelPackage", on=["*"], conditions=_APPROVED)


_APPROVED = {"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}}
