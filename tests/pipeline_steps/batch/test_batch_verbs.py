"""The verbs of a batch as SageMaker runs them, around a transform of the trained model's own server."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline_steps.artifact.reading import read_folder
from pipeline_steps.server.application import Application
from tests.model_registry import ARN, registry
from tests.pipeline_steps.shop import HEADER, lay_use_case, shop_rows, write_rows
from tests.pipeline_steps.verbs import run_verb
from tests.transformed import transform

COLLECT = ("collect", "--model-package-group=shop", "--max-payload-mb=1")
ASSEMBLE = ("assemble", "--max-failed-percent=1", "--max-prediction-drift=0.25")


@pytest.fixture
def archive(jobs: Any, tmp_path: Path) -> bytes:
    return bytes(jobs.archive(jobs.linear, tmp_path / "model/model.tar.gz").read_bytes())


def scored(base: Path, archive: bytes, rows: list[list[str]], jobs: Any) -> Path:
    """Run collect, the transform and assemble on `rows`; the folder of the report and the results."""
    collecting, assembling = base / "collect", base / "assemble"
    write_rows(collecting / "processing/input/batch/day/shop.csv", rows)
    lay_use_case(collecting)
    with registry(archive) as environment:
        ended = run_verb(collecting, *COLLECT, environment=environment)
    assert ended.returncode == 0, ended.stderr
    made, inputs = collecting / "processing/output", assembling / "processing/input"
    artifact = read_folder(jobs.linear / "model")
    application = Application(artifact.contract, artifact.scorer, batch=True)
    transform(application, made / "requests", inputs / "responses")
    for name in ("source", "plan"):
        shutil.copytree(made / name, inputs / name)
    ended = run_verb(assembling, *ASSEMBLE)
    assert ended.returncode == 0, ended.stderr
    return assembling / "processing/output"


def test_the_approved_model_scores_a_batch_and_reports_the_row_that_it_refuses(
    jobs: Any, archive: bytes, tmp_path: Path
) -> None:
    rows = shop_rows(400, seed=3)
    rows[7][0] = "many"
    out = scored(tmp_path, archive, rows, jobs)
    report = json.loads((out / "report/batch.json").read_text())
    assert (report["model_package_arn"], report["refusal_count"]) == (ARN, 0)
    assert (report["rows"], report["scored"], report["failed"]) == (400, 399, 1)
    assert report["drift"].keys() == {"score", "label"}
    header, *results = (out / "results/day/shop.csv.out").read_text().splitlines()
    assert header == ",".join([*HEADER, "prediction_score", "prediction_label"])
    assert [line.rsplit(",", 2)[0] for line in results] == [",".join(row) for row in rows[:7] + rows[8:]]
    failed = [json.loads(line) for line in (out / "report/failed_rows.jsonl").read_text().splitlines()]
    assert [(row["file"], row["row"], row["source"]) for row in failed] == [("day/shop.csv", 8, rows[7])]
    assert "column visits must be a number" in failed[0]["reason"]


def test_predictions_that_drift_are_not_published(jobs: Any, archive: bytes, tmp_path: Path) -> None:
    rows = [["40", "90", "Nov", "TRUE", ""] for _ in range(300)]
    report = json.loads((scored(tmp_path, archive, rows, jobs) / "report/batch.json").read_text())
    assert report["refusal_count"] >= 1
    assert "the drift of the predictions (score) is" in report["refusals"]
    publishing = tmp_path / "publish"
    shutil.copytree(tmp_path / "assemble/processing/output/report", publishing / "processing/input/report")
    arguments = (f"--{name}=s3://b/{name}" for name in ("results", "report", "output"))
    ended = run_verb(publishing, "publish", *arguments, "--kms-key=k")
    assert (ended.returncode, "must be accepted before they are published" in ended.stderr) == (1, True)


def test_a_model_whose_files_are_not_those_that_were_approved_scores_nothing(archive: bytes, tmp_path: Path) -> None:
    write_rows(tmp_path / "processing/input/batch/shop.csv", shop_rows(3))
    lay_use_case(tmp_path)
    with registry(archive, registered="0a1b") as environment:
        ended = run_verb(tmp_path, *COLLECT, environment=environment)
    assert ended.returncode == 1
    assert f"the files of {ARN} must be those that were approved, sha256 0a1b, got " in ended.stderr
    assert not list((tmp_path / "processing/output").rglob("*.jsonl")), "no request was written"


def test_without_an_approved_model_nothing_is_collected(tmp_path: Path) -> None:
    write_rows(tmp_path / "processing/input/batch/shop.csv", shop_rows(3))
    lay_use_case(tmp_path)
    with registry(None) as environment:
        ended = run_verb(tmp_path, *COLLECT, environment=environment)
    assert ended.returncode == 1
    assert "must have an approved model, it has none" in ended.stderr
