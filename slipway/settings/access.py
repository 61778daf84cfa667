"""What roles may do at most, and the network that jobs and models run in."""

from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from slipway.settings.section import Section, raise_each

PolicyName = Annotated[str, StringConstraints(pattern=r"^[\w+=,.@/-]{1,128}$")]
VpcId = Annotated[str, StringConstraints(pattern=r"^vpc-[0-9a-f]{8,17}$")]
SubnetId = Annotated[str, StringConstraints(pattern=r"^subnet-[0-9a-f]{8,17}$")]
SecurityGroupId = Annotated[str, StringConstraints(pattern=r"^sg-[0-9a-f]{8,17}$")]
RouteTableId = Annotated[str, StringConstraints(pattern=r"^rtb-[0-9a-f]{8,17}$")]


class Vpc(Section):
    """An existing network, named by its ids: nothing is looked up.

    Attributes:
        subnets: private ones, in several zones.
        security_groups: of the jobs and models, and of the endpoints by which they reach AWS.
        endpoints: make those endpoints; a network that has them already must not get a second set.
        route_tables: of the subnets; the endpoint of S3 is a route.
    """

    vpc_id: VpcId
    subnets: tuple[SubnetId, ...] = Field(min_length=1, max_length=16)
    security_groups: tuple[SecurityGroupId, ...] = Field(min_length=1, max_length=5)
    endpoints: bool = False
    route_tables: tuple[RouteTableId, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        mistakes = [
            f"{name} must be named once each, got {', '.join(values)}"
            for name, values in (("subnets", self.subnets), ("security_groups", self.security_groups))
            if len(set(values)) < len(values)
        ]
        if self.endpoints != bool(self.route_tables):
            mistakes.append("endpoints and route_tables must be given together, got one of them")
        raise_each(mistakes)
        return self

    def request(self) -> dict[str, Any]:
        """`VpcConfig` of a job or a model."""
        return {"SecurityGroupIds": list(self.security_groups), "Subnets": list(self.subnets)}


class Access(Section):
    """Attributes: permission_boundary: the name of a managed policy that every role stays within."""

    permission_boundary: PolicyName | None = None
    vpc: Vpc | None = None
