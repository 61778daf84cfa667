"""a deployed use case: stacks, model package group, state machine, endpoint; in the embedded AWS."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.rollout.hold import HOLD, hold_states
from slipway.cli.main import main
from slipway.metrics import decision_namespace
from slipway.rollout.pause import WAY_BACK
from slipway.settings.names import Names
from tests.archives import archive_of
from tests.rehearsal.cloud.process import (
    PROJECT,
    CloudProcess,
    build_image,
    end_cloud,
    eventually,
    start_cloud,
    write_steps,
)

NAMES = Names("shoppers", "dev")
CONFIG = PROJECT / "config" / "shoppers.toml"
ROLE = "arn:aws:iam::000000000000:role/any"
BUCKET = "artifacts"
PROVENANCE = {
    "commit": "baaed3c",
    "data_sha256": "d" * 64,
    "image": "registry/steps:built",
    "pipeline_execution_arn": "arn:aws:sagemaker:us-east-1:000000000000:pipeline/shoppers-dev/execution/e1",
    "training_job": "pipelines-e1-Tune",
    "gate_metric": "auc",
    "gate_value": "0.9312",
}


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudProcess]:
    steps = write_steps(tmp_path_factory.mktemp("steps"))
    started = start_cloud(tmp_path_factory.mktemp("cloud"), steps, "--speed", "60")
    started.image = build_image(started, steps)
    yield started
    assert end_cloud(started) == 0


def machine_definition() -> dict[str, Any]:
    """The real hold in front of an update that never ends by itself."""
    fail = {"Type": "Fail", "Error": "Refused", "CausePath": "$.failure.reason"}
    judged = {"verdict": 0, "sentence": "11 of 900 errors against 10 of 2,700: too early to say"}
    return {
        "StartAt": HOLD,
        "States": {
            **hold_states(parameter_name=NAMES.hold_parameter, then="Judge", refused="Refused"),
            "Judge": {"Type": "Pass", "Result": judged, "ResultPath": "$.judged", "Next": "WaitForUpdate"},
            "WaitForUpdate": {"Type": "Wait", "Seconds": 36_000, "Next": "Promoted"},
            "Refused": fail,
            "Promoted": {"Type": "Succeed"},
        },
    }


def number(package: str) -> str:
    return package.rsplit("/", 1)[-1]


@dataclass
class World:
    """What the tests find there, and how they change it."""

    cloud: CloudProcess
    machine: str
    capsys: pytest.CaptureFixture[str]

    def slipway(self, *argv: str) -> tuple[int, str, str]:
        code = main([*argv, "--config", str(CONFIG)])
        return code, *self.capsys.readouterr()

    def json(self, *argv: str) -> Any:
        code, out, err = self.slipway(*argv, "--json")
        assert code == 0, err
        return json.loads(out)

    def entries(self) -> list[dict[str, Any]]:
        s3 = self.cloud("s3")
        keys = [found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET, Prefix="audit/").get("Contents", ())]
        return [json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()) for key in sorted(keys)]

    def package(self, approval: str = "PendingManualApproval", *, image: str = "") -> str:
        arn: str = self.cloud("sagemaker").create_model_package(
            ModelPackageGroupName=NAMES.package_group,
            ModelApprovalStatus=approval,
            CustomerMetadataProperties=PROVENANCE,
            InferenceSpecification={
                "Containers": [{"Image": image or self.cloud.image, "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )["ModelPackageArn"]
        return arn

    def start(self, package: str) -> str:
        return self._start({"ModelPackageArn": package})

    def start_way_back(self, package: str) -> str:
        """As the rejection of what serves starts it."""
        return self._start({"ModelPackageArn": package, "GoesBack": True}, name=f"{WAY_BACK}{time.time_ns()}")

    def _start(self, given: dict[str, Any], **more: str) -> str:
        arn: str = self.cloud("stepfunctions").start_execution(
            stateMachineArn=self.machine, input=json.dumps(given), **more
        )["executionArn"]
        return arn

    def execution(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = self.cloud("stepfunctions").describe_execution(executionArn=arn)
        return found

    def hold(self, value: str) -> None:
        self.cloud("ssm").put_parameter(Name=NAMES.hold_parameter, Value=value, Type="String", Overwrite=True)

    def hold_value(self) -> str:
        value: str = self.cloud("ssm").get_parameter(Name=NAMES.hold_parameter)["Parameter"]["Value"]
        return value

    def at(self, execution: str, state: str) -> None:
        """Wait until an execution is in `state`."""
        states = self.cloud("stepfunctions")

        def entered() -> bool:
            history = states.get_execution_history(executionArn=execution, reverseOrder=True)["events"]
            names = (e["stateEnteredEventDetails"]["name"] for e in history if "stateEnteredEventDetails" in e)
            return bool(next(names, None) == state)

        eventually(entered)

    def config(self, name: str, package: str, *, verdict_alarm: bool = True) -> list[str]:
        """An endpoint config for `package`, and the alarms of its fleet."""
        sagemaker = self.cloud("sagemaker")
        sagemaker.create_model(
            ModelName=f"model-{name}", Containers=[{"ModelPackageName": package}], ExecutionRoleArn=ROLE
        )
        variant = {
            "VariantName": "primary",
            "ModelName": f"model-{name}",
            "InitialInstanceCount": 2,
            "InstanceType": "ml.m5.large",
            "InitialVariantWeight": 1.0,
        }
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        kind, namespace, metric = (
            ("CanaryDecision", decision_namespace(NAMES.endpoint), "CanaryDecision")
            if verdict_alarm
            else ("ServerErrors", "AWS/SageMaker", "Invocation5XXErrors")
        )
        dimensions = {"EndpointName": NAMES.endpoint, "EndpointConfigName": name}
        self.cloud("cloudwatch").put_metric_alarm(
            AlarmName=f"{name}-{kind}",
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=2,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
        )
        return [f"{name}-{kind}"]

    def serve(self, name: str, package: str) -> None:
        self.config(name, package)
        self.cloud("sagemaker").create_endpoint(EndpointName=NAMES.endpoint, EndpointConfigName=name)
        self.in_service()

    def update(self, name: str, alarms: list[str], *, bake_seconds: int = 3600) -> None:
        """Begin a canary, and wait until it bakes."""
        routing = {
            "Type": "CANARY",
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
            "WaitIntervalInSeconds": bake_seconds,
        }
        deployment: dict[str, Any] = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}
        if alarms:
            deployment["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": alarm} for alarm in alarms]}
        self.cloud("sagemaker").update_endpoint(
            EndpointName=NAMES.endpoint, EndpointConfigName=name, DeploymentConfig=deployment
        )
        eventually(lambda: "Baking" in json.dumps(self.endpoint().get("PendingDeploymentSummary", {}), default=str))

    def until_ended(self, pipeline_execution: str) -> None:
        sagemaker = self.cloud("sagemaker")

        def status() -> str:
            found: str = sagemaker.describe_pipeline_execution(PipelineExecutionArn=pipeline_execution)[
                "PipelineExecutionStatus"
            ]
            return found

        eventually(lambda: status() not in ("Executing", "Stopping"), seconds=60)
        assert status() == "Succeeded"

    def endpoint(self) -> dict[str, Any]:
        found: dict[str, Any] = self.cloud("sagemaker").describe_endpoint(EndpointName=NAMES.endpoint)
        return found

    def in_service(self) -> None:
        eventually(lambda: self.endpoint()["EndpointStatus"] == "InService", seconds=60)


@pytest.fixture
def environment(cloud: CloudProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What an operator's shell would hold."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ENDPOINT_URL": cloud.endpoint_url,
        **cloud.key.environment,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def world(cloud: CloudProcess, environment: None, capsys: pytest.CaptureFixture[str]) -> Iterator[World]:
    """A deployed use case, with everything left by the test before taken away."""
    machine = _deploy(cloud)
    yield World(cloud, machine, capsys)
    _take_away(cloud, machine)


def _deploy(cloud: CloudProcess) -> str:
    cloud("s3").create_bucket(Bucket=BUCKET)
    cloud("s3").put_object(Bucket=BUCKET, Key="model.tar.gz", Body=archive_of({"model.json": {"x": 0.25}}))
    cloud("sagemaker").create_model_package_group(ModelPackageGroupName=NAMES.package_group)
    machine: str = cloud("stepfunctions").create_state_machine(
        name=NAMES.state_machine, definition=json.dumps(machine_definition()), roleArn=ROLE
    )["stateMachineArn"]
    for kind, outputs in {"storage": {"ArtifactsBucketName": BUCKET}, "rollout": {"StateMachineArn": machine}}.items():
        template = {
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
            "Outputs": {name: {"Value": value} for name, value in outputs.items()},
        }
        cloud("cloudformation").create_stack(StackName=NAMES.stack(kind), TemplateBody=json.dumps(template))
        _until_stack(cloud, NAMES.stack(kind), "CREATE_COMPLETE")
    return machine


def _take_away(cloud: CloudProcess, machine: str) -> None:
    states, sagemaker, s3 = cloud("stepfunctions"), cloud("sagemaker"), cloud("s3")
    for execution in states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]:
        states.stop_execution(executionArn=execution["executionArn"])
    states.delete_state_machine(stateMachineArn=machine)
    for kind in ("storage", "rollout"):
        cloud("cloudformation").delete_stack(StackName=NAMES.stack(kind))
    for endpoint in sagemaker.list_endpoints()["Endpoints"]:
        sagemaker.delete_endpoint(EndpointName=endpoint["EndpointName"])
        eventually(lambda: not sagemaker.list_endpoints()["Endpoints"], seconds=60)
    for model in sagemaker.list_models()["Models"]:
        sagemaker.delete_model(ModelName=model["ModelName"])
    for config in sagemaker.list_endpoint_configs()["EndpointConfigs"]:
        sagemaker.delete_endpoint_config(EndpointConfigName=config["EndpointConfigName"])
    for each in sagemaker.list_model_packages(ModelPackageGroupName=NAMES.package_group)["ModelPackageSummaryList"]:
        sagemaker.delete_model_package(ModelPackageName=each["ModelPackageArn"])
    sagemaker.delete_model_package_group(ModelPackageGroupName=NAMES.package_group)
    for found in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        s3.delete_object(Bucket=BUCKET, Key=found["Key"])
    s3.delete_bucket(Bucket=BUCKET)
    for parameter in cloud("ssm").describe_parameters()["Parameters"]:
        cloud("ssm").delete_parameter(Name=parameter["Name"])
    names = [alarm["AlarmName"] for alarm in cloud("cloudwatch").describe_alarms()["MetricAlarms"]]
    cloud("cloudwatch").delete_alarms(AlarmNames=names)


def _until_stack(cloud: CloudProcess, name: str, status: str) -> None:
    def reached() -> bool:
        return bool(cloud("cloudformation").describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == status)

    eventually(reached)
