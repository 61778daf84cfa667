"""An endpoint that CloudFormation owns: real servers, replaced behind guardrails, rolled back by a real alarm.

The tests are one story of one stack: each continues where the one before ended.
"""

import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from slipway.rollout.failure_causes import is_too_early
from tests.endpoint_template import CONFIG_NAME, PARAMETER, endpoint_template
from tests.rehearsal.cloud.process import CloudProcess, eventually

STACK = "serving"
ENDPOINT = "Shop"
ROLE = "arn:aws:iam::000000000000:role/serving"
FAULT = "fault"


def template(further: Mapping[str, Any] | None = None) -> str:
    dimensions = {"EndpointName": ENDPOINT, "VariantName": "primary", "EndpointConfigName": CONFIG_NAME}
    alarm = {
        "AlarmName": "Errors",
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocation5XXErrors",
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        "Statistic": "Average",
        "Threshold": 0.05,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://models/capture",
        "KmsKeyId": "arn:aws:kms:us-east-1:000000000000:key/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    }
    return endpoint_template(
        endpoint=ENDPOINT,
        role=ROLE,
        alarm=alarm,
        canary_percent=25,
        bake_seconds=240,
        final_seconds=60,
        capture=capture,
        tags={"Endpoint": {"team": "web"}},
        further=further,
    )


class Stack:
    """The stack, and the packages that go through it."""

    def __init__(self, cloud: CloudProcess, image: str) -> None:
        self.cloud, self.image = cloud, image
        cloud("s3").create_bucket(Bucket="models")
        cloud("sagemaker").create_model_package_group(ModelPackageGroupName="served")

    def model(self, x: float) -> str:
        """Train a model that answers `x`."""
        sagemaker, name = self.cloud("sagemaker"), f"model-{str(x).replace('.', '-')}"
        sagemaker.create_training_job(
            TrainingJobName=name,
            AlgorithmSpecification={"TrainingImage": self.image, "TrainingInputMode": "File"},
            RoleArn=ROLE,
            OutputDataConfig={"S3OutputPath": "s3://models"},
            ResourceConfig={"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5},
            StoppingCondition={"MaxRuntimeInSeconds": 60},
            HyperParameters={"x": str(x)},
        )
        job = eventually(
            lambda: (found := sagemaker.describe_training_job(TrainingJobName=name)).get("ModelArtifacts") and found
        )
        where: str = job["ModelArtifacts"]["S3ModelArtifacts"]
        return where

    def package(self, artifact: str, image: str = "") -> str:
        arn: str = self.cloud("sagemaker").create_model_package(
            ModelPackageGroupName="served",
            ModelApprovalStatus="Approved",
            InferenceSpecification={
                "Containers": [{"Image": image or self.image, "ModelDataUrl": artifact}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )["ModelPackageArn"]
        return arn

    def deploy(self, package: str) -> None:
        """Start the stack's update."""
        self.cloud("cloudformation").update_stack(
            StackName=STACK,
            UsePreviousTemplate=True,
            Parameters=[{"ParameterKey": PARAMETER, "ParameterValue": package}],
        )

    def described(self) -> dict[str, Any]:
        found: dict[str, Any] = self.cloud("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
        return found

    def settled(self) -> str:
        status: str = eventually(
            lambda: not (s := self.described()["StackStatus"]).endswith("IN_PROGRESS") and s, seconds=60
        )
        return status

    def outputs(self) -> dict[str, str]:
        return {each["OutputKey"]: each["OutputValue"] for each in self.described().get("Outputs", ())}

    def endpoint(self) -> dict[str, Any]:
        found: dict[str, Any] = self.cloud("sagemaker").describe_endpoint(EndpointName=ENDPOINT)
        return found

    def ask(self, body: bytes = b"1,2") -> tuple[str, str]:
        answer = self.cloud("sagemaker-runtime").invoke_endpoint(
            EndpointName=ENDPOINT, ContentType="text/csv", Body=body
        )
        return answer["Body"].read().decode().strip(), answer["InvokedProductionVariant"]

    def users_until_settled(self) -> set[str]:
        """Ask without pause until the stack is settled; what the models have answered, `FAULT` for an error of one."""
        answers = set()
        while self.described()["StackStatus"].endswith("IN_PROGRESS"):
            for _ in range(5):
                try:
                    answers.add(self.ask()[0])
                except ClientError as exc:
                    if exc.response.get("OriginalMessage") != "an injected fault":
                        raise
                    answers.add(FAULT)
        return answers


def kill_controller(cloud: CloudProcess) -> int:
    """Kill the process that follows the rollout, once its canary bakes; returns its id."""

    def baking() -> int:
        journals = sorted(cloud.workdir.rglob("rollout-*.jsonl"), key=lambda path: path.stat().st_mtime)
        rows = [json.loads(line) for path in journals[-1:] for line in path.read_text().splitlines()]
        states = [row["state"]["phase"] for row in rows if "state" in row]
        return int(rows[1]["controller"]) if states[-1:] == ["Baking"] else 0

    pid: int = eventually(baking, seconds=60)
    os.kill(pid, signal.SIGKILL)
    return pid


@pytest.fixture(scope="module")
def stack(cloud: CloudProcess, image: str) -> Stack:
    made = Stack(cloud, image)
    cloud("cloudformation").create_stack(StackName=STACK, TemplateBody=template())
    assert made.settled() == "CREATE_COMPLETE"
    return made


@pytest.fixture(scope="module")
def first(stack: Stack) -> str:
    """The package of the first model, live."""
    package = stack.package(stack.model(0.25))
    stack.deploy(package)
    assert stack.settled() == "UPDATE_COMPLETE"
    return package


def test_the_stack_stands_without_a_model(cloud: CloudProcess, stack: Stack) -> None:
    logical = {
        row["LogicalResourceId"]
        for row in cloud("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
    }
    assert "Topic" in logical
    assert stack.described()["StackStatus"].endswith("COMPLETE")


def test_the_first_model_answers_through_boto3(cloud: CloudProcess, stack: Stack, first: str) -> None:
    assert stack.ask() == ("0.25", "primary")
    outputs = stack.outputs()
    assert outputs["Endpoint"] == "arn:aws:sagemaker:us-east-1:000000000000:endpoint/shop"
    assert outputs["Model"].startswith("arn:aws:sagemaker:us-east-1:000000000000:model/serving-model-")
    assert stack.endpoint()["EndpointConfigName"] == outputs["Config"]
    model = cloud("sagemaker").describe_model(ModelName=outputs["Model"].rpartition("/")[2])
    assert model["Containers"][0]["ModelPackageName"] == first
    arn = stack.endpoint()["EndpointArn"]
    assert {"Key": "team", "Value": "web"} in cloud("sagemaker").list_tags(ResourceArn=arn)["Tags"]


@pytest.mark.usefixtures("first")
def test_a_models_refusal_is_a_model_error(cloud: CloudProcess, stack: Stack) -> None:
    runtime = cloud("sagemaker-runtime")
    with pytest.raises(runtime.exceptions.ModelError, match="this is no row") as caught:
        stack.ask(b"bad")
    assert caught.value.response["OriginalStatusCode"] == 400


@pytest.mark.usefixtures("first")
def test_requests_are_counted_and_logged_where_cloudwatch_shows_them(cloud: CloudProcess, stack: Stack) -> None:
    stack.ask()
    metrics = eventually(
        lambda: cloud("cloudwatch").list_metrics(Namespace="AWS/SageMaker", MetricName="ModelLatency")["Metrics"]
    )
    names = [{d["Name"] for d in metric["Dimensions"]} for metric in metrics]
    assert {"EndpointName", "VariantName"} in names
    group = f"/aws/sagemaker/Endpoints/{ENDPOINT}"
    found = cloud("logs").filter_log_events(logGroupName=group)["events"]
    assert found[0]["message"] == "serving"


@pytest.mark.usefixtures("first")
def test_requests_are_captured_in_s3_with_the_callers_id(cloud: CloudProcess, stack: Stack) -> None:
    assert stack.endpoint()["DataCaptureConfig"]["CaptureStatus"] == "Started"
    cloud("sagemaker-runtime").invoke_endpoint(
        EndpointName=ENDPOINT, ContentType="text/csv", Body=b"7,8", InferenceId="visit-7"
    )

    def captured() -> list[dict[str, Any]]:
        listed = cloud("s3").list_objects_v2(Bucket="models", Prefix=f"capture/{ENDPOINT}/primary/20")
        objects = [cloud("s3").get_object(Bucket="models", Key=each["Key"]) for each in listed.get("Contents", ())]
        assert {each["SSEKMSKeyId"] for each in objects} <= {"arn:aws:kms:us-east-1:000000000000:key/captured"}
        records = [json.loads(line) for each in objects for line in each["Body"].read().splitlines()]
        return [each for each in records if each["eventMetadata"].get("inferenceId") == "visit-7"]

    (record,) = eventually(captured)
    assert record["captureData"]["endpointInput"]["data"] == "7,8"
    assert record["captureData"]["endpointOutput"]["data"] == "0.25\n"


@pytest.mark.usefixtures("first")
def test_what_is_not_approved_fails_the_update_and_nothing_changes(cloud: CloudProcess, stack: Stack) -> None:
    package, config = stack.package(stack.model(0.3)), stack.endpoint()["EndpointConfigName"]
    cloud("sagemaker").update_model_package(ModelPackageArn=package, ModelApprovalStatus="Rejected")
    stack.deploy(package)
    assert stack.settled() == "UPDATE_ROLLBACK_COMPLETE"
    events = cloud("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
    reason = next(event["ResourceStatusReason"] for event in events if event["ResourceStatus"] == "UPDATE_FAILED")
    assert "its ModelApprovalStatus must be Approved, got Rejected (Service: SageMaker, Status Code: 400)" in reason
    assert stack.endpoint()["EndpointConfigName"] == config
    assert stack.ask()[0] == "0.25"


@pytest.mark.usefixtures("first")
def test_a_better_model_takes_over_by_canary(cloud: CloudProcess, stack: Stack) -> None:
    before = stack.outputs()
    stack.deploy(stack.package(stack.model(0.5)))
    answers = stack.users_until_settled()
    assert stack.settled() == "UPDATE_COMPLETE"
    assert answers == {"0.25", "0.5"}
    assert stack.ask()[0] == "0.5"
    after = stack.outputs()
    assert after["Endpoint"] == before["Endpoint"]
    assert after["Config"] != before["Config"]
    sagemaker = cloud("sagemaker")
    sagemaker.describe_endpoint_config(EndpointConfigName=before["Config"])
    alarms = [a["AlarmName"] for a in cloud("cloudwatch").describe_alarms(AlarmNamePrefix="serving-")["MetricAlarms"]]
    assert alarms == [f"{after['Config']}-Errors"]


@pytest.mark.usefixtures("first")
def test_a_stack_that_cannot_take_the_endpoint_back_goes_on_without_it_as_the_runbook_tells(
    cloud: CloudProcess, stack: Stack
) -> None:
    """SageMaker is back at the old config by itself when CloudFormation asks for it."""
    live, cloudformation = stack.endpoint()["EndpointConfigName"], cloud("cloudformation")
    late = {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": {"ModelPackageGroupName": "served"}}
    # It exists already, so the update fails once the endpoint is through.
    document = template({"Late": {**late, "DependsOn": "Endpoint"}})
    faulty = f"{stack.image.rpartition(':')[0]}:fault-errors"
    package = stack.package("s3://models/model-0-5/output/model.tar.gz", faulty)
    parameter = {"ParameterKey": PARAMETER, "ParameterValue": package}
    cloudformation.update_stack(StackName=STACK, TemplateBody=document, Parameters=[parameter])
    assert stack.users_until_settled() == {"0.5", FAULT}
    assert stack.settled() == "UPDATE_ROLLBACK_FAILED"
    events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = {e["LogicalResourceId"]: e for e in events if e["ResourceStatus"] == "UPDATE_FAILED"}
    assert "already uses the endpoint configuration" in failed["Endpoint"]["ResourceStatusReason"]
    assert (stack.endpoint()["EndpointStatus"], stack.endpoint()["EndpointConfigName"]) == ("InService", live)
    cloudformation.continue_update_rollback(StackName=STACK, ResourcesToSkip=["Endpoint"])
    eventually(lambda: stack.described()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE")
    assert stack.outputs()["Config"] == live
    assert stack.ask()[0] == "0.5"


@pytest.mark.usefixtures("first")
def test_an_update_that_meets_a_change_of_the_count_fails_and_nothing_changes(
    cloud: CloudProcess, stack: Stack
) -> None:
    package, config = stack.package(stack.model(0.35)), stack.endpoint()["EndpointConfigName"]
    scaled = [{"VariantName": "primary", "DesiredInstanceCount": 9}]
    cloud("sagemaker").update_endpoint_weights_and_capacities(EndpointName=ENDPOINT, DesiredWeightsAndCapacities=scaled)
    stack.deploy(package)
    assert stack.settled() == "UPDATE_ROLLBACK_COMPLETE"
    events = cloud("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
    reason = next(event["ResourceStatusReason"] for event in events if event["ResourceStatus"] == "UPDATE_FAILED")
    assert is_too_early(reason)
    eventually(lambda: stack.endpoint()["EndpointStatus"] == "InService")
    assert (stack.endpoint()["EndpointConfigName"], stack.ask()[0]) == (config, "0.5")


@pytest.mark.usefixtures("first")
def test_a_bad_build_is_rolled_back_by_its_alarm_and_fails_its_canarys_users_alone(
    cloud: CloudProcess, stack: Stack
) -> None:
    live = stack.endpoint()["EndpointConfigName"]
    faulty = f"{stack.image.rpartition(':')[0]}:fault-errors"
    stack.deploy(stack.package("s3://models/model-0-5/output/model.tar.gz", faulty))
    answers = stack.users_until_settled()
    assert stack.settled() == "UPDATE_COMPLETE"
    endpoint = stack.endpoint()
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", live)
    bad = stack.outputs()["Config"]
    assert f"{bad}-Errors" in endpoint["FailureReason"]
    assert answers == {"0.5", FAULT}
    alarm = cloud("cloudwatch").describe_alarms(AlarmNames=[f"{bad}-Errors"])["MetricAlarms"][0]
    assert "Threshold Crossed: 1 datapoint" in alarm["StateReason"]
    items = cloud("cloudwatch").describe_alarm_history(AlarmName=f"{bad}-Errors", HistoryItemType="StateUpdate")
    assert "Alarm updated from OK to ALARM" in [item["HistorySummary"] for item in items["AlarmHistoryItems"]]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.usefixtures("first")
def test_a_controller_that_is_killed_is_not_noticed_by_cloudformation_or_users(
    cloud: CloudProcess, stack: Stack
) -> None:
    stack.deploy(stack.package(stack.model(0.75)))
    killed = [kill_controller(cloud)]
    pending = eventually(lambda: stack.endpoint().get("PendingDeploymentSummary"))
    assert pending["ProductionVariants"][0]["VariantStatus"]
    answers = stack.users_until_settled()
    assert stack.settled() == "UPDATE_COMPLETE"
    assert answers == {"0.5", "0.75"}
    assert stack.ask()[0] == "0.75"
    assert not [pid for pid in killed if Path(f"/proc/{pid}").exists()]


@pytest.mark.usefixtures("first")
def test_a_deleted_stack_leaves_no_endpoint(cloud: CloudProcess, stack: Stack) -> None:
    cloud("cloudformation").delete_stack(StackName=STACK)

    def gone() -> bool:
        try:
            return stack.described()["StackStatus"] == "DELETE_COMPLETE"
        except ClientError:
            return True

    eventually(gone, seconds=30)
    assert not cloud("sagemaker").list_endpoints()["Endpoints"]
