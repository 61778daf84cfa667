"""The shipped training on spot machines: a job whose machine is taken away makes the model of one that kept it."""

import io
import json
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pipeline_steps import prepare
from pipeline_steps.documents import write_json
from pipeline_steps.paths import Paths
from rehearsal.cloud.sagemaker.platform import Platform
from rehearsal.cloud.sagemaker.training_jobs import TrainingJobs
from rehearsal.containers.choice import choose_backend
from rehearsal.containers.container import Program
from rehearsal.jobs.job_runner import LocalJobRunner
from rehearsal.jobs.spot import SpotMarket
from rehearsal.journey.demo_data.registry import write_demo_csv
from slipway.settings import Settings, load_settings
from slipway.training import training_pipeline, use_case_document
from tests.rehearsal.cloud.process import eventually

PROJECT = Path(__file__).resolve().parents[2]
IMAGE, BUCKET = "repository/steps:1", "artifacts"
LONG = {"eta": "0.02", "subsample": "0.7", "max_depth": "6"}
ROUNDS = ("400", "1600", "6400")
"""A busy machine may look for the first checkpoint only when a job has ended: then a longer one is interrupted."""


@pytest.fixture(scope="module")
def settings() -> Settings:
    loaded = load_settings(PROJECT / "config" / "shoppers.toml", "dev")
    return loaded.model_copy(update={"training": loaded.training.model_copy(update={"spot": True})})


@pytest.fixture(scope="module")
def definition(settings: Settings) -> dict[str, Any]:
    """The arguments of each step."""
    roles = dict.fromkeys(
        ("processing_role_arn", "training_role_arn", "evaluation_role_arn"), "arn:aws:iam::000000000000:role/r"
    )
    document = training_pipeline(
        settings, bucket=BUCKET, kms_key_arn="key", image_uri=IMAGE, use_case_uri="s3://b/use_case.json", **roles
    )
    return {step["Name"]: step["Arguments"] for step in document["Steps"]}


@pytest.fixture(scope="module")
def s3(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """S3 with the splits that `prepare` made."""
    paths = Paths(tmp_path_factory.mktemp("prepare"))
    paths.processing_input("data").mkdir(parents=True)
    write_demo_csv(paths.processing_input("data") / "demo.csv", rows=1500, seed=0)
    write_json(paths.processing_input("use_case") / "use_case.json", use_case_document(settings))
    prepare.main([], paths)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        for split in ("train", "validation"):
            for file in paths.processing_output(split).iterdir():
                client.upload_file(str(file), BUCKET, f"prepared/{split}/{file.name}")
        yield client


@pytest.fixture(scope="module")
def market() -> SpotMarket:
    return SpotMarket(wait_seconds=1.0)


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """What the jobs have printed."""
    return []


@pytest.fixture(scope="module")
def jobs(
    s3: Any, market: SpotMarket, lines: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TrainingJobs]:
    """Training jobs of the control plane, run by the real runner from this project's own steps."""
    backend = choose_backend("prefix")
    program = Program(PROJECT, (sys.executable, "-m", "pipeline_steps"), {"OMP_NUM_THREADS": "1"})
    runner = LocalJobRunner(tmp_path_factory.mktemp("jobs"), s3, {IMAGE: program}.__getitem__, backend, {}, spot=market)
    platform = Platform(lambda *_: None)
    yield TrainingJobs(
        platform,
        lambda _group, _stream, printed: lines.extend(printed),
        runner,
        lambda _: None,
        check_experiment=lambda _: None,
    )
    platform.workers.close(grace_seconds=5)
    backend.close()


@pytest.fixture(scope="module")
def request_of(definition: dict[str, Any]) -> Callable[[str, str], dict[str, Any]]:
    """A trial of the search, as the tuning job asks for it, by its name and its rounds."""
    trial: dict[str, Any] = json.loads(json.dumps(definition["Tune"]["TrainingJobDefinition"]))
    static = trial.pop("StaticHyperParameters")
    for channel in trial["InputDataConfig"]:
        channel["DataSource"]["S3DataSource"]["S3Uri"] = f"s3://{BUCKET}/prepared/{channel['ChannelName']}/"

    def request(name: str, rounds: str) -> dict[str, Any]:
        given = static | LONG | {"num_round": rounds, "early_stopping_rounds": rounds}
        return {**trial, "TrainingJobName": name, "HyperParameters": given}

    return request


def ended(jobs: TrainingJobs, name: str) -> dict[str, Any]:
    def interrupted_job() -> Any:
        job = jobs.get(name)
        return job["TrainingJobStatus"] != "InProgress" and job

    found: dict[str, Any] = eventually(interrupted_job, seconds=120)
    return found


def model(s3: Any, job: dict[str, Any]) -> dict[str, bytes]:
    key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix(f"s3://{BUCKET}/")
    body = io.BytesIO(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    with tarfile.open(fileobj=body) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}  # type: ignore[union-attr]


def checkpoints(s3: Any) -> list[str]:
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix="pipeline/checkpoints/").get("Contents", [])
    return [row["Key"] for row in found if row["Key"].endswith(".ubj")]


def statuses(job: dict[str, Any]) -> list[str]:
    return [row["Status"] for row in job["SecondaryStatusTransitions"]]


def forget_checkpoints(s3: Any) -> None:
    for key in checkpoints(s3):
        s3.delete_object(Bucket=BUCKET, Key=key)


def test_a_spot_job_whose_machine_is_taken_away_makes_the_same_model_and_waits_for_free(
    jobs: TrainingJobs,
    s3: Any,
    market: SpotMarket,
    lines: list[str],
    request_of: Callable[[str, str], dict[str, Any]],
) -> None:
    for rounds in ROUNDS:
        name = f"cut-{rounds}"
        jobs.create(request_of(name, rounds))
        eventually(lambda: checkpoints(s3), seconds=60)
        market.take_back(name)
        cut = ended(jobs, name)
        forget_checkpoints(s3)
        if "Interrupted" in statuses(cut):
            break
    assert (cut["TrainingJobStatus"], cut.get("FailureReason")) == ("Completed", None)
    assert "Interrupted" in statuses(cut)
    assert any(line.startswith("continuing after ") for line in lines)
    assert cut["BillableTimeInSeconds"] < cut["TrainingTimeInSeconds"]
    jobs.create(request_of("whole", rounds))
    whole = ended(jobs, "whole")
    assert "Interrupted" not in statuses(whole)
    assert whole["BillableTimeInSeconds"] == whole["TrainingTimeInSeconds"]
    assert model(s3, cut) == model(s3, whole)
