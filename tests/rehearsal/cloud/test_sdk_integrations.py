"""Step Functions' SDK integrations that a rollout needs beside SageMaker's endpoints and CloudFormation."""

import datetime as dt
import json
import time
from typing import Any

import pytest

from tests.rehearsal.cloud.process import CloudProcess, eventually
from tests.rehearsal.cloud.test_state_machines import ROLE, output, run, task


def on_to(following: str, state: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in state.items() if key != "End"} | {"Next": following}


def test_a_parameter_is_read(cloud: CloudProcess) -> None:
    cloud("ssm").put_parameter(Name="/shop/rollouts", Value="paused", Type="String")
    found = output(run(cloud, {"Read": task("ssm:getParameter", Name="/shop/rollouts")}))
    assert found["Parameter"]["Value"] == "paused"


def test_a_missing_parameter_is_an_error_that_a_catch_can_name(cloud: CloudProcess) -> None:
    read = {
        **task("ssm:getParameter", Name="/shop/none"),
        "Catch": [{"ErrorEquals": ["Ssm.ParameterNotFoundException"], "Next": "Go"}],
    }
    found = output(run(cloud, {"Read": read, "Go": {"Type": "Pass", "End": True}}))
    assert found["Error"] == "Ssm.ParameterNotFoundException"
    assert "Service: Ssm, Status Code: 400" in found["Cause"]


def test_a_metric_is_put(cloud: CloudProcess) -> None:
    dimensions = [{"Name": "EndpointName", "Value": "shop"}]
    datum = {"MetricName": "CanaryDecision", "Dimensions": dimensions, "Value.$": "$.verdict"}
    output(
        run(
            cloud,
            {"Put": task("cloudwatch:putMetricData", Namespace="Slipway/Rollout", MetricData=[datum])},
            {"verdict": 2},
        )
    )
    now = dt.datetime.now(dt.UTC)
    (point,) = cloud("cloudwatch").get_metric_statistics(
        Namespace="Slipway/Rollout",
        MetricName="CanaryDecision",
        Dimensions=dimensions,
        StartTime=now - dt.timedelta(minutes=30),
        EndTime=now + dt.timedelta(minutes=30),
        Period=3600 * 24,
        Statistics=["Maximum"],
    )["Datapoints"]
    assert point["Maximum"] == 2.0


def test_an_execution_tells_what_it_was_given(cloud: CloudProcess) -> None:
    describe = task("sfn:describeExecution", **{"ExecutionArn.$": "$$.Execution.Id"})
    chosen = {"arn.$": "$.ExecutionArn", "input.$": "States.StringToJson($.Input)"}
    ended = run(cloud, {"Read": {**describe, "ResultSelector": chosen}}, {"ModelPackageArn": "package/2"})
    assert output(ended) == {"arn": ended["executionArn"], "input": {"ModelPackageArn": "package/2"}}


def test_alarms_are_read(cloud: CloudProcess) -> None:
    cloud("cloudwatch").put_composite_alarm(AlarmName="read-by-states", AlarmRule="TRUE")
    asked = {"AlarmNames": ["read-by-states"], "AlarmTypes": ["CompositeAlarm"]}
    found = output(run(cloud, {"Read": task("cloudwatch:describeAlarms", **asked)}))
    assert found["CompositeAlarms"][0]["StateValue"] == "ALARM"


def test_an_object_is_put_read_and_listed(cloud: CloudProcess) -> None:
    cloud("s3").create_bucket(Bucket="states")
    put = task("s3:putObject", Bucket="states", Key="audit/1.json", **{"Body.$": "$.text", "IfNoneMatch": "*"})
    read = task("s3:getObject", Bucket="states", Key="audit/1.json")
    states = {
        "Put": on_to("Read", {**put, "ResultPath": None}),
        "Read": on_to("List", {**read, "ResultPath": "$.read"}),
        "List": {**task("s3:listObjectsV2", Bucket="states", Prefix="audit/"), "ResultPath": "$.listed"},
    }
    found = output(run(cloud, states, {"text": "begun"}))
    assert found["read"]["Body"] == "begun"
    assert [each["Key"] for each in found["listed"]["Contents"]] == ["audit/1.json"]


def test_an_object_is_not_put_over_another_when_told_so(cloud: CloudProcess) -> None:
    cloud("s3").create_bucket(Bucket="once")
    put = task("s3:putObject", Bucket="once", Key="audit/1.json", Body="begun", IfNoneMatch="*")
    output(run(cloud, {"Put": put}))
    ended = run(cloud, {"Put": put})
    assert (ended["status"], ended["error"]) == ("FAILED", "S3.S3Exception")
    assert "Status Code: 412" in ended["cause"]


def test_a_missing_object_is_an_error_that_a_catch_can_name(cloud: CloudProcess) -> None:
    cloud("s3").create_bucket(Bucket="empty-states")
    ended = run(cloud, {"Read": task("s3:getObject", Bucket="empty-states", Key="none")})
    assert (ended["status"], ended["error"]) == ("FAILED", "S3.NoSuchKeyException")


def test_a_processing_job_is_started_and_described(cloud: CloudProcess, image: str) -> None:
    cloud("s3").create_bucket(Bucket="gates")
    cloud("s3").put_object(Bucket="gates", Key="in/rows.csv", Body=b"1,2")
    name = f"gate-{time.time_ns()}"
    source = {"S3Uri": "s3://gates/in/", "LocalPath": "/opt/ml/processing/input/data"}
    target = {"S3Uri": "s3://gates/out/", "LocalPath": "/opt/ml/processing/output/copy"}
    request = {
        "ProcessingJobName": name,
        "RoleArn": ROLE,
        "AppSpecification": {
            "ImageUri": image,
            "ContainerEntrypoint": ["python", "-m", "pipeline_steps", "prepare"],
            "ContainerArguments": ["0.5"],
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
        "ProcessingInputs": [
            {"InputName": "data", "S3Input": {**source, "S3DataType": "S3Prefix", "S3InputMode": "File"}}
        ],
        "ProcessingOutputConfig": {
            "Outputs": [{"OutputName": "copy", "S3Output": {**target, "S3UploadMode": "EndOfJob"}}]
        },
    }
    started = output(run(cloud, {"Start": task("sagemaker:createProcessingJob", **request)}))
    assert started["ProcessingJobArn"].endswith(name)

    def described() -> Any:
        states = {"Read": task("sagemaker:describeProcessingJob", ProcessingJobName=name)}
        found = output(run(cloud, states))
        return found["ProcessingJobStatus"] not in ("InProgress", "Stopping") and found

    ended = eventually(described)
    assert ended["ProcessingJobStatus"] == "Completed", ended
    written = cloud("s3").get_object(Bucket="gates", Key="out/report.json")["Body"].read()
    assert json.loads(written) == {"score": 0.5}


def test_model_packages_are_listed(cloud: CloudProcess) -> None:
    cloud("sagemaker").create_model_package_group(ModelPackageGroupName="listed-by-states")
    asked = {"ModelPackageGroupName": "listed-by-states", "ModelApprovalStatus": "Approved", "SortBy": "CreationTime"}
    found = output(run(cloud, {"List": task("sagemaker:listModelPackages", **asked)}))
    assert found["ModelPackageSummaryList"] == []


@pytest.mark.parametrize("action", ["ssm:readParameter", "s3:fetch", "cloudwatch:tell"])
def test_an_unknown_action_is_told(cloud: CloudProcess, action: str) -> None:
    ended = run(cloud, {"Try": task(action)})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")
    assert "must be an action of" in ended["cause"]
