"""Before a rollout of the user's own servers, champion and candidate serve the replay as an endpoint of their own."""

from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from infra.rollout.runtime.orchestrator.rollout import End
from slipway.canary.observation.object_prefixes import CHAMPION_VERSION, capture_folder
from slipway.rollout.steps import Outcome
from tests.infra.rollout.account import NEW, OLD, World, error
from tests.infra.rollout.journal import run, target

SERVERS = {
    "role_arn": "arn:aws:iam::000000000000:role/servers",
    "instance_type": "ml.m5.large",
    "volume_key": {"KmsKeyId": "key"},
    "vpc_config": None,
    "tags": [{"Key": "slipway-use-case", "Value": "shoppers-dev"}],
}


def roll_out(world: World) -> End:
    return run(world, gate_job={**target().gate_job, "servers": SERVERS})


def test_both_serve_as_variants_that_the_job_invokes_and_are_gone_afterwards() -> None:
    world = World()
    assert roll_out(world).outcome is Outcome.PROMOTED
    (job,) = world.jobs.values()
    made = dict(world.made)
    name = made["CreateEndpoint"]["EndpointName"]
    assert job["AppSpecification"]["ContainerArguments"][-1] == f"--endpoint={name}"
    packages = {
        each["ModelName"]: each["Containers"][0]["ModelPackageName"]
        for kind, each in world.made
        if kind == "CreateModel"
    }
    variants = made["CreateEndpointConfig"]["ProductionVariants"]
    assert {each["VariantName"]: packages[each["ModelName"]] for each in variants} == {
        "champion": OLD,
        "candidate": NEW,
    }
    assert world.servers == {}


def test_the_job_reads_the_requests_that_the_live_package_was_sent() -> None:
    world = World()
    arguments = [f"--captures=s3://artifacts/{capture_folder('shop', 'primary', CHAMPION_VERSION)}"]
    run(world, gate_job={**target().gate_job, "servers": SERVERS, "arguments": arguments})
    (job,) = world.jobs.values()
    folder = f"capture/shop/{OLD.rpartition('/')[2]}/shop/primary/"
    assert job["AppSpecification"]["ContainerArguments"][0] == f"--captures=s3://artifacts/{folder}"


def test_sagemaker_takes_the_requests() -> None:
    world = World()
    roll_out(world)
    model = botocore.session.get_session().get_service_model("sagemaker")
    assert [operation for operation, _ in world.made] == [
        *["CreateModel"] * 2,
        "CreateEndpointConfig",
        "CreateEndpoint",
    ]
    for operation, request in world.made:
        report = ParamValidator().validate(request, model.operation_model(operation).input_shape)
        assert not report.has_errors(), report.generate_report()
    assert all(len(name.partition(" ")[2]) <= 63 for name, _ in world.made)


def test_a_first_model_has_no_champion_and_needs_no_servers() -> None:
    world = World(named="", live="", configs={"config-0": ""})
    assert roll_out(world).outcome is Outcome.PROMOTED
    assert world.made == []


FAILED = "The primary container for production variant {} did not pass the ping health check."


@pytest.mark.parametrize(
    ("reason", "outcome", "status"),
    [
        (FAILED.format("candidate"), Outcome.REJECTED, "Rejected"),
        (FAILED.format("champion"), Outcome.NOT_STARTED, "Approved"),
        ("ResourceLimitExceeded: 0 instances", Outcome.NOT_STARTED, "Approved"),
    ],
)
def test_servers_that_do_not_start_end_the_rollout_before_any_user_and_are_deleted(
    reason: str, outcome: Outcome, status: str
) -> None:
    world = World(servers_end={"EndpointStatus": "Failed", "FailureReason": reason})
    assert roll_out(world).outcome is outcome
    assert (world.packages[NEW], world.servers, world.updates) == (status, {}, [])


def test_servers_that_cannot_be_deleted_are_reported_and_stop_no_rollout() -> None:
    denied: Any = [error("AccessDeniedException", "no")]
    world = World(fail={"delete_endpoint": denied})
    assert roll_out(world).outcome is Outcome.PROMOTED
    assert any("left over" in text for _, text in world.notices)
