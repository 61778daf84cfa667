"""`slipway train` against the embedded AWS."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from slipway.cli.main import main
from slipway.errors import LaunchError
from slipway.operations.aws_errors import readable_errors
from slipway.operations.pipeline_executions import Trainer
from slipway.settings import Settings, load_settings
from slipway.settings.names import Names
from tests.rehearsal.cloud.process import CloudProcess, end_cloud, eventually, start_cloud, write_steps

BUCKET = "shoppers-dev-data-bucket"


def definition(*, refuses: bool = False, note: str = "") -> str:
    parameters: list[dict[str, str]] = [
        {"Name": name, "Type": "String", "DefaultValue": note} for name in ("SourceCommit", "InputDataUri")
    ]
    parameters.append({"Name": "DataFingerprint", "Type": "String"})
    refuse = {"Name": "Refuse", "Type": "Fail", "Arguments": {"ErrorMessage": "the gate refused"}}
    gate = {
        "Name": "Gate",
        "Type": "Condition",
        "Arguments": {
            "Conditions": [{"Type": "Equals", "LeftValue": "1", "RightValue": "2" if refuses else "1"}],
            "IfSteps": [],
            "ElseSteps": [refuse],
        },
    }
    return json.dumps({"Version": "2020-12-01", "Metadata": {}, "Parameters": parameters, "Steps": [gate]})


@pytest.fixture(scope="module")
def project() -> Path:
    return Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudProcess]:
    """One of its own: the stacks and the pipeline here are stand-ins."""
    steps = write_steps(tmp_path_factory.mktemp("steps"))
    started = start_cloud(tmp_path_factory.mktemp("cloud"), steps, "--speed", "60")
    yield started
    assert end_cloud(started) == 0


@pytest.fixture
def aws(cloud: CloudProcess, environment: None) -> CloudProcess:
    """The embedded AWS, and an environment that points at it."""
    return cloud


@pytest.fixture(scope="module")
def settings(project: Path) -> Settings:
    return load_settings(project / "config" / "shoppers.toml", "dev")


@pytest.fixture
def deployed(aws: CloudProcess, settings: Settings, project: Path, monkeypatch: pytest.MonkeyPatch) -> CloudProcess:
    """What `train` needs of a deployment: a storage stack that names the data bucket, a pipeline, a table."""
    monkeypatch.chdir(project)
    stacks = aws("cloudformation")
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"DataBucketName": {"Value": BUCKET}},
    }
    if not any(b["Name"] == BUCKET for b in aws("s3").list_buckets()["Buckets"]):
        aws("s3").create_bucket(Bucket=BUCKET)
        stacks.create_stack(StackName=settings.names.stack("storage"), TemplateBody=json.dumps(template))
        aws("sagemaker").create_pipeline(
            PipelineName=settings.names.pipeline,
            PipelineDefinition=definition(),
            RoleArn="arn:aws:iam::000000000000:role/pipeline",
            ClientRequestToken="a" * 32,
        )
    aws("s3").put_object(Bucket=BUCKET, Key="data/table.csv", Body=b"a,b\n1,2\n")
    stack = settings.names.stack("storage")
    eventually(lambda: stacks.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE")
    return aws


def redefine(aws: CloudProcess, settings: Settings, body: str) -> None:
    aws("sagemaker").update_pipeline(PipelineName=settings.names.pipeline, PipelineDefinition=body)


def executions(aws: CloudProcess, settings: Settings) -> int:
    return len(
        aws("sagemaker").list_pipeline_executions(PipelineName=settings.names.pipeline)["PipelineExecutionSummaries"]
    )


def test_a_run_is_started_once_for_the_same_inputs(
    deployed: CloudProcess, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    redefine(deployed, settings, definition(note="same inputs"))
    assert main(["train", "--if-changed", "--wait"]) == 0
    before = executions(deployed, settings)
    assert main(["train", "--if-changed"]) == 0
    assert "nothing has changed since" in capsys.readouterr().out
    assert executions(deployed, settings) == before


class Throttled:
    """A stage whose pipeline cannot be described."""

    names = Names("shoppers", "dev")

    def client(self, _service: str) -> "Throttled":
        return self

    def describe_pipeline_execution(self, **_: str) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "too often"}}, "DescribeExecution")


def test_what_aws_refuses_during_the_wait_is_one_line() -> None:
    stage: Any = Throttled()
    with (
        pytest.raises(LaunchError, match="DescribeExecution failed with ThrottlingException: too often"),
        readable_errors(),
    ):
        Trainer(stage).wait("arn", lambda _: None)


def test_new_data_starts_a_run(deployed: CloudProcess, settings: Settings) -> None:
    redefine(deployed, settings, definition(note="new data"))
    assert main(["train", "--if-changed"]) == 0
    before = executions(deployed, settings)
    deployed("s3").put_object(Bucket=BUCKET, Key="data/table.csv", Body=b"a,b\n1,2\n3,4\n")
    assert main(["train", "--if-changed"]) == 0
    assert executions(deployed, settings) == before + 1


def test_a_changed_definition_starts_a_run(deployed: CloudProcess, settings: Settings) -> None:
    redefine(deployed, settings, definition(note="old"))
    assert main(["train", "--if-changed"]) == 0
    before = executions(deployed, settings)
    redefine(deployed, settings, definition(note="new"))
    assert main(["train", "--if-changed"]) == 0
    assert executions(deployed, settings) == before + 1


def test_a_refused_candidate_is_not_trained_again_by_a_push_that_changes_nothing(
    deployed: CloudProcess, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    redefine(deployed, settings, definition(refuses=True))
    assert main(["train", "--wait"]) == 1
    assert "the gate refused" in capsys.readouterr().err
    before = executions(deployed, settings)
    assert main(["train", "--if-changed"]) == 1
    assert "Failed" in capsys.readouterr().out
    assert executions(deployed, settings) == before


def test_the_commit_and_the_data_travel_as_parameters(deployed: CloudProcess, settings: Settings) -> None:
    deployed("s3").put_object(Bucket=BUCKET, Key="elsewhere/table.csv", Body=b"a\n1\n")
    uri = f"s3://{BUCKET}/elsewhere/"
    assert main(["train", "--commit", "abc123", "--data-uri", uri]) == 0
    sagemaker = deployed("sagemaker")
    newest = sagemaker.list_pipeline_executions(PipelineName=settings.names.pipeline, SortOrder="Descending")
    arn = newest["PipelineExecutionSummaries"][0]["PipelineExecutionArn"]
    found = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)["PipelineParameters"]
    given = {p["Name"]: p["Value"] for p in found}
    assert len(given.pop("DataFingerprint")) == 64
    assert given == {"SourceCommit": "abc123", "InputDataUri": uri}


def test_without_data_nothing_is_started(
    deployed: CloudProcess, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    before = executions(deployed, settings)
    assert main(["train", "--data-uri", f"s3://{BUCKET}/nothing/"]) == 1
    assert "must have a table" in capsys.readouterr().err
    assert executions(deployed, settings) == before


def test_what_is_not_deployed_is_named(
    aws: CloudProcess, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    assert main(["train", "--stage", "prod"]) == 1
    assert "shoppers-prod" in capsys.readouterr().err


def test_smoke_names_every_stack_that_is_missing(deployed: CloudProcess, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["smoke"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "ok      stack shoppers-dev-storage is CREATE_COMPLETE" in lines
    assert "ok      endpoint shoppers-dev serves nothing yet: it waits for its first approved model" in lines
    assert sum(line.startswith("NOT ok  stack shoppers-dev-rollout") for line in lines) == 1
