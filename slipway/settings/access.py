"""What roles may do at most, and the network that jobs and models run in."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from slipway.settings.section import Section, matching, raise_each

PolicyName = Annotated[
    str, matching(r"^[\w+=,.@/-]{1,128}$", "the name of a policy: at most 128 letters, digits and any of _+=,.@/-")
]
VpcId = Annotated[str, matching(r"^vpc-[0-9a-f]{8,17}$", "an id such as vpc-0a1b2c3d")]
SubnetId = Annotated[str, matching(r"^subnet-[0-9a-f]{8,17}$", "an id such as subnet-0a1b2c3d")]
SecurityGroupId = Annotated[str, matching(r"^sg-[0-9a-f]{8,17}$", "an id such as sg-0a1b2c3d")]
RouteTableId = Annotated[str, matching(r"^rtb-[0-9a-f]{8,17}$", "an id such as rtb-0a1b2c3d")]


class Vpc(Section):
    """An existing network, named by its ids: nothing is looked up."""

    vpc_id: VpcId
    """The VPC."""
    subnets: tuple[SubnetId, ...] = Field(min_length=1, max_length=16)
    """Private subnets, in several availability zones."""
    security_groups: tuple[SecurityGroupId, ...] = Field(min_length=1, max_length=5)
    """Security groups of the jobs and models, and of the VPC endpoints through which they reach AWS."""
    endpoints: bool = False
    """Whether to make those VPC endpoints; a network that has them must not get a second set."""
    route_tables: tuple[RouteTableId, ...] = ()
    """Route tables of the subnets, for the gateway endpoint of S3."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        errors = [
            f"{name} must be named once each, got {', '.join(values)}"
            for name, values in (("subnets", self.subnets), ("security_groups", self.security_groups))
            if len(set(values)) < len(values)
        ]
        if self.endpoints != bool(self.route_tables):
            errors.append("endpoints and route_tables must be given together, got one of them")
        raise_each(errors)
        return self

    def request(self) -> dict[str, Any]:
        """`VpcConfig` of a job or a model."""
        return {"SecurityGroupIds": list(self.security_groups), "Subnets": list(self.subnets)}


class Access(Section):
    """The limit of every role, and the network of jobs and models."""

    permission_boundary: PolicyName | None = None
    """Name of a managed policy that every role has as its permissions boundary."""
    vpc: Vpc | None = None
