"""`slipway smoke` against the embedded AWS: the rollout's own function sends a row to real servers."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from slipway.cli.main import main
from tests.archives import archive_of
from tests.rehearsal.cloud.process import PROJECT, eventually
from tests.slipway.operations.conftest import BUCKET, CONFIG, NAMES, ROLE, World

CONTRACT = {
    "columns": [{"name": "x", "kind": "number", "min": 0.0, "max": 1.0}],
    "output": {"name": "score"},
}
TOPIC = {"Topic": {"Type": "AWS::SNS::Topic"}}
VPC = """
[access.vpc]
vpc_id = "vpc-0a1b2c3d"
subnets = ["subnet-0a1b2c3d", "subnet-1a1b2c3d"]
security_groups = ["sg-0a1b2c3d"]
endpoints = true
route_tables = ["rtb-0a1b2c3d"]
"""


class Deployed:
    """The use case with all its stacks and the function of the rollout stack."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stacks = world.cloud("cloudformation")
        for kind in ("image", "training", "monitoring", "endpoint"):
            self.create(kind)

    def create(self, kind: str) -> None:
        parameters = {"ModelPackageArn": {"Type": "String", "Default": ""}}
        template = {"Resources": TOPIC, **({"Parameters": parameters} if kind == "endpoint" else {})}
        self.stacks.create_stack(StackName=NAMES.stack(kind), TemplateBody=json.dumps(template))
        self.until(kind, "CREATE_COMPLETE")

    def until(self, kind: str, status: str) -> None:
        name = NAMES.stack(kind)
        eventually(lambda: self.stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == status)

    def name_package(self, package: str) -> None:
        self.stacks.update_stack(
            StackName=NAMES.stack("endpoint"),
            UsePreviousTemplate=True,
            Parameters=[{"ParameterKey": "ModelPackageArn", "ParameterValue": package}],
        )
        self.until("endpoint", "UPDATE_COMPLETE")

    def roll_back_update(self, kind: str) -> None:
        """Begin an update that fails."""
        broken = {**TOPIC, "Broken": {"Type": "AWS::SageMaker::Model", "Properties": {"ExecutionRoleArn": ""}}}
        kept = {"Parameters": {"ModelPackageArn": {"Type": "String", "Default": ""}}} if kind == "endpoint" else {}
        self.stacks.update_stack(StackName=NAMES.stack(kind), TemplateBody=json.dumps({"Resources": broken, **kept}))
        self.until(kind, "UPDATE_ROLLBACK_COMPLETE")

    def package(self, x: float) -> str:
        """A model that always returns `x`."""
        stored = archive_of({"model.json": {"x": x}, "contract.json": CONTRACT})
        key = f"pipeline/{x}/model.tar.gz"
        self.world.cloud("s3").put_object(Bucket=BUCKET, Key=key, Body=stored)
        made: str = self.world.cloud("sagemaker").create_model_package(
            ModelPackageGroupName=NAMES.package_group,
            ModelApprovalStatus="Approved",
            InferenceSpecification={
                "Containers": [{"Image": self.world.cloud.image, "ModelDataUrl": f"s3://{BUCKET}/{key}"}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )["ModelPackageArn"]
        return made

    def serve(self, x: float) -> None:
        package = self.package(x)
        self.world.serve("first", package)
        self.name_package(package)

    def smoke(self, *argv: str) -> tuple[int, list[str]]:
        code, out, _ = self.world.slipway("smoke", *argv)
        return code, out.splitlines()


@pytest.fixture
def function(world: World) -> Iterator[None]:
    """The smoke test's function, as it is deployed."""
    lambda_ = world.cloud("lambda")
    code = (PROJECT / "infra" / "rollout" / "runtime" / "smoke_test" / "index.py").read_text()
    lambda_.create_function(
        FunctionName=NAMES.smoke_test,
        Role=ROLE,
        Runtime="python3.13",
        Handler="index.handler",
        Timeout=60,
        Code={"ZipFile": _zipped(code)},
    )
    yield
    with suppress(lambda_.exceptions.ResourceNotFoundException):
        lambda_.delete_function(FunctionName=NAMES.smoke_test)


@pytest.fixture
def deployed(world: World, function: None) -> Iterator[Deployed]:
    yield Deployed(world)
    for kind in ("image", "training", "monitoring", "endpoint", "network"):
        world.cloud("cloudformation").delete_stack(StackName=NAMES.stack(kind))


def _zipped(code: str) -> bytes:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr("index.py", code)
    return stored.getvalue()


def test_an_endpoint_that_serves_is_sent_a_row_and_its_score_or_what_is_missing_for_that_is_reported(
    deployed: Deployed,
) -> None:
    deployed.serve(0.25)
    code, lines = deployed.smoke()
    assert lines[-1] == "ok      endpoint shoppers-dev is InService: the endpoint answered 0.25"
    assert len(lines) == 7
    assert code == 0
    deployed.world.cloud("lambda").delete_function(FunctionName=NAMES.smoke_test)
    code, lines = deployed.smoke()
    expected = "is InService: function shoppers-dev-smoke-test does not exist: deploy the rollout stack"
    assert lines[-1] == f"NOT ok  endpoint shoppers-dev {expected}"
    assert code == 1


def test_an_endpoint_that_serves_nothing_yet_is_in_order(deployed: Deployed) -> None:
    code, lines = deployed.smoke()
    assert lines[-1] == "ok      endpoint shoppers-dev serves nothing yet: it waits for its first approved model"
    assert code == 0


def test_an_endpoint_that_is_missing_under_a_stack_that_names_a_model_is_not_in_order(deployed: Deployed) -> None:
    package = deployed.package(0.25)
    deployed.name_package(package)
    code, lines = deployed.smoke()
    assert lines[-1].startswith(f"NOT ok  endpoint shoppers-dev does not exist, and its stack names {package}")
    assert code == 1


def test_a_stack_whose_update_was_rolled_back_is_not_in_order_and_the_next_step_is_named(deployed: Deployed) -> None:
    deployed.roll_back_update("training")
    code, lines = deployed.smoke()
    (line,) = (line for line in lines if line.startswith("NOT ok"))
    assert line.startswith("NOT ok  stack shoppers-dev-training is UPDATE_ROLLBACK_COMPLETE: ")
    assert "aws cloudformation describe-stack-events --stack-name shoppers-dev-training" in line
    assert "fix it and deploy again" in line
    assert code == 1


def test_the_endpoints_stack_rolled_back_is_in_order_if_a_rollout_did_it_and_what_served_before_responds(
    deployed: Deployed,
) -> None:
    deployed.serve(0.25)
    deployed.world.stop(deployed.world.start(deployed.package(0.75)))
    deployed.roll_back_update("endpoint")
    execution = deployed.world.start(deployed.package(0.5))
    code, lines = deployed.smoke()
    assert any(line.startswith("NOT ok  stack shoppers-dev-endpoint is UPDATE_ROLLBACK_COMPLETE") for line in lines)
    assert code == 1

    deployed.roll_back_update("endpoint")
    name = deployed.world.execution(execution)["DurableExecutionName"]
    code, lines = deployed.smoke()
    rolled_back = f"is UPDATE_ROLLBACK_COMPLETE after rollout {name}, which restores what served before"
    assert f"ok      stack shoppers-dev-endpoint {rolled_back}" in lines
    assert lines[-1] == "ok      endpoint shoppers-dev is InService: the endpoint answered 0.25"
    assert code == 0


def test_the_network_stack_is_checked_if_the_settings_have_one(
    deployed: Deployed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "shoppers.toml"
    config.write_text(CONFIG.read_text() + VPC)
    assert main(["smoke", "--config", str(config)]) == 1
    assert "NOT ok  stack shoppers-dev-network is not deployed: deploy it" in capsys.readouterr().out.splitlines()
    deployed.create("network")
    assert main(["smoke", "--config", str(config)]) == 0
    assert "ok      stack shoppers-dev-network is CREATE_COMPLETE" in capsys.readouterr().out.splitlines()


def test_without_credentials_the_error_is_one_line(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert main(["smoke", "--config", str(CONFIG)]) == 1
    out, err = capsys.readouterr()
    assert err.startswith("slipway: AWS credentials are needed")
    assert err.count("\n") == 1
    assert out == ""
