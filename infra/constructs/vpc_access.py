"""What a role needs so that SageMaker can put its job or model into a network of ours."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from blueprint.settings import Vpc

_LOOKS = ("NetworkInterfaces", "Vpcs", "DhcpOptions", "Subnets", "SecurityGroups")
_CHANGES = ("CreateNetworkInterfacePermission", "DeleteNetworkInterface", "DeleteNetworkInterfacePermission")


def may_join(role: iam.Role, vpc: Vpc | None) -> None:
    """Let SageMaker make network interfaces in the subnets of `vpc`, and in no others.

    See https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
    """
    if vpc is None:
        return
    stack = cdk.Stack.of(role)

    def arn(kind: str, name: str) -> str:
        return stack.format_arn(service="ec2", resource=kind, resource_name=name)

    def allow(*actions: str, on: list[str], conditions: dict[str, dict[str, object]] | None = None) -> None:
        actions = tuple(f"ec2:{action}" for action in actions)
        role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=on, conditions=conditions or {}))

    subnets = [arn("subnet", name) for name in vpc.subnets]
    groups = [arn("security-group", name) for name in vpc.security_groups]
    interfaces = arn("network-interface", "*")  # SageMaker's own, whose names nobody knows yet
    allow("CreateNetworkInterface", on=[interfaces, *subnets, *groups])
    allow(*_CHANGES, on=[interfaces], conditions={"ArnEquals": {"ec2:Subnet": subnets}})
    allow(*(f"Describe{what}" for what in _LOOKS), on=["*"])  # they know no resource
