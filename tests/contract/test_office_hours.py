"""Office hours on the embedded AWS: a real stack with a real server, stopped, started, and woken by a rollout."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.rollout.definition import Gates, RolloutTarget, rollout_definition
from infra.rollout.schedule_states import NOTHING_STOPPED, Stoppable, office_hours_definition
from infra.rollout.schedule_waking import woken
from infra.rollout.states import States
from tests.archives import archive_of
from tests.rehearsal.cloud.process import (
    CloudProcess,
    build_image,
    end_cloud,
    eventually,
    start_cloud,
    write_steps,
)

ROLE = "arn:aws:iam::000000000000:role/machine"
STATES = "arn:aws:states:us-east-1:000000000000:stateMachine:{}"
BUCKET, GROUP, STACK, ENDPOINT = "models", "night", "night-endpoint", "night"
REMEMBERED, HOLD = "/slipway/night/stopped", "/slipway/night/rollouts"
SMOKE_TEST = "def handler(event, context):\n    return {'passed': True, 'reason': 'it answered'}\n"
BAKE_SECONDS = 120


def template() -> str:
    """The endpoint stack in small."""
    routing = {"Type": "CANARY", "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50}}
    deployment = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {**routing, "WaitIntervalInSeconds": BAKE_SECONDS},
            "TerminationWaitInSeconds": 0,
            "MaximumExecutionTimeoutInSeconds": 1800,
        }
    }
    variant = {
        "VariantName": "primary",
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InitialInstanceCount": 2,
        "InstanceType": "ml.m5.large",
        "InitialVariantWeight": 1,
    }
    containers = [{"ModelPackageName": {"Ref": "ModelPackageArn"}}]
    kept = {"Condition": "HasModel", "UpdateReplacePolicy": "Retain", "DeletionPolicy": "Delete"}
    resources = {
        "Model": {
            "Type": "AWS::SageMaker::Model",
            "Properties": {"Containers": containers, "ExecutionRoleArn": ROLE},
            **kept,
        },
        "EndpointConfig": {
            "Type": "AWS::SageMaker::EndpointConfig",
            "Properties": {"ProductionVariants": [variant]},
            **kept,
        },
        "Endpoint": {
            "Type": "AWS::SageMaker::Endpoint",
            "Condition": "HasModel",
            "Properties": {
                "EndpointName": ENDPOINT,
                "EndpointConfigName": {"Fn::GetAtt": ["EndpointConfig", "EndpointConfigName"]},
                "DeploymentConfig": deployment,
            },
        },
        "Topic": {"Type": "AWS::SNS::Topic"},
    }
    return json.dumps(
        {
            "Parameters": {"ModelPackageArn": {"Type": "String", "Default": ""}},
            "Conditions": {"HasModel": {"Fn::Not": [{"Fn::Equals": [{"Ref": "ModelPackageArn"}, ""]}]}},
            "Resources": resources,
        }
    )


class Night:
    """The account, and what one does in it."""

    def __init__(self, cloud: CloudProcess, image: str) -> None:
        self.cloud, self.image = cloud, image
        cloud("s3").create_bucket(Bucket=BUCKET)
        cloud("sagemaker").create_model_package_group(ModelPackageGroupName=GROUP)
        cloud("cloudformation").create_stack(StackName=STACK, TemplateBody=template())
        eventually(lambda: self.stack()["StackStatus"] == "CREATE_COMPLETE")
        topic = cloud("sns").create_topic(Name="night")["TopicArn"]
        self.rollout = self._machine("night-rollout", self._rollout_definition(topic))
        target = Stoppable(ENDPOINT, STACK, REMEMBERED, self.rollout, topic)
        self.hours = self._machine("night-office-hours", office_hours_definition(target))

    def _rollout_definition(self, topic: str) -> dict[str, Any]:
        def passing(then: str, _refused: str) -> States:
            return {"Gate": {"Type": "Pass", "Next": then}}

        target = RolloutTarget(
            endpoint=ENDPOINT,
            stack=STACK,
            package_group=GROUP,
            state_machine_arn=STATES.format("night-rollout"),
            smoke_test_arn=self._smoke_test(),
            audit_arn="arn:aws:lambda:us-east-1:000000000000:function:absent",
            topic_arn=topic,
            hold_parameter=HOLD,
            gates=woken(Gates("Gate", passing), stack=STACK, remembered=REMEMBERED),
        )
        return rollout_definition(target)

    def _smoke_test(self) -> str:
        stored = io.BytesIO()
        with zipfile.ZipFile(stored, "w") as archive:
            archive.writestr("index.py", SMOKE_TEST)
        made = self.cloud("lambda").create_function(
            FunctionName="smoke",
            Role=ROLE,
            Runtime="python3.13",
            Handler="index.handler",
            Code={"ZipFile": stored.getvalue()},
        )
        return str(made["FunctionArn"])

    def _machine(self, name: str, definition: dict[str, Any]) -> str:
        states = self.cloud("stepfunctions")
        made = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
        return str(made["stateMachineArn"])

    def package(self, x: float) -> str:
        """An approved model that always answers `x`."""
        self.cloud("s3").put_object(Bucket=BUCKET, Key=f"{x}/model.tar.gz", Body=archive_of({"model.json": {"x": x}}))
        container = {"Image": self.image, "ModelDataUrl": f"s3://{BUCKET}/{x}/model.tar.gz"}
        made = self.cloud("sagemaker").create_model_package(
            ModelPackageGroupName=GROUP,
            ModelApprovalStatus="Approved",
            InferenceSpecification={
                "Containers": [container],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )
        return str(made["ModelPackageArn"])

    def begin(self, machine: str, given: dict[str, str]) -> str:
        started = self.cloud("stepfunctions").start_execution(stateMachineArn=machine, input=json.dumps(given))
        return str(started["executionArn"])

    def status(self, execution: str) -> str:
        return str(self.cloud("stepfunctions").describe_execution(executionArn=execution)["status"])

    def run(self, machine: str, **given: str) -> str:
        """How the execution ended."""
        execution = self.begin(machine, given)
        return str(eventually(lambda: (now := self.status(execution)) != "RUNNING" and now, seconds=60))

    def stack(self) -> dict[str, Any]:
        found: dict[str, Any] = self.cloud("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
        return found

    def parameter(self) -> str:
        return str(self.stack()["Parameters"][0]["ParameterValue"])

    def remembered(self) -> str:
        return str(self.cloud("ssm").get_parameter(Name=REMEMBERED)["Parameter"]["Value"])

    def answer(self) -> str:
        runtime = self.cloud("sagemaker-runtime")
        body = runtime.invoke_endpoint(EndpointName=ENDPOINT, Body=b"1\n", ContentType="text/csv")["Body"]
        return str(body.read().decode().strip())

    def states_of(self, execution: str) -> list[str]:
        """The states that were entered, in their order."""
        pages = self.cloud("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=execution)
        entered = (event.get("stateEnteredEventDetails") for page in pages for event in page["events"])
        return [each["name"] for each in entered if each]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudProcess]:
    steps = write_steps(tmp_path_factory.mktemp("steps"))
    started = start_cloud(tmp_path_factory.mktemp("cloud"), steps, "--speed", "120")
    started.image = build_image(started, steps)
    yield started
    assert end_cloud(started) == 0


@pytest.fixture(scope="module")
def night(cloud: CloudProcess) -> Night:
    return Night(cloud, cloud.image)


@pytest.fixture(scope="module")
def first(night: Night) -> str:
    """The package that serves at first."""
    package = night.package(0.25)
    assert night.run(night.hours, action="start") == "SUCCEEDED"
    assert night.parameter() == ""
    assert night.run(night.rollout, ModelPackageArn=package) == "SUCCEEDED"
    assert night.answer() == "0.25"
    return package


def test_a_stopped_endpoint_is_gone_and_remembered(night: Night, first: str) -> None:
    assert night.run(night.hours, action="stop") == "SUCCEEDED"
    assert (night.parameter(), night.remembered()) == ("", first)
    with pytest.raises(ClientError, match="Could not find endpoint"):
        night.cloud("sagemaker").describe_endpoint(EndpointName=ENDPOINT)
    assert night.run(night.hours, action="stop") == "SUCCEEDED"
    assert night.remembered() == first


def test_it_is_started_with_the_model_that_it_was_stopped_with(night: Night, first: str) -> None:
    night.run(night.hours, action="stop")
    assert night.run(night.hours, action="start") == "SUCCEEDED"
    assert (night.parameter(), night.remembered(), night.answer()) == (first, NOTHING_STOPPED, "0.25")
    assert night.run(night.hours, action="start") == "SUCCEEDED"
    assert night.parameter() == first


def test_a_model_that_was_withdrawn_meanwhile_is_not_started(night: Night, first: str) -> None:
    sagemaker = night.cloud("sagemaker")
    night.run(night.hours, action="start")
    night.run(night.hours, action="stop")
    sagemaker.update_model_package(ModelPackageArn=first, ModelApprovalStatus="Rejected")
    try:
        assert night.run(night.hours, action="start") == "FAILED"
        assert (night.parameter(), night.remembered()) == ("", first)
    finally:
        sagemaker.update_model_package(ModelPackageArn=first, ModelApprovalStatus="Approved")


def test_a_rollout_wakes_the_endpoint_and_then_goes_by_canary(night: Night, first: str) -> None:
    night.run(night.hours, action="start")
    night.run(night.hours, action="stop")
    second = night.package(0.75)
    execution = night.begin(night.rollout, {"ModelPackageArn": second})
    answers = set()

    def ended() -> str | bool:
        try:
            answers.add(night.answer())
        except ClientError:
            answers.add("none")
        return (now := night.status(execution)) != "RUNNING" and now

    assert eventually(ended, seconds=90) == "SUCCEEDED"
    # Both models answered, so the new one was compared with the old one and never replaced an empty place.
    assert {"0.25", "0.75"} <= answers
    assert (night.parameter(), night.answer()) == (second, "0.75")
    entered = night.states_of(execution)
    assert entered.index("Wake") < entered.index("Gate") < entered.index("UpdateStack")
    assert entered.count("Wake") == entered.count("Gate") == 1
    assert night.remembered() == NOTHING_STOPPED


def test_nothing_is_stopped_while_a_rollout_runs(night: Night, first: str) -> None:
    night.run(night.hours, action="start")
    before, third = night.parameter(), night.package(0.5)
    rollout = night.begin(night.rollout, {"ModelPackageArn": third})
    eventually(lambda: night.parameter() == third)
    stop = night.begin(night.hours, {"action": "stop"})
    eventually(lambda: "WaitForQuiet" in night.states_of(stop))
    assert night.status(rollout) == "RUNNING"
    assert eventually(lambda: (now := night.status(rollout)) != "RUNNING" and now, seconds=60) == "SUCCEEDED"
    assert eventually(lambda: (now := night.status(stop)) != "RUNNING" and now, seconds=60) == "SUCCEEDED"
    assert third not in (before, first)
    assert (night.parameter(), night.remembered()) == ("", third)
