"""A deployed use case: stacks, model package group, rollout function, endpoint; in the embedded AWS."""

import functools
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.rollout.runtime.orchestrator.run import RolloutTarget
from slipway.cli.main import main
from slipway.metrics import decision_namespace
from slipway.operations.executions import listed_executions
from slipway.rollout.steps import Kind, RolloutStep
from slipway.settings.names import Names
from tests.archives import archive_of
from tests.durable_code import archive_of_code
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
    "algorithm": "xgboost",
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


FUNCTION = """
import functools, json, os, time, boto3
from aws_durable_execution_sdk_python import durable_execution
from orchestrator.durable import DurableSteps
from orchestrator.lock import Lock
from orchestrator.pause import Pause
from orchestrator.run import Rejection, RolloutRequest, RolloutTarget, Run
from slipway.rollout.steps import Kind, RolloutStep

client = functools.cache(boto3.client)


@durable_execution
def handler(event, context):
    steps = DurableSteps(context)
    request = RolloutRequest(event["ModelPackageArn"], Kind(event.get("Kind", "approval")))
    run = Run(RolloutTarget(**json.loads(os.environ["ROLLOUT"])), request, steps, client, time.time)
    lock = Lock(run)
    try:
        lock.take()
        while Pause(run, lock).wait():
            lock.take()
    except Rejection as exc:
        return {"outcome": "rejected", "reason": exc.reason, "by": exc.by}
    steps.wait(RolloutStep.WATCH, 36_000)
    lock.release()
    return {"outcome": "promoted", "reason": "", "by": ""}
"""
"""The real lock and the real pause in front of an update that never ends by itself."""


def number(package: str) -> str:
    return package.rsplit("/", 1)[-1]


@dataclass
class World:
    """What the tests find there, and how they change it."""

    cloud: CloudProcess
    function: str
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

    def package(self, approval: str = "PendingManualApproval", *, image: str = "", **provenance: str) -> str:
        arn: str = self.cloud("sagemaker").create_model_package(
            ModelPackageGroupName=NAMES.package_group,
            ModelApprovalStatus=approval,
            CustomerMetadataProperties={**PROVENANCE, **provenance},
            InferenceSpecification={
                "Containers": [{"Image": image or self.cloud.image, "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )["ModelPackageArn"]
        return arn

    def start(self, package: str, kind: Kind = Kind.APPROVAL) -> str:
        arn: str = self.cloud("lambda").invoke(
            FunctionName=self.function,
            Qualifier="live",
            InvocationType="Event",
            Payload=json.dumps({"ModelPackageArn": package, "Kind": kind}).encode(),
        )["DurableExecutionArn"]
        return arn

    def stop(self, execution: str, reason: str = "by hand") -> None:
        error = {"ErrorType": "Stopped", "ErrorMessage": reason}
        self.cloud("lambda").stop_durable_execution(DurableExecutionArn=execution, Error=error)

    def execution(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = self.cloud("lambda").get_durable_execution(DurableExecutionArn=arn)
        return found

    def pause(self, value: str) -> None:
        self.cloud("ssm").put_parameter(Name=NAMES.pause_parameter, Value=value, Type="String", Overwrite=True)

    def pause_value(self) -> str:
        value: str = self.cloud("ssm").get_parameter(Name=NAMES.pause_parameter)["Parameter"]["Value"]
        return value

    def at(self, execution: str, step: RolloutStep) -> None:
        """Wait until an execution does `step`."""
        functions = self.cloud("lambda")

        def reached() -> bool:
            history = functions.get_durable_execution_history(DurableExecutionArn=execution, ReverseOrder=True)
            return next((e["Name"] for e in history["Events"] if e.get("Name")), None) == step

        eventually(reached)

    def config(self, name: str, package: str) -> list[str]:
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
        dimensions = {"EndpointName": NAMES.endpoint, "EndpointConfigName": name}
        self.cloud("cloudwatch").put_metric_alarm(
            AlarmName=f"{name}-CanaryDecision",
            Namespace=decision_namespace(NAMES.endpoint),
            MetricName="CanaryDecision",
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=2,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
        )
        return [f"{name}-CanaryDecision"]

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
    """The environment of an operator's shell."""
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
    function = _deploy(cloud)
    yield World(cloud, function, capsys)
    _take_away(cloud, function)


def _deploy(cloud: CloudProcess) -> str:
    cloud("s3").create_bucket(Bucket=BUCKET)
    cloud("s3").put_object(Bucket=BUCKET, Key="model.tar.gz", Body=archive_of({"model.json": {"x": 0.25}}))
    cloud("sagemaker").create_model_package_group(ModelPackageGroupName=NAMES.package_group)
    function = f"{NAMES.rollout_function}-{time.time_ns()}"
    _make_function(cloud, function)
    for kind, outputs in {"storage": {"ArtifactsBucketName": BUCKET}, "rollout": {"FunctionName": function}}.items():
        template = {
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
            "Outputs": {name: {"Value": value} for name, value in outputs.items()},
        }
        cloud("cloudformation").create_stack(StackName=NAMES.stack(kind), TemplateBody=json.dumps(template))
        _until_stack(cloud, NAMES.stack(kind), "CREATE_COMPLETE")
    return function


@functools.cache
def _code() -> bytes:
    return archive_of_code({"index.py": FUNCTION}, rolls_out=True)


def _make_function(cloud: CloudProcess, name: str) -> None:
    target = RolloutTarget(
        endpoint=NAMES.endpoint,
        stack=NAMES.stack("endpoint"),
        package_group=NAMES.package_group,
        function=name,
        bucket=BUCKET,
        queue_key=NAMES.queue_key,
        pause_parameter=NAMES.pause_parameter,
        smoke_test="",
        audit="",
        topic="",
        gate_job={},
    )
    functions = cloud("lambda")
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="index.handler",
        Role=ROLE,
        Code={"ZipFile": _code()},
        Environment={"Variables": {"ROLLOUT": json.dumps(asdict(target))}},
        Timeout=60,
        DurableConfig={"ExecutionTimeout": 14 * 86_400, "RetentionPeriodInDays": 7},
    )
    version = functions.publish_version(FunctionName=name)["Version"]
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion=version)


def _take_away(cloud: CloudProcess, function: str) -> None:
    functions, sagemaker, s3 = cloud("lambda"), cloud("sagemaker"), cloud("s3")
    for execution in listed_executions(functions, function, Statuses=["RUNNING"]):
        functions.stop_durable_execution(DurableExecutionArn=execution["DurableExecutionArn"])
    functions.delete_function(FunctionName=function)
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
