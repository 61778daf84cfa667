"""Jobs and models in an existing network, and a limit for every role."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.stages import UseCaseStacks
from rehearsal.cloud.iam import AccessRequest, Principal, decide
from slipway.settings import Settings, parse_settings
from tests.infra.access.account import ACCOUNT, REGION, Accounts

Synth = Callable[..., tuple[UseCaseStacks, Path]]
SUBNETS = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
GROUPS = ["sg-0123456789abcdef0"]
REQUEST = {"SecurityGroupIds": GROUPS, "Subnets": SUBNETS}
VPC = {
    "vpc_id": "vpc-0123456789abcdef0",
    "subnets": SUBNETS,
    "security_groups": GROUPS,
    "endpoints": True,
    "route_tables": ["rtb-0123456789abcdef0"],
}
INSIDE = ("TrainingJobsProcessing", "TrainingJobsTraining", "TrainingJobsEvaluation", "ReplayRole", "GuardedRole")


def with_access(settings: Settings, **access: Any) -> Settings:
    return parse_settings({**settings.model_dump(), "access": access}, source="test")


@pytest.fixture(scope="module")
def inside(synth: Synth, settings: Settings) -> Accounts:
    return Accounts(synth(with_access(settings, vpc=VPC))[1])


@pytest.fixture(scope="module")
def bounded(synth: Synth, settings: Settings) -> Accounts:
    """In a network without endpoints of its own."""
    vpc = {**VPC, "endpoints": False, "route_tables": ()}
    return Accounts(synth(with_access(settings, vpc=vpc, permission_boundary="teams/ml"))[1])


def steps(accounts: Accounts) -> dict[str, Any]:
    pipeline = accounts.one("training/TrainingPipeline")
    body = pipeline.stack.resolved(pipeline.properties["PipelineDefinition"]["PipelineDefinitionBody"])
    return {step["Name"]: step["Arguments"] for step in json.loads(body)["Steps"]}


def test_every_job_of_the_pipeline_runs_in_the_network(inside: Accounts) -> None:
    found = steps(inside)
    assert found["Prepare"]["NetworkConfig"] == {"EnableNetworkIsolation": True, "VpcConfig": REQUEST}
    assert found["Evaluate"]["NetworkConfig"] == {"VpcConfig": REQUEST}
    assert found["Reference"]["VpcConfig"] == REQUEST
    assert found["Tune"]["TrainingJobDefinition"]["VpcConfig"] == REQUEST


def test_jobs_that_need_no_network_have_none(accounts: Accounts) -> None:
    found = steps(accounts)
    assert found["Prepare"]["NetworkConfig"] == {"EnableNetworkIsolation": True}
    assert found["Reference"]["EnableNetworkIsolation"] is True
    assert found["Tune"]["TrainingJobDefinition"]["EnableNetworkIsolation"] is True
    assert "NetworkConfig" not in found["Evaluate"]
    assert "VpcConfig" not in found["Reference"]


def test_the_model_is_placed_in_the_network_and_isolated_from_it(inside: Accounts) -> None:
    (model,) = inside.of_type("AWS::SageMaker::Model")
    assert model.properties["VpcConfig"] == REQUEST
    assert model.properties["EnableNetworkIsolation"] is True


def test_the_gates_run_in_the_network(inside: Accounts) -> None:
    function = inside.one("rollout/RolloutFunction")
    target = json.loads(function.stack.resolved(function.properties["Environment"]["Variables"]["ROLLOUT"]))
    assert target["gate_job"]["vpc_config"] == REQUEST


@pytest.mark.parametrize("label", INSIDE)
def test_roles_make_interfaces_in_the_named_subnets_only(inside: Accounts, label: str) -> None:
    (role,) = (found for name, found in inside.roles.items() if name.endswith(label))

    def allowed(action: str, kind: str, name: str, **context: str) -> bool:
        arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:{kind}/{name}"
        conditions = {key.replace("__", ":"): value for key, value in context.items()}
        request = AccessRequest(f"ec2:{action}", arn if kind != "*" else "*", conditions)
        return decide(request, principal=role.principal, identity=role.policies).allowed

    ours, other = (f"arn:aws:ec2:{REGION}:{ACCOUNT}:subnet/{name}" for name in (SUBNETS[0], "subnet-9"))
    assert allowed("CreateNetworkInterface", "subnet", SUBNETS[0])
    assert allowed("CreateNetworkInterface", "security-group", GROUPS[0])
    assert not allowed("CreateNetworkInterface", "subnet", "subnet-9")
    assert not allowed("CreateNetworkInterface", "security-group", "sg-9")
    for action in ("CreateNetworkInterfacePermission", "DeleteNetworkInterface", "DeleteNetworkInterfacePermission"):
        assert allowed(action, "network-interface", "eni-1", ec2__Subnet=ours)
        assert not allowed(action, "network-interface", "eni-1", ec2__Subnet=other)
        assert not allowed(action, "network-interface", "eni-1")
    assert allowed("DescribeSubnets", "*", "")
    assert not allowed("RunInstances", "*", "")


def test_without_a_network_no_role_may_make_interfaces(accounts: Accounts) -> None:
    for role in accounts.roles.values():
        request = AccessRequest("ec2:CreateNetworkInterface", "*")
        assert not decide(request, principal=role.principal, identity=role.policies).allowed


def test_endpoints_allow_the_accounts_own_principals_only(inside: Accounts) -> None:
    endpoints = inside.of_type("AWS::EC2::VPCEndpoint")
    services = {str(each.stack.resolved(each.properties["ServiceName"])).split(".", 3)[3] for each in endpoints}
    assert {"sagemaker.api", "sagemaker.runtime", "ecr.api", "ecr.dkr", "logs", "monitoring", "kms", "s3"} <= services
    ours, theirs = (Principal("AWS", f"arn:aws:iam::{account}:role/x") for account in (ACCOUNT, "9" * 12))
    for endpoint in endpoints:
        policy = inside.policy_of(endpoint)
        for who in (ours, theirs):
            context = {"aws:PrincipalAccount": str(who.account)}
            put = AccessRequest("s3:PutObject", "arn:aws:s3:::anybodys/x", context)
            assert decide(put, principal=who, identity=[], resource=[policy]).allowed is (who is ours)


def test_the_endpoints_are_made_on_request_only(bounded: Accounts) -> None:
    assert bounded.of_type("AWS::EC2::VPCEndpoint") == []


def test_every_role_has_the_boundary(bounded: Accounts, accounts: Accounts) -> None:
    expected = f"arn:aws:iam::{ACCOUNT}:policy/teams/ml"
    assert {role.boundary for role in bounded.roles.values()} == {expected}
    assert {role.boundary for role in accounts.roles.values()} == {None}
