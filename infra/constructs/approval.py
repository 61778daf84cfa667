"""Nobody approves their own model: what every role that makes, tests or delivers models is denied."""

from aws_cdk import aws_iam as iam


def may_not_approve() -> iam.PolicyStatement:
    """Models are approved by people."""
    return iam.PolicyStatement(
        effect=iam.Effect.DENY,
        actions=["sagemaker:UpdateModelPackage"],
        resources=["*"],  # a denial is meant for every model
    )


def may_not_register_approved() -> iam.PolicyStatement:
    """The pipeline's parameter `ModelApprovalStatus` is whoever's who starts it."""
    return iam.PolicyStatement(
        effect=iam.Effect.DENY,
        actions=["sagemaker:CreateModelPackage"],
        resources=["*"],
        conditions={"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}},
    )


def may_only_reject() -> iam.PolicyStatement:
    """A rollout rejects what it has refused or taken back; it never says that a model is good."""
    return iam.PolicyStatement(
        effect=iam.Effect.DENY,
        actions=["sagemaker:UpdateModelPackage"],
        resources=["*"],
        conditions={"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}},
    )
