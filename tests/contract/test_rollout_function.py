"""The rollout's function and those that it calls on the embedded AWS: real servers, users, metrics and alarms.

A report against Terraform's provider is repeated here: `UpdateEndpoint` may end InService on the old configuration, and
who takes that for a success deletes the configuration in use
(https://github.com/hashicorp/terraform-provider-aws/issues/48997).
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from infra.rollout.audit import AuditFunction
from infra.rollout.canary_analysis import CanaryAnalysisFunction
from infra.rollout.durable_function import DurableFunction
from infra.rollout.runtime.orchestrator.run import RolloutTarget
from infra.rollout.runtime.orchestrator.schedule import START, STOP
from infra.rollout.smoke_test import SmokeTest
from infra.shared.python_function import PythonFunction
from infra.shared.tags import ENDPOINT_TAG
from rehearsal.endpoints.load_generator import LoadGenerator
from slipway.metrics import decision_namespace
from slipway.operations.executions import listed_executions
from slipway.rollout.steps import ALIAS
from slipway.settings import Settings, load_settings
from slipway.training.registration import GATE_PROPERTIES
from tests.archives import archive_of
from tests.endpoint_template import CONFIG_NAME, endpoint_template
from tests.rehearsal.cloud.process import CloudProcess, eventually

pytestmark = pytest.mark.e2e

ROLE = "arn:aws:iam::000000000000:role/rollout"
ACCOUNT = "arn:aws:{}:us-east-1:000000000000:"
BUCKET, GROUP = "artifacts", "shoppers-dev"
STACK, ENDPOINT = "shoppers-dev-endpoint", "shoppers-dev"
BAKE_SECONDS, FINAL_SECONDS = 420, 60
LONGEST_SECONDS = 9900
"""Of an update: the function polls it every half second of ours."""
CLOUD_OPTIONS = ("--speed", "60")
CONTRACT = {
    "columns": [{"name": "x", "kind": "number", "min": 0.0, "max": 1.0}],
    "output": {"name": "score"},
}


@pytest.fixture(scope="module")
def settings() -> Settings:
    """A canary analysis that needs a hundred requests to decide on a healthy or a broken fleet."""
    loaded = load_settings(Path(__file__).parents[2] / "config" / "shoppers.toml", "dev")
    analysis = {
        "enabled": True,
        "scores": False,
        "min_requests": 60,
        "error_tolerance": 0.1,
        "latency_noise": 9.0,
        "latency_tolerance": 90.0,
        "decide_seconds": 90,
    }
    rollout = loaded.rollout.model_dump() | {"bake_seconds": BAKE_SECONDS, "canary_analysis": analysis}
    return Settings.model_validate(loaded.model_dump() | {"rollout": rollout})


def target(settings: Settings, image: str) -> RolloutTarget:
    functions = ACCOUNT.format("lambda") + "function:"
    names = settings.names
    return RolloutTarget(
        endpoint=ENDPOINT,
        stack=STACK,
        package_group=GROUP,
        function=f"{functions}{names.rollout_function}:live",
        bucket=BUCKET,
        queue_key=names.queue_key,
        pause_parameter=names.pause_parameter,
        smoke_test=f"{functions}smoke",
        audit=f"{functions}audit",
        topic=ACCOUNT.format("sns") + "notices",
        timeout_seconds=LONGEST_SECONDS,
        canary_analysis=f"{functions}analysis:1",
        gate_job={
            "name_prefix": "shoppers-dev-gates",
            "properties": GATE_PROPERTIES,
            "output_uri": f"s3://{BUCKET}/replay",
            "kms_key_arn": "arn:aws:kms:us-east-1:000000000000:key/1",
            "cluster": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30},
            "max_runtime_seconds": 3600,
            "image_uri": image,
            "arguments": ["--max-requests=100"],
            "role_arn": ROLE,
            "tags": [],
            "vpc_config": None,
        },
    )


@pytest.fixture(scope="module")
def functions(cloud: CloudProcess, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return deployed(cloud, settings, target(settings, cloud.image), tmp_path_factory.mktemp("cdk.out"))


def deployed(cloud: CloudProcess, settings: Settings, target: RolloutTarget, outdir: Path) -> dict[str, str]:
    """The functions as `cdk deploy` would upload them; ARNs by name."""
    app = cdk.App(outdir=str(outdir), analytics_reporting=False, builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "Functions")
    bucket = s3.Bucket.from_bucket_name(stack, "Artifacts", BUCKET)
    made: dict[str, PythonFunction] = {
        settings.names.rollout_function: DurableFunction(
            stack,
            "Rollout",
            name=settings.names.rollout_function,
            handler="handler",
            description="Rolls out",
            target=target,
            longest_days=14,
            statements=[],
        ),
        settings.names.schedule_function: DurableFunction(
            stack,
            "Schedule",
            name=settings.names.schedule_function,
            handler="schedule",
            description="Stops and starts",
            target=replace(target, stopped_parameter=settings.names.stopped_parameter),
            longest_days=1,
            statements=[],
        ),
        "analysis": CanaryAnalysisFunction(stack, "Analysis", settings=settings, artifacts_bucket=bucket),
        "smoke": SmokeTest(stack, "SmokeTest", settings=settings, artifacts_bucket=bucket),
        "audit": AuditFunction(stack, "Audit", names=settings.names, artifacts_bucket=bucket),
    }
    return uploaded(cloud, stack, made, outdir)


def uploaded(
    cloud: CloudProcess,
    stack: cdk.Stack,
    made: Mapping[str, PythonFunction],
    outdir: Path,
    variables: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The stack's functions in the embedded AWS, durable ones with their alias, and `variables` beside their own."""
    resources = Template.from_stack(stack).to_json()["Resources"]
    found = {}
    for name, function in made.items():
        described = resources[stack.get_logical_id(cast("cdk.CfnElement", function.node.default_child))]["Properties"]
        own = described.get("Environment", {}).get("Variables", {})
        folder = outdir / f"asset.{described['Code']['S3Key'].removesuffix('.zip')}"
        found[name] = cloud("lambda").create_function(
            FunctionName=name,
            Role=ROLE,
            Runtime=described["Runtime"],
            Handler=described["Handler"],
            Timeout=described["Timeout"],
            Environment={"Variables": {**own, **(variables or {})}},
            Code={"ZipFile": _zipped(folder)},
            **({"DurableConfig": described["DurableConfig"]} if "DurableConfig" in described else {}),
        )["FunctionArn"]
        version = cloud("lambda").publish_version(FunctionName=name)["Version"]
        if "DurableConfig" in described:
            cloud("lambda").create_alias(FunctionName=name, Name=ALIAS, FunctionVersion=version)
    return found


def _zipped(folder: Path) -> bytes:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        for path in sorted(folder.rglob("*.py")):
            archive.write(path, path.relative_to(folder))
    return stored.getvalue()


def template(**given: Any) -> str:
    """The endpoint stack in small: only the canary analysis's alarm can roll back."""
    dimensions = {"EndpointName": ENDPOINT, "EndpointConfigName": CONFIG_NAME}
    alarm = {
        "AlarmName": "CanaryDecision",
        "Namespace": decision_namespace(ENDPOINT),
        "MetricName": "CanaryDecision",
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        "Statistic": "Maximum",
        "Threshold": 2,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    }
    return endpoint_template(
        endpoint=ENDPOINT,
        role=ROLE,
        alarm=alarm,
        canary_percent=50,
        bake_seconds=BAKE_SECONDS,
        final_seconds=FINAL_SECONDS,
        tags={kept: {ENDPOINT_TAG: ENDPOINT} for kept in ("Model", "EndpointConfig")},
        **given,
    )


class Launch:
    """The account with everything deployed, and what one does in it."""

    def __init__(self, cloud: CloudProcess, functions: dict[str, str], settings: Settings, **given: Any) -> None:
        """`given` goes to the endpoint's template."""
        self.cloud, self.settings, self.image = cloud, settings, cloud.image
        cloud("s3").create_bucket(Bucket=BUCKET)
        cloud("sagemaker").create_model_package_group(ModelPackageGroupName=GROUP)
        cloud("cloudformation").create_stack(StackName=STACK, TemplateBody=template(**given))
        eventually(lambda: self.stack()["StackStatus"] == "CREATE_COMPLETE")
        topic = cloud("sns").create_topic(Name="notices")["TopicArn"]
        self.queue = cloud("sqs").create_queue(QueueName="received")["QueueUrl"]
        arn = cloud("sqs").get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        cloud("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"])
        self.function = settings.names.rollout_function
        assert self.function in functions

    def listen(self) -> None:
        """As the deployed rule does: every decision in the registry starts an execution."""
        events = self.cloud("events")
        statuses = {"ModelPackageGroupName": [GROUP], "ModelApprovalStatus": ["Approved", "Rejected"]}
        pattern = {"source": ["aws.sagemaker"], "detail-type": ["SageMaker Model Package State Change"]}
        events.put_rule(Name="decided", EventPattern=json.dumps({**pattern, "detail": statuses}))
        names = {name: f"$.detail.{name}" for name in ("ModelPackageArn", "ModelApprovalStatus")}
        names["DecidedAt"] = "$.time"
        given = "{" + ",".join(f'"{name}":<{name}>' for name in names) + "}"
        transformer = {"InputPathsMap": names, "InputTemplate": given}
        alias = self.cloud("lambda").get_alias(FunctionName=self.function, Name="live")["AliasArn"]
        events.put_targets(Rule="decided", Targets=[{"Id": "rollout", "Arn": alias, "InputTransformer": transformer}])

    def package(self, x: float, *, image: str = "") -> str:
        """A model that always answers `x`."""
        stored = archive_of({"model.json": {"x": x}, "contract.json": CONTRACT})
        key = f"pipeline/{x}/model.tar.gz"
        self.cloud("s3").put_object(Bucket=BUCKET, Key=key, Body=stored)
        arn: str = self.cloud("sagemaker").create_model_package(
            ModelPackageGroupName=GROUP,
            ModelApprovalStatus="PendingManualApproval",
            InferenceSpecification={
                "Containers": [{"Image": image or self.image, "ModelDataUrl": f"s3://{BUCKET}/{key}"}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )["ModelPackageArn"]
        return arn

    def decide(self, package: str, status: str) -> None:
        self.cloud("sagemaker").update_model_package(ModelPackageArn=package, ModelApprovalStatus=status)

    def rolled_out(self, package: str, *, seconds: float = 90) -> dict[str, Any]:
        """Approve and wait for the end of the execution that the approval started."""
        self.decide(package, "Approved")
        return self.ended(eventually(lambda: self.executions(package, "Approved"))[0], seconds=seconds)

    def executions(self, package: str, status: str) -> list[str]:
        """Newest first."""
        functions = self.cloud("lambda")
        listed = list(listed_executions(functions, self.function))
        arns = [each["DurableExecutionArn"] for each in sorted(listed, key=lambda each: each["StartTimestamp"])]
        given = {
            arn: json.loads(functions.get_durable_execution(DurableExecutionArn=arn)["InputPayload"]) for arn in arns
        }
        wanted = (package, status)
        return [
            arn
            for arn, payload in reversed(given.items())
            if (payload["ModelPackageArn"], payload.get("ModelApprovalStatus")) == wanted
        ]

    def execution(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = self.cloud("lambda").get_durable_execution(DurableExecutionArn=arn)
        return found

    def rollback(self, package: str) -> str:
        """The execution that brings `package` back."""
        return str(eventually(lambda: self.found({"ModelPackageArn": package, "Kind": "rollback"})))

    def found(self, given: dict[str, str]) -> str:
        """The execution that was started with that, or nothing."""
        functions = self.cloud("lambda")
        for each in listed_executions(functions, self.function):
            arn = str(each["DurableExecutionArn"])
            if json.loads(functions.get_durable_execution(DurableExecutionArn=arn)["InputPayload"]) == given:
                return arn
        return ""

    @contextmanager
    def no_analysis(self) -> Iterator[None]:
        """Every poll is refused meanwhile: the function may run nowhere."""
        functions = self.cloud("lambda")
        functions.put_function_concurrency(FunctionName="analysis", ReservedConcurrentExecutions=0)
        try:
            yield
        finally:
            functions.delete_function_concurrency(FunctionName="analysis")

    def ended(self, execution: str, *, seconds: float = 90) -> dict[str, Any]:
        """Its outcome, reason and by whom."""
        ended = eventually(
            lambda: (found := self.execution(execution))["Status"] != "RUNNING" and found, seconds=seconds
        )
        assert ended["Status"] == "SUCCEEDED", ended.get("Error")
        found: dict[str, Any] = json.loads(ended["Result"])
        return found

    def scheduled(self, action: str) -> dict[str, Any]:
        """Start the schedule's function as EventBridge Scheduler does, and wait for its end."""
        started = self.cloud("lambda").invoke(
            FunctionName=self.settings.names.schedule_function,
            Qualifier=ALIAS,
            InvocationType="Event",
            Payload=json.dumps({"action": action}).encode(),
        )
        return self.ended(started["DurableExecutionArn"])

    def stack(self) -> dict[str, Any]:
        found: dict[str, Any] = self.cloud("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
        return found

    def parameter(self) -> str:
        return self.parameters()["ModelPackageArn"]

    def parameters(self) -> dict[str, str]:
        return {each["ParameterKey"]: each["ParameterValue"] for each in self.stack()["Parameters"]}

    def endpoint(self) -> dict[str, Any]:
        found: dict[str, Any] = self.cloud("sagemaker").describe_endpoint(EndpointName=ENDPOINT)
        return found

    def serves(self) -> str:
        """The package behind the live config, as DescribeEndpoint and its config name it."""
        sagemaker = self.cloud("sagemaker")
        config = sagemaker.describe_endpoint_config(EndpointConfigName=self.endpoint()["EndpointConfigName"])
        model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
        return str(model["Containers"][0]["ModelPackageName"])

    def configs(self) -> set[str]:
        listed = self.cloud("sagemaker").list_endpoint_configs(NameContains=STACK)["EndpointConfigs"]
        return {each["EndpointConfigName"] for each in listed}

    def models(self) -> int:
        return len(self.cloud("sagemaker").list_models(NameContains=STACK)["Models"])

    def received(self) -> list[tuple[str, str]]:
        """Subjects and messages of the notifications since the last call."""
        found = []
        while (
            messages := self.cloud("sqs").receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages")
        ):
            for message in messages:
                body = json.loads(message["Body"])
                found.append((body["Subject"], body["Message"]))
                self.cloud("sqs").delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    def recorded(self) -> list[dict[str, Any]]:
        """The audit log."""
        client = self.cloud("s3")
        listed = client.list_objects_v2(Bucket=BUCKET, Prefix="audit/").get("Contents", [])
        return [json.loads(client.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read()) for each in listed]

    @contextmanager
    def users(self, rate: float) -> Iterator[LoadGenerator]:
        traffic = LoadGenerator(self.cloud.endpoint_url, ENDPOINT, [b"0.5\n"], "text/csv", rate, key=self.cloud.key)
        traffic.start()
        try:
            yield traffic
        finally:
            traffic.stop()


@pytest.fixture(scope="module")
def launch(cloud: CloudProcess, functions: dict[str, str], settings: Settings) -> Launch:
    made = Launch(cloud, functions, settings)
    made.listen()
    return made


@pytest.fixture(scope="module")
def live(launch: Launch) -> str:
    """The package of a first model, live."""
    package = launch.package(0.25)
    assert launch.rolled_out(package)["outcome"] == "promoted"
    assert launch.serves() == package
    return package


def test_a_good_model_is_promoted_by_the_evidence_and_what_it_replaced_is_gone(launch: Launch, live: str) -> None:
    with launch.users(120):
        better = launch.package(0.5)
        ended = launch.rolled_out(better)
    assert ended["outcome"] == "promoted", ended
    assert launch.serves() == launch.parameter() == better != live
    assert launch.configs() == {launch.endpoint()["EndpointConfigName"]}
    begun, promoted = [each for each in launch.received() if better in each[1]]
    assert begun[0] == f"{ENDPOINT}: rollout begun"
    assert promoted[0] == f"{ENDPOINT}: promoted"
    assert "promote: after" in promoted[1]
    actions = [entry["action"] for entry in launch.recorded() if entry["subject"] == better]
    assert actions[0] == "begun"
    assert {"decision", "promoted"} <= set(actions)


@pytest.mark.usefixtures("live")
def test_48997_a_silent_rollback_is_a_failure_and_the_configuration_in_use_stays(launch: Launch) -> None:
    before, config = launch.serves(), launch.endpoint()["EndpointConfigName"]
    bad = launch.package(0.75, image=f"{launch.image.rpartition(':')[0]}:fault-errors")
    with launch.users(60) as users:
        ended = launch.rolled_out(bad)
        seen = users.snapshot()
    assert ended["outcome"] == "rolled back"
    assert seen.dropped == 0

    # The analysis's metric set its alarm off, and SageMaker rolled back; to CloudFormation it was a success.
    assert "roll back: errors: " in ended["reason"]
    assert "-CanaryDecision went into ALARM" in ended["reason"]
    events = launch.cloud("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
    assert not [event for event in events if "FAILED" in event["ResourceStatus"]]

    # What serves is whole, the stack says so too, and nothing else is left.
    assert launch.serves() == launch.parameter() == before
    now = launch.endpoint()
    assert (now["EndpointStatus"], launch.configs()) == ("InService", {now["EndpointConfigName"]})
    assert now["EndpointConfigName"] != config, "the stack has made a config of its own for the old package"
    assert launch.models() == 1

    package = launch.cloud("sagemaker").describe_model_package(ModelPackageName=bad)
    assert package["ModelApprovalStatus"] == "Rejected"
    assert package["ApprovalDescription"] == ended["reason"]
    assert f"{ENDPOINT}: rolled back" in [subject for subject, _ in launch.received()]
    actions = [entry["action"] for entry in launch.recorded() if entry["subject"] == bad]
    assert actions[-1] == "rolled back"


@pytest.mark.usefixtures("live")
def test_a_new_fleet_whose_analysis_is_out_of_order_is_rolled_back(launch: Launch) -> None:
    before = launch.serves()
    with launch.users(5), launch.no_analysis():
        ended = launch.rolled_out(launch.package(0.8))
    assert ended["outcome"] == "stopped", "its package stays approved"
    assert ended["reason"].startswith("stopped: roll back: the canary analysis failed at ")
    assert launch.serves() == launch.parameter() == before


def test_rejecting_the_live_package_brings_the_one_before_it_back(launch: Launch, live: str) -> None:
    better = launch.serves()
    assert better != live
    with launch.users(120):
        launch.decide(better, "Rejected")
        rejection = eventually(lambda: launch.executions(better, "Rejected"))[0]
        assert launch.ended(rejection)["outcome"] == "rollback started"
        ended = launch.ended(launch.rollback(live))
    assert ended["outcome"] == "promoted", ended
    assert launch.serves() == launch.parameter() == live
    assert f"{ENDPOINT}: live model rejected" in [subject for subject, _ in launch.received()]


@pytest.mark.usefixtures("live")
def test_the_schedule_stops_the_endpoint_and_starts_it_with_the_package_that_it_served(launch: Launch) -> None:
    served, sagemaker = launch.serves(), launch.cloud("sagemaker")
    assert launch.scheduled(STOP)["outcome"] == "done"
    assert (sagemaker.list_endpoints()["Endpoints"], launch.parameter()) == ([], "")
    assert sagemaker.describe_model_package(ModelPackageName=served)["ModelApprovalStatus"] == "Approved"
    assert launch.scheduled(START)["outcome"] == "done"
    assert launch.serves() == launch.parameter() == served


@pytest.mark.thorough
@pytest.mark.usefixtures("live")
def test_a_stack_that_is_updated_meanwhile_changes_nothing_of_a_rollout_under_way(launch: Launch) -> None:
    """What the analysis would read of its earlier polls, and with which tolerances, is another function's by then."""
    functions, package = launch.cloud("lambda"), launch.package(0.625)
    before = functions.get_function_configuration(FunctionName="analysis")["Environment"]
    with launch.users(120):
        launch.decide(package, "Approved")
        execution = eventually(lambda: launch.executions(package, "Approved"))[0]
        eventually(lambda: launch.endpoint()["EndpointStatus"] == "Updating")
        functions.update_function_configuration(FunctionName="analysis", Environment={"Variables": {}})
        ended = launch.ended(execution)
    functions.update_function_configuration(FunctionName="analysis", Environment=before)
    assert ended["outcome"] == "promoted", ended
    assert "promote: after" in ended["reason"]
    assert launch.serves() == package
