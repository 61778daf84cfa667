"""The one key of a use case and stage."""

from collections.abc import Sequence
from functools import cache

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.shared.arns import OWN_ACCOUNT

_ADMINISTRATORS = iam.PolicyStatement(actions=["kms:*"], principals=[iam.AccountRootPrincipal()], resources=["*"])
"""The default policy of a key: the account's identity policies decide."""


class EncryptionKey(kms.Key):
    """Rotated every year; identity policies decide who may use it; EventBridge and `publishers` may, to publish."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        alias: str,
        removal_policy: cdk.RemovalPolicy,
        publishers: Sequence[str] = ("cloudwatch",),
    ) -> None:
        super().__init__(
            scope,
            id_,
            alias=alias,
            description=f"everything {alias} stores",
            enable_key_rotation=True,
            removal_policy=removal_policy,
            policy=iam.PolicyDocument(
                statements=[_ADMINISTRATORS, *(_may_publish(service) for service in ("events", *publishers))]
            ),
        )


@cache
def _may_publish(service: str) -> iam.PolicyStatement:
    """Let a service encrypt what it publishes: it has no role, so the key's policy must allow it.

    With a condition on the source EventBridge could publish nothing:
    see https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
    """
    conditions = None if service == "events" else OWN_ACCOUNT
    return iam.PolicyStatement(
        actions=["kms:Decrypt", "kms:GenerateDataKey*"],
        principals=[iam.ServicePrincipal(f"{service}.amazonaws.com", conditions=conditions)],
        resources=["*"],  # in a key policy: this key
    )
