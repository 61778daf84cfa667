"""Step Functions' SDK integrations of SageMaker and CloudFormation, as a state machine's author sees them."""

import json
import time
from typing import Any

import pytest

from tests.rehearsal.cloud.process import CloudProcess, eventually

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


@pytest.fixture(scope="module")
def stack(cloud: CloudProcess) -> str:
    template = {
        "Parameters": {"Colour": {"Type": "String", "Default": "red"}},
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {"Colour": {"Value": {"Ref": "Colour"}}},
    }
    cloud("cloudformation").create_stack(StackName="one", TemplateBody=json.dumps(template))
    eventually(
        lambda: (
            cloud("cloudformation").describe_stacks(StackName="one")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
        )
    )
    return "one"


def test_a_description_has_the_apis_keys_and_times_as_text(cloud: CloudProcess) -> None:
    cloud("sagemaker").create_model_package_group(ModelPackageGroupName="states")
    found = output(run(cloud, {"Read": task("sagemaker:describeModelPackageGroup", ModelPackageGroupName="states")}))
    assert found["ModelPackageGroupName"] == "states"
    assert found["CreationTime"].endswith("Z")
    assert "ResponseMetadata" not in found


def test_a_single_stack_is_still_a_list(cloud: CloudProcess, stack: str) -> None:
    states = {"Read": {**task("cloudformation:describeStacks", StackName=stack), "OutputPath": "$.Stacks[0]"}}
    found = output(run(cloud, states))
    assert found["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    colour = found["Outputs"][0]["OutputValue"]
    assert found["Parameters"] == [{"ParameterKey": "Colour", "ParameterValue": colour}]


def test_a_stack_is_updated_with_its_own_template(cloud: CloudProcess, stack: str) -> None:
    parameters = [{"ParameterKey": "Colour", "ParameterValue.$": "$.colour"}]
    update = task("cloudformation:updateStack", StackName=stack, UsePreviousTemplate=True, Parameters=parameters)
    assert stack in output(run(cloud, {"Update": update}, {"colour": "blue"}))["StackId"]
    found = eventually(
        lambda: (
            (s := cloud("cloudformation").describe_stacks(StackName=stack)["Stacks"][0])["StackStatus"]
            == "UPDATE_COMPLETE"
            and s
        )
    )
    assert found["Outputs"][0]["OutputValue"] == "blue"


@pytest.mark.parametrize(
    ("action", "parameters", "error", "cause"),
    [
        (
            "sagemaker:describeTrainingJob",
            {"TrainingJobName": "none"},
            "SageMaker.ResourceNotFoundException",
            "training job none",
        ),
        (
            "sagemaker:describeEndpoint",
            {"EndpointName": "none"},
            "SageMaker.SageMakerException",
            "Could not find endpoint",
        ),
        (
            "cloudformation:describeStacks",
            {"StackName": "none"},
            "CloudFormation.CloudFormationException",
            "Stack with id none does not exist",
        ),
        ("sagemaker:describeEndpoint", {"Name": "x"}, "States.Runtime", "Unknown parameter"),
    ],
)
def test_errors_are_named_as_on_aws(
    cloud: CloudProcess, action: str, parameters: dict[str, str], error: str, cause: str
) -> None:
    ended = run(cloud, {"Try": task(action, **parameters)})
    assert (ended["status"], ended["error"]) == ("FAILED", error)
    assert cause in ended["cause"]


def test_an_error_can_be_caught_by_name_and_its_cause_read(cloud: CloudProcess, stack: str) -> None:
    kept = [{"ParameterKey": "Colour", "UsePreviousValue": True}]
    same = task("cloudformation:updateStack", StackName=stack, UsePreviousTemplate=True, Parameters=kept)
    same["Catch"] = [{"ErrorEquals": ["CloudFormation.CloudFormationException"], "Next": "Read"}]
    ended = run(cloud, {"Update": same, "Read": {"Type": "Pass", "End": True}})
    assert "No updates are to be performed" in output(ended)["Cause"]


def test_waits_are_compressed(cloud: CloudProcess) -> None:
    started = time.monotonic()
    output(run(cloud, {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}))
    assert time.monotonic() - started >= 1.0  # and `run` does not wait for the 60 s


def test_other_services_stay_ministacks_own(cloud: CloudProcess) -> None:
    found = output(run(cloud, {"Read": task("kms:listKeys")}))
    assert found["Keys"] == cloud("kms").list_keys()["Keys"]
