"""What a role needs so that SageMaker can place its job or model in the account's network."""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.shared.arns import arn
from infra.shared.policy import Statement, allow
from slipway.settings import Vpc

_DESCRIBED = ("NetworkInterfaces", "Vpcs", "DhcpOptions", "Subnets", "SecurityGroups")
_CHANGES = ("CreateNetworkInterfacePermission", "DeleteNetworkInterface", "DeleteNetworkInterfacePermission")


@dataclass(frozen=True, kw_only=True)
class VpcPlacement:
    """Subnets and security groups by their ids, which may be CDK tokens."""

    subnets: Sequence[str]
    security_groups: Sequence[str]


def may_join(vpc: Vpc | VpcPlacement | None) -> list[Statement]:
    """Let SageMaker make network interfaces in the subnets of `vpc`, and in no others.

    See https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
    """
    if vpc is None:
        return []
    subnets = [arn("ec2", f"subnet/{name}") for name in vpc.subnets]
    groups = [arn("ec2", f"security-group/{name}") for name in vpc.security_groups]
    interfaces = arn("ec2", "network-interface/*")  # SageMaker's own, whose ids are not known yet
    return [
        allow("ec2:CreateNetworkInterface", on=[interfaces, *subnets, *groups]),
        allow(
            *(f"ec2:{change}" for change in _CHANGES),
            on=[interfaces],
            conditions={"ArnEquals": {"ec2:Subnet": subnets}},
        ),
        allow(*(f"ec2:Describe{what}" for what in _DESCRIBED), on=["*"]),  # these actions know no resource
    ]
