"""A permissions boundary for every role of a stack."""

from aws_cdk import aws_iam as iam
from constructs import Construct


def bound_roles(scope: Construct, policy_name: str | None) -> None:
    """Give every role in `scope`, also those made later, the account's policy of that name as its boundary."""
    if policy_name is not None:
        policy = iam.ManagedPolicy.from_managed_policy_name(scope, "PermissionBoundary", policy_name)
        iam.PermissionsBoundary.of(scope).apply(policy)
