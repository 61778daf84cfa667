"""The one key of a use case and stage."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.arns import OWN_ACCOUNT


class EncryptionKey(kms.Key):
    """Rotated every year; identity policies decide who may use it, EventBridge and `publishers` may for notices."""

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
        )
        # What publishes to an encrypted topic without a role: the key itself has to let the service in.
        self._let_in("events", conditions=None)
        for service in publishers:
            self._let_in(service, conditions=OWN_ACCOUNT)

    def _let_in(self, service: str, *, conditions: Mapping[str, object] | None) -> None:
        """Let a service encrypt what it publishes.

        With a condition on the source EventBridge could publish nothing:
        see https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
        """
        self.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                principals=[iam.ServicePrincipal(f"{service}.amazonaws.com", conditions=conditions)],
                resources=["*"],  # in a key policy: this key
            )
        )
