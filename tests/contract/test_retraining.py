"""The state machine that drift starts, on the embedded AWS: one run, however often the alarm flaps."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.constructs.retraining import STARTED_BY, retraining_definition
from tests.rehearsal.cloud.process import CloudProcess, end_cloud, eventually, start_cloud, write_steps

PIPELINE = "drifting"
NOTHING = {"Version": "2020-12-01", "Metadata": {}, "Parameters": [], "Steps": [{
    "Name": "Gate",
    "Type": "Condition",
    "Arguments": {
        "Conditions": [{"Type": "Equals", "LeftValue": "1", "RightValue": "1"}], "IfSteps": [], "ElseSteps": [],
    },
}]}  # fmt: skip


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudProcess]:
    steps = write_steps(tmp_path_factory.mktemp("steps"))
    started = start_cloud(tmp_path_factory.mktemp("cloud"), steps, "--speed", "120")
    yield started
    assert end_cloud(started) == 0


@pytest.fixture(scope="module")
def machine(cloud: CloudProcess) -> str:
    """The deployed state machine's ARN; its pipeline is there and was never run."""
    cloud("sagemaker").create_pipeline(
        PipelineName=PIPELINE,
        PipelineDefinition=json.dumps(NOTHING),
        RoleArn="arn:aws:iam::000000000000:role/pipeline",
        ClientRequestToken="t" * 32,
    )
    made = cloud("stepfunctions").create_state_machine(
        name="retraining",
        definition=json.dumps(retraining_definition(PIPELINE, pause_hours=24)),
        roleArn="arn:aws:iam::000000000000:role/retraining",
    )
    arn: str = made["stateMachineArn"]
    return arn


def run(cloud: CloudProcess, machine: str) -> None:
    execution = cloud("stepfunctions").start_execution(stateMachineArn=machine, input="{}")["executionArn"]

    def ended() -> bool:
        found = cloud("stepfunctions").describe_execution(executionArn=execution)
        assert found["status"] in {"RUNNING", "SUCCEEDED"}, found
        return bool(found["status"] == "SUCCEEDED")

    eventually(ended)


def test_the_first_alarm_starts_a_run_and_later_ones_within_the_pause_do_not(cloud: CloudProcess, machine: str) -> None:
    for _ in range(3):
        run(cloud, machine)
    found = cloud("sagemaker").list_pipeline_executions(PipelineName=PIPELINE)["PipelineExecutionSummaries"]
    assert [summary["PipelineExecutionDescription"] for summary in found] == [STARTED_BY]


def test_a_start_that_is_refused_fails_the_execution(cloud: CloudProcess, tmp_path: Path) -> None:
    states = cloud("stepfunctions")
    definition = json.dumps(retraining_definition("absent", pause_hours=24))
    machine = states.create_state_machine(
        name="retraining-nothing",
        definition=definition.replace('"MaxAttempts": 4', '"MaxAttempts": 0'),
        roleArn="arn:aws:iam::000000000000:role/retraining",
    )["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    ended = eventually(
        lambda: (found := states.describe_execution(executionArn=execution))["status"] != "RUNNING" and found
    )
    assert ended["status"] == "FAILED"
