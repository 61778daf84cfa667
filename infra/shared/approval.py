"""Nobody approves their own model: what every role that makes, tests or delivers models is denied."""

from infra.shared.policy import Statement, deny


def may_not_approve() -> Statement:
    """Models are approved by people."""
    return deny("sagemaker:UpdateModelPackage", on=["*"])  # a denial is meant for every model


def may_not_register_approved() -> Statement:
    """The pipeline's parameter `ModelApprovalStatus` is whoever's who starts it."""
    return deny("sagemaker:CreateModelPackage", on=["*"], conditions=_APPROVED)


def may_only_reject() -> Statement:
    """A rollout rejects what it has refused or taken back; it never says that a model is good."""
    return deny("sagemaker:UpdateModelPackage", on=["*"], conditions=_APPROVED)


_APPROVED = {"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}}
