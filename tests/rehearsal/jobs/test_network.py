"""A definition whose jobs run in a network: the laptop takes it, and has no network of that kind."""

from pathlib import Path
from typing import Any

import pytest

from rehearsal.jobs.interpreter import read_definition
from slipway.settings import Access, Vpc, load_settings
from slipway.training import to_json, training_pipeline

CONFIG = Path(__file__).parents[3] / "config/shoppers.toml"
VPC = Vpc(vpc_id="vpc-00000001", subnets=("subnet-00000001",), security_groups=("sg-00000001",))


@pytest.fixture(scope="module")
def arguments() -> dict[str, Any]:
    settings = load_settings(CONFIG, "dev").model_copy(update={"access": Access(vpc=VPC)})
    role = "arn:aws:iam::000000000000:role/job"
    document = training_pipeline(
        settings,
        bucket="artifacts",
        kms_key_arn="arn:aws:kms:us-east-1:000000000000:key/1",
        image_uri="steps:1",
        use_case_uri="s3://b/use_case.json",
        processing_role_arn=role,
        training_role_arn=role,
        evaluation_role_arn=role,
    )
    return {name: step.arguments for name, step in read_definition(to_json(document)).steps.items()}


def test_the_interpreter_hands_the_network_on_to_every_job(arguments: dict[str, Any]) -> None:
    expected = VPC.request()
    assert arguments["Prepare"]["NetworkConfig"]["VpcConfig"] == expected
    assert arguments["Evaluate"]["NetworkConfig"]["VpcConfig"] == expected
    assert arguments["Reference"]["VpcConfig"] == expected
    assert arguments["Tune"]["TrainingJobDefinition"]["VpcConfig"] == expected


def test_what_needs_no_network_stays_cut_off_from_it(arguments: dict[str, Any]) -> None:
    assert arguments["Prepare"]["NetworkConfig"]["EnableNetworkIsolation"] is True
    assert arguments["Reference"]["EnableNetworkIsolation"] is True
