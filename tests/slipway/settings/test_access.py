"""Settings of the access section."""

from typing import Any

import pytest
from pydantic import ValidationError

from slipway.settings.access import Access, Vpc

VPC: dict[str, Any] = {
    "vpc_id": "vpc-0123456789abcdef0",
    "subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "security_groups": ["sg-0123456789abcdef0"],
}


def test_nothing_is_asked_for_by_default() -> None:
    assert Access() == Access(permission_boundary=None, vpc=None)


def test_a_network_is_reported_as_jobs_and_models_take_it() -> None:
    assert Vpc.model_validate(VPC).request() == {
        "SecurityGroupIds": ["sg-0123456789abcdef0"],
        "Subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    }


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"vpc_id": "my-vpc"}, "vpc_id"),
        ({"subnets": []}, "subnets"),
        ({"subnets": ["subnet-0123456789abcdef0"] * 2}, "subnets must be named once each"),
        ({"security_groups": ["sg-0123456789abcdef0"] * 2}, "security_groups must be named once each"),
        ({"endpoints": True}, "endpoints and route_tables must be given together"),
        ({"route_tables": ["rtb-0123456789abcdef0"]}, "endpoints and route_tables must be given together"),
        ({"zones": 2}, "zones"),
    ],
)
def test_a_network_that_cannot_be_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Vpc.model_validate(VPC | wrong)


@pytest.mark.parametrize("name", ["arn:aws:iam::1:policy/x", "two words", ""])
def test_a_boundary_is_named_not_addressed(name: str) -> None:
    with pytest.raises(ValidationError, match="permission_boundary"):
        Access(permission_boundary=name)
