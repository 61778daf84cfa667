"""Step Functions' SDK integrations, as a state machine's author sees them."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.cloud.process import CloudProcess, eventually
from tests.rehearsal.cloud.stacks import deploy

ROLE = "arn:aws:iam::000000000000:role/states"
SDK = "arn:aws:states:::aws-sdk:"


def run(cloud: CloudProcess, states: dict[str, Any], given: Any = None) -> dict[str, Any]:
    """Run a state machine of `states` to its end."""
    client = cloud("stepfunctions")
    definition = json.dumps({"StartAt": next(iter(states)), "States": states})
    name = f"machine-{time.time_ns()}"
    machine = client.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]
    arn = client.start_execution(stateMachineArn=machine, input=json.dumps(given or {}))["executionArn"]
    ended: dict[str, Any] = eventually(
        lambda: (found := client.describe_execution(executionArn=arn))["status"] != "RUNNING" and found
    )
    return ended


def task(action: str, **parameters: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": SDK + action, "Parameters": parameters, "End": True}


def output(ended: dict[str, Any]) -> Any:
    assert ended["status"] == "SUCCEEDED", (ended.get("error"), ended.get("cause"))
    return json.loads(ended["output"])


def test_a_description_has_the_apis_keys_and_times_as_text(cloud: CloudProcess) -> None:
    cloud("sagemaker").create_model_package_group(ModelPackageGroupName="states")
    found = output(run(cloud, {"Read": task("sagemaker:describeModelPackageGroup", ModelPackageGroupName="states")}))
    assert found["ModelPackageGroupName"] == "states"
    assert found["CreationTime"].endswith("Z")
    assert "ResponseMetadata" not in found


def test_a_single_stack_is_still_a_list(cloud: CloudProcess) -> None:
    deploy(cloud, "one", {"Queue": {"Type": "AWS::SQS::Queue"}}, Queue={"Ref": "Queue"})
    states = {"Read": {**task("cloudformation:describeStacks", StackName="one"), "OutputPath": "$.Stacks[0]"}}
    found = output(run(cloud, states))
    assert (found["StackStatus"], found["Outputs"][0]["OutputKey"]) == ("CREATE_COMPLETE", "Queue")


def test_an_object_is_put_once_read_and_listed(cloud: CloudProcess) -> None:
    cloud("s3").create_bucket(Bucket="states")
    place = {"Bucket": "states", "Key": "audit/1.json"}
    put = task("s3:putObject", **place, **{"Body.$": "$.text", "IfNoneMatch": "*"})
    output(run(cloud, {"Put": put}, {"text": "begun"}))
    assert output(run(cloud, {"Read": task("s3:getObject", **place)}))["Body"] == "begun"
    listed = output(run(cloud, {"List": task("s3:listObjectsV2", Bucket="states", Prefix="audit/")}))
    assert [each["Key"] for each in listed["Contents"]] == ["audit/1.json"]
    ended = run(cloud, {"Put": put}, {"text": "another"})
    assert (ended["status"], ended["error"]) == ("FAILED", "S3.S3Exception")
    assert "Status Code: 412" in ended["cause"]


@pytest.mark.parametrize(
    ("action", "parameters", "error", "cause"),
    [
        ("sagemaker:describeTrainingJob", {"TrainingJobName": "none"}, "SageMaker.ResourceNotFoundException", "none"),
        ("sagemaker:describeEndpoint", {"EndpointName": "none"}, "SageMaker.SageMakerException", "Could not find"),
        ("sagemaker:describeEndpoint", {"Name": "x"}, "States.Runtime", "Unknown parameter"),
        ("sagemaker:tell", {}, "States.Runtime", "must be an action of"),
        ("cloudformation:describeStacks", {"StackName": "none"}, "CloudFormation.CloudFormationException", "not exist"),
        ("ssm:getParameter", {"Name": "/no"}, "Ssm.ParameterNotFoundException", "Service: Ssm, Status Code: 400"),
        ("s3:getObject", {"Bucket": "filled", "Key": "no"}, "S3.NoSuchKeyException", "Service: S3, Status Code: 404"),
    ],
)
def test_errors_are_named_as_on_aws(
    cloud: CloudProcess, action: str, parameters: dict[str, str], error: str, cause: str
) -> None:
    cloud("s3").create_bucket(Bucket="filled")
    ended = run(cloud, {"Try": task(action, **parameters)})
    assert (ended["status"], ended["error"]) == ("FAILED", error)
    assert cause in ended["cause"]


def test_waits_are_compressed(cloud: CloudProcess) -> None:
    started = time.monotonic()
    output(run(cloud, {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}))
    assert time.monotonic() - started >= 1.0  # and `run` does not wait for the 60 s


def test_other_services_stay_ministacks_own(cloud: CloudProcess) -> None:
    found = output(run(cloud, {"Read": task("kms:listKeys")}))
    assert found["Keys"] == cloud("kms").list_keys()["Keys"]


def test_what_is_too_large_for_a_state_ends_the_execution_whatever_it_catches(cloud: CloudProcess) -> None:
    cloud("s3").create_bucket(Bucket="large-states")
    place = {"Bucket": "large-states", "Key": "text"}
    cloud("s3").put_object(**place, Body=b'"' * 140_000)  # each is two bytes of JSON
    caught = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]}
    ended = run(cloud, {"Read": {**task("s3:getObject", **place), **caught}, "Caught": {"Type": "Succeed"}})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.DataLimitExceeded")
    with pytest.raises(ClientError, match="Member must have length less than or equal to 262144"):
        run(cloud, {"Done": {"Type": "Succeed"}}, "a" * 262_144)
