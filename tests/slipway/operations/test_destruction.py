"""`slipway destroy` on the embedded AWS, which refuses full buckets and groups with packages as AWS does."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from slipway.cli.main import main
from slipway.operations.aws_errors import RefusedError
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.destruction import Destruction
from slipway.settings import load_settings
from slipway.settings.names import COST_TAG, Names
from tests.archives import archive_of
from tests.durable_code import archive_of_code
from tests.rehearsal.cloud.process import CloudProcess, eventually
from tests.slipway.operations.conftest import CONFIG, ROLE

pytestmark = pytest.mark.usefixtures("environment")

BAKE_SECONDS = 240


def storage(names: Names, policy: str) -> dict[str, Any]:
    tags = [{"Key": COST_TAG, "Value": names.prefix}]
    versioned = {"VersioningConfiguration": {"Status": "Enabled"}, "Tags": tags}
    bucket = {"Type": "AWS::S3::Bucket", "Properties": versioned, "DeletionPolicy": policy}
    key_policy = {"Version": "2012-10-17", "Statement": []}
    key = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": key_policy, "Tags": tags}, "DeletionPolicy": policy}
    return {
        "Resources": {"Artifacts": bucket, "AccessLogs": bucket, "Key": key},
        "Outputs": {"Name": {"Value": {"Ref": "Artifacts"}, "Export": {"Name": f"{names.prefix}-artifacts"}}},
    }


def training(names: Names, policy: str) -> dict[str, Any]:
    """Imports a bucket's name, so that it has to go before the bucket."""
    group = {"ModelPackageGroupName": names.package_group}
    topic = {"DisplayName": {"Fn::ImportValue": f"{names.prefix}-artifacts"}}
    return {
        "Resources": {
            "Group": {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": group, "DeletionPolicy": policy},
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": topic},
        }
    }


WAITING = """
from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.config import Duration


@durable_execution
def handler(event, context):
    context.wait(Duration.from_seconds(36_000))
"""


def rollout(names: Names, bucket: str) -> dict[str, Any]:
    function = {
        "FunctionName": names.rollout_function,
        "Code": {"S3Bucket": bucket, "S3Key": "code.zip"},
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Role": ROLE,
        "DurableConfig": {"ExecutionTimeout": 86_400},
    }
    return {
        "Resources": {
            "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
            "Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}},
        },
        "Outputs": {"FunctionName": {"Value": {"Ref": "Function"}}},
    }


def endpoint(names: Names, package: str) -> dict[str, Any]:
    tags = [{"Key": "slipway:endpoint", "Value": names.endpoint}]
    kept = {"UpdateReplacePolicy": "Retain", "DeletionPolicy": "Delete"}
    variant = {
        "VariantName": "primary",
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InitialInstanceCount": 2,
        "InstanceType": "ml.m5.large",
        "InitialVariantWeight": 1,
    }
    canary = {"Type": "CANARY", "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50}}
    routing = {**canary, "WaitIntervalInSeconds": BAKE_SECONDS}
    model = {"Containers": [{"ModelPackageName": package}], "ExecutionRoleArn": ROLE, "Tags": tags}
    return {
        "Resources": {
            "Model": {"Type": "AWS::SageMaker::Model", "Properties": model, **kept},
            "Config": {
                "Type": "AWS::SageMaker::EndpointConfig",
                "Properties": {"ProductionVariants": [variant], "Tags": tags},
                **kept,
            },
            "Endpoint": {
                "Type": "AWS::SageMaker::Endpoint",
                "Properties": {
                    "EndpointName": names.endpoint,
                    "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
                    "DeploymentConfig": {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}},
                },
            },
        }
    }


@dataclass
class Stage:
    """A deployed use case, and what a person does with it."""

    cloud: CloudProcess
    config: Path
    names: Names
    capsys: pytest.CaptureFixture[str]
    bucket: str = ""

    def deploy(self, kind: str, template: dict[str, Any], *, wait: bool = True) -> None:
        cloudformation, name = self.cloud("cloudformation"), self.names.stack(kind)
        known = name in self.stacks()
        act = cloudformation.update_stack if known else cloudformation.create_stack
        act(StackName=name, TemplateBody=json.dumps(template))
        if wait:
            self.settled(name)

    def settled(self, name: str) -> None:
        def status() -> str:
            return str(self.cloud("cloudformation").describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])

        eventually(lambda: not status().endswith("_IN_PROGRESS"), seconds=60)
        assert status() in ("CREATE_COMPLETE", "UPDATE_COMPLETE")

    def stacks(self) -> set[str]:
        found = self.cloud("cloudformation").describe_stacks()["Stacks"]
        return {each["StackName"] for each in found if each["StackName"].startswith(self.names.prefix)}

    def package(self) -> str:
        self.cloud("s3").put_object(Bucket=self.bucket, Key="m.tar.gz", Body=archive_of({"model.json": {"x": 0.25}}))
        arn: str = self.cloud("sagemaker").create_model_package(
            ModelPackageGroupName=self.names.package_group,
            ModelApprovalStatus="Approved",
            InferenceSpecification={
                "Containers": [{"Image": self.cloud.image, "ModelDataUrl": f"s3://{self.bucket}/m.tar.gz"}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )["ModelPackageArn"]
        return arn

    def packages(self) -> int:
        sagemaker, group = self.cloud("sagemaker"), self.names.package_group
        return len(sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"])

    def slipway(self, *argv: str) -> tuple[int, dict[str, Any], str]:
        code = main(["destroy", "--config", str(self.config), "--json", *argv])
        out, err = self.capsys.readouterr()
        return code, json.loads(out or "{}"), err


@pytest.fixture
def stage(cloud: CloudProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Stage]:
    """Deploy the stacks with data, and put something into each; two versions and a delete marker in a bucket."""

    def make(name: str, *, keep: bool) -> Stage:
        config = tmp_path / f"{name}.toml"
        config.write_text(
            CONFIG.read_text()
            .replace('name = "shoppers"', f'name = "{name}"')
            .replace("keep_data = false", f"keep_data = {str(keep).lower()}")
        )
        made, policy = Stage(cloud, config, Names(name, "dev"), capsys), "Retain" if keep else "Delete"
        made.deploy("storage", storage(made.names, policy))
        made.deploy("training", training(made.names, policy))
        described = cloud("cloudformation").describe_stacks(StackName=made.names.stack("storage"))["Stacks"][0]
        made.bucket = described["Outputs"][0]["OutputValue"]
        code = archive_of_code({"index.py": WAITING})
        cloud("s3").create_bucket(Bucket=f"code-{name}")
        cloud("s3").put_object(Bucket=f"code-{name}", Key="code.zip", Body=code)
        made.deploy("rollout", rollout(made.names, f"code-{name}"))
        for body in (b"1" * 1000, b"2" * 1000):
            cloud("s3").put_object(Bucket=made.bucket, Key="data/table.csv", Body=body)
        cloud("s3").delete_object(Bucket=made.bucket, Key="data/table.csv")
        return made

    return make


def ours(stage: Stage) -> list[str]:
    """Models and endpoint configs in the account."""
    sagemaker = stage.cloud("sagemaker")
    configs = sagemaker.list_endpoint_configs(NameContains=stage.names.prefix)["EndpointConfigs"]
    models = sagemaker.list_models(NameContains=stage.names.prefix)["Models"]
    return [*(each["EndpointConfigName"] for each in configs), *(each["ModelName"] for each in models)]


def test_a_stage_that_keeps_nothing_is_ended_whole_though_the_first_run_was_interrupted(
    stage: Callable[..., Stage],
) -> None:
    made = stage("ending", keep=False)
    made.deploy("endpoint", endpoint(made.names, made.package()))
    made.deploy("endpoint", endpoint(made.names, made.package()), wait=False)
    code, _, err = made.slipway("--yes")
    assert (code, "is UPDATE_IN_PROGRESS: wait for its end, or abort a rollout" in err) == (1, True)
    made.settled(made.names.stack("endpoint"))
    started = made.cloud("lambda").invoke(
        FunctionName=made.names.rollout_function, Qualifier="1", InvocationType="Event", Payload=b"{}"
    )
    assert len(ours(made)) == 4, "the config and the model of before are retained"

    before = made.stacks()
    code, dry, _ = made.slipway("--dry-run")
    assert code == 0
    assert made.stacks() == before
    assert f"stop execution {started['DurableExecutionArn']}" in dry["would"]
    assert f"empty bucket {made.bucket}: 5 versions, 0.000 GB" in dry["would"]
    assert [each.split()[-1] for each in dry["would"] if each.startswith("delete stack")] == [
        made.names.stack(kind) for kind in ("endpoint", "rollout", "training", "storage")
    ]

    settings = load_settings(made.config, "dev")

    def interrupt(what: str) -> None:
        if what.startswith("delete stack") and "training" in what:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Destruction(DeployedStage(settings)).run(interrupt)
    assert made.stacks() == {made.names.stack("training"), made.names.stack("storage")}

    code, done, _ = made.slipway("--yes")
    assert code == 0
    assert made.stacks() == set()
    assert ours(made) == []
    assert made.bucket not in {each["Name"] for each in made.cloud("s3").list_buckets()["Buckets"]}
    assert made.cloud("ssm").get_parameters(Names=[made.names.pause_parameter])["Parameters"] == []
    groups = made.cloud("sagemaker").list_model_package_groups(NameContains=made.names.prefix)
    assert groups["ModelPackageGroupSummaryList"] == []
    (key,) = done["stays"]
    assert ("PendingDeletion" in key["what"], done["dollars_a_month"]) == (True, 0)
    assert made.slipway("--yes")[1]["done"] == []


def test_a_stage_that_keeps_its_data_keeps_packages_too_and_lists_their_cost(stage: Callable[..., Stage]) -> None:
    made = stage("keeping", keep=True)
    made.package()
    code, done, _ = made.slipway("--yes")
    assert code == 0
    assert made.stacks() == set()
    assert made.packages() == 1
    assert made.cloud("s3").get_object(Bucket=made.bucket, Key="m.tar.gz")["Body"].read()
    stays = {line["what"].split()[0]: line for line in done["stays"]}
    assert stays["model"]["quantity"] == 1
    assert stays["KMS"]["dollars"] == 1.0
    bucket = next(line for line in done["stays"] if made.bucket in line["what"])
    assert bucket["quantity"] > 2000 / 1e9, "every version is paid for"
    assert done["dollars_a_month"] == pytest.approx(sum(line["dollars"] for line in done["stays"]), abs=1e-6)


def test_nothing_is_destroyed_unasked_or_against_the_settings_and_no_bucket_that_holds_a_version(
    stage: Callable[..., Stage],
) -> None:
    made = stage("torn", keep=False)
    code, _, err = made.slipway()
    assert (code, "add --yes" in err) == (2, True)

    made.config.write_text(made.config.read_text().replace("keep_data = false", "keep_data = true"))
    settings = load_settings(made.config, "dev")
    with pytest.raises(RefusedError, match=r"torn-dev-training deletes Group .* keep_data is true in the settings"):
        Destruction(DeployedStage(settings)).planned()
    made.config.write_text(made.config.read_text().replace("keep_data = true", "keep_data = false"))
    assert len(made.stacks()) == 3

    cloudformation, name = made.cloud("cloudformation"), made.names.stack("storage")
    for kind in ("training", "storage"):
        stack = cloudformation.describe_stacks(StackName=made.names.stack(kind))["Stacks"][0]["StackId"]
        cloudformation.delete_stack(StackName=stack)
        eventually(
            lambda s=stack: (
                not cloudformation.describe_stacks(StackName=s)["Stacks"][0]["StackStatus"].endswith("IN_PROGRESS")
            )
        )
    assert cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "DELETE_FAILED"
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    reasons = [each.get("ResourceStatusReason", "") for each in events]
    assert any("The bucket you tried to delete is not empty (Service: S3, Status Code: 409" in each for each in reasons)
    assert made.slipway("--yes")[0] == 0
