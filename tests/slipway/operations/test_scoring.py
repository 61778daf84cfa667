"""Scoring files: what may be read and written, progress, and what became of the rows."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from slipway.errors import InputError
from slipway.operations.scoring import BatchScoring

ARN = "arn:aws:sagemaker:us-east-1:000000000000:pipeline/shoppers-dev-batch/execution/e1"
REPORT = {"rows": 3, "scored": 2, "failed": 1, "files": [{}], "drift": {}}


class Account:
    """SageMaker and S3 at the end of an execution with these objects."""

    def __init__(self, objects: dict[str, Any], *, steps: list[dict[str, Any]] | None = None) -> None:
        self.objects, self.steps = objects, steps or [{"StepName": "Collect", "StepStatus": "Succeeded"}]
        self.started: dict[str, str] = {}

    def __call__(self, _service: str) -> "Account":
        return self

    def start_pipeline_execution(self, *, PipelineName: str, PipelineParameters: Any) -> dict[str, str]:  # noqa: N803
        assert PipelineName == "shoppers-dev-batch"
        self.started = {each["Name"]: each["Value"] for each in PipelineParameters}
        return {"PipelineExecutionArn": ARN}

    def describe_pipeline_execution(self, **_: Any) -> dict[str, str]:
        failed = any(step["StepStatus"] == "Failed" for step in self.steps)
        return {"PipelineExecutionStatus": "Failed" if failed else "Succeeded", "FailureReason": "Step failure"}

    def list_pipeline_execution_steps(self, **_: Any) -> dict[str, Any]:
        return {"PipelineExecutionSteps": self.steps}

    def list_pipeline_parameters_for_execution(self, **_: Any) -> dict[str, Any]:
        return {"PipelineParameters": []}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        assert Bucket == "artifacts"
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(json.dumps(self.objects[Key]).encode())}

    def download_file(self, _bucket: str, key: str, target: str) -> None:
        Path(target).write_text(key)


def scoring(account: Account) -> BatchScoring:
    return BatchScoring(account, "shoppers-dev-batch", "artifacts", "s3://data/score/")


PUBLISHED = {
    "batch/work/e1/assemble/report/batch.json": REPORT,
    "batch/published/e1/manifest.json": {"objects": [{"name": "day/t.csv.out"}]},
}


def test_a_published_batch_and_its_files(tmp_path: Path) -> None:
    lines: list[str] = []
    result = scoring(Account(PUBLISHED)).follow(ARN, lines.append)
    assert lines == ["Collect: Succeeded"]
    assert (result.published, result.failed_rows, result.reason) == ("s3://artifacts/batch/published/e1", 1, "")
    files = scoring(Account(PUBLISHED)).download(result, tmp_path)
    assert files == [tmp_path / "day/t.csv.out", tmp_path / "manifest.json"]


def test_a_refused_batch_has_the_reason_of_its_step_and_a_report(tmp_path: Path) -> None:
    steps = [{"StepName": "Refuse", "StepStatus": "Failed", "FailureReason": "the results were not published: drift"}]
    account = Account({"batch/work/e1/assemble/report/batch.json": REPORT}, steps=steps)
    result = scoring(account).follow(ARN, lambda _: None)
    report, rows = scoring(account).download(result, tmp_path)
    assert (report, rows) == (tmp_path / "refused/batch.json", tmp_path / "refused/failed_rows.jsonl")
    assert rows.read_text() == "batch/work/e1/assemble/report/failed_rows.jsonl"
    assert (result.status, result.published) == ("Failed", "")
    assert result.reason == "the results were not published: drift"
    assert result.reports == "s3://artifacts/batch/work/e1/assemble/report"


@pytest.mark.parametrize("uri", ["s3://data/score/2026/", "s3://data/score/", "s3://artifacts/batch/uploads/1/"])
def test_input_below_what_the_roles_may_read_is_taken(uri: str) -> None:
    account = Account({})
    scoring(account).start(input_uri=uri, output_uri="s3://artifacts/batch/published/mine/")
    assert account.started == {"InputUri": uri, "OutputUri": "s3://artifacts/batch/published/mine"}


@pytest.mark.parametrize("below", ["e1", "e1/", "e1/rows/"])
def test_the_rows_of_a_query_can_be_scored_again_without_athenas_notes(below: str) -> None:
    account, uri = Account({}), f"s3://artifacts/batch/queries/{below}"
    replace(scoring(account), has_query=True).start(input_uri=uri)
    assert account.started == {"InputUri": "s3://artifacts/batch/queries/e1/rows/"}
    with pytest.raises(InputError, match=r"must be s3://artifacts/batch/queries/EXECUTION/ .* got .*/e1/notes/"):
        replace(scoring(account), has_query=True).start(input_uri="s3://artifacts/batch/queries/e1/notes/")


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"input_uri": "s3://artifacts/batch/queries/e1/"}, "--input must lie below s3://data/score/"),
        ({"input_uri": "s3://data/data/"}, r"--input must lie below s3://data/score/.*got s3://data/data/"),
        ({"input_uri": "s3://data/score-too/"}, "--input must lie below"),
        ({"output_uri": "s3://elsewhere/x"}, "--output must lie below s3://artifacts/batch/published/"),
    ],
)
def test_other_places_are_refused_before_anything_starts(given: dict[str, str], error: str) -> None:
    account = Account({})
    with pytest.raises(InputError, match=error):
        scoring(account).start(**given)
    assert account.started == {}


def test_only_a_file_with_content_is_sent(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    for name in ("empty.csv", "absent.csv"):
        with pytest.raises(InputError, match="--file must be a file that is not empty"):
            scoring(Account({})).upload(tmp_path / name)


def test_a_manifest_cannot_write_outside_of_the_folder(tmp_path: Path) -> None:
    account = Account({"batch/published/e1/manifest.json": {"objects": [{"name": "../t.csv.out"}]}})
    result = scoring(account).follow(ARN, lambda _: None)
    with pytest.raises(Exception, match="must stay below"):
        scoring(account).download(result, tmp_path)
