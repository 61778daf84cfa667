"""The pipeline that scores files on the embedded AWS: real jobs, and the model's server in a transform job."""

import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline_steps import prepare, train
from pipeline_steps.artifact.reading import read_archive
from pipeline_steps.documents import write_json
from pipeline_steps.paths import Paths
from rehearsal.journey.demo_data.registry import write_demo_csv
from slipway.operations.polling import Polling
from slipway.operations.scoring import BatchScoring, ScoringResult
from slipway.settings import Settings, load_settings
from slipway.settings.batch import Batch
from slipway.training import to_json, use_case_document
from slipway.training.batch_keys import PUBLISHED
from slipway.training.batch_pipeline import BatchRoles, batch_pipeline
from tests.rehearsal.cloud.process import PROJECT, CloudProcess

DATA, ARTIFACTS = "data-bucket", "artifacts-bucket"
CLOUD_OPTIONS, WITH_SHIPPED_STEPS = ("--speed", "60"), True
ROLE = "arn:aws:iam::000000000000:role/r"
MODEL = "pipeline/models/job/output/model.tar.gz"


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(PROJECT / "config" / "shoppers.toml", "dev")


@pytest.fixture(scope="module")
def archive(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a made-up table."""
    base = tmp_path_factory.mktemp("trained")
    paths, job = Paths(base / "prepare"), Paths(base / "train")
    paths.processing_input("data").mkdir(parents=True)
    write_demo_csv(paths.processing_input("data") / "demo.csv", rows=1500, seed=0)
    write_json(paths.processing_input("use_case") / "use_case.json", use_case_document(settings))
    prepare.main([], paths)
    job.channel("train").parent.mkdir(parents=True)
    for channel in ("train", "validation"):
        job.channel(channel).symlink_to(paths.processing_output(channel))
    write_json(job.hyperparameters, {"algorithm": "linear"})
    job.model.mkdir()
    train.main([], job)
    with tarfile.open(base / "model.tar.gz", "w:gz") as tar:
        for file in sorted(job.model.iterdir()):
            tar.add(file, file.name)
    return base / "model.tar.gz"


@pytest.fixture(scope="module")
def scoring(cloud: CloudProcess, settings: Settings, archive: Path) -> BatchScoring:
    """Buckets, an approved package, and the pipeline."""
    s3, sagemaker, group = cloud("s3"), cloud("sagemaker"), settings.names.package_group
    for bucket in (DATA, ARTIFACTS):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=DATA, Key="use_case/0a1b.json", Body=json.dumps(use_case_document(settings)).encode())
    s3.upload_file(str(archive), ARTIFACTS, MODEL)
    sha256 = read_archive(archive).sha256
    container = {"Image": cloud.image, "ModelDataUrl": f"s3://{ARTIFACTS}/{MODEL}"}
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    sagemaker.create_model_package(
        ModelPackageGroupName=group,
        ModelApprovalStatus="Approved",
        CustomerMetadataProperties={"model_sha256": sha256},
        InferenceSpecification={
            "Containers": [container | {"Environment": {"SLIPWAY_MODEL_SHA256": sha256}}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
            "SupportedTransformInstanceTypes": ["ml.m5.large"],
            "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.large"],
        },
    )
    definition = batch_pipeline(
        settings,
        Batch(),
        bucket=ARTIFACTS,
        data_bucket=DATA,
        kms_key_arn="alias/aws/s3",
        image_uri=cloud.image,
        use_case_uri=f"s3://{DATA}/use_case/0a1b.json",
        roles=BatchRoles(collect=ROLE, model=ROLE, assemble=ROLE, publish=ROLE),
    )
    sagemaker.create_pipeline(
        PipelineName=settings.names.batch_pipeline,
        PipelineDefinition=to_json(definition),
        RoleArn=ROLE,
        ClientRequestToken="p" * 32,
    )
    polling = Polling(longest_wait_seconds=0.2)
    return BatchScoring(cloud, settings.names.batch_pipeline, ARTIFACTS, f"s3://{DATA}/score/", polling)


@pytest.fixture(scope="module")
def sessions(cloud: CloudProcess, scoring: BatchScoring, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that is scored, beside one of wrong rows."""
    made = tmp_path_factory.mktemp("sessions") / "sessions.csv"
    write_demo_csv(made, rows=400, seed=5)
    cloud("s3").upload_file(str(made), DATA, "score/day/sessions.csv")
    cloud("s3").put_object(Bucket=DATA, Key="score/wrong.jsonl", Body=b"{no JSON\n[]\n")
    assert scoring.input_place == f"s3://{DATA}/score/"
    return made


def interrupted(
    scoring: BatchScoring, cloud: CloudProcess, when: str, act: Callable[[str], object]
) -> tuple[ScoringResult, list[str]]:
    """Score, and act on the execution as soon as its steps report `when`; what became of it, and what is published."""
    execution = scoring.start()

    def report(line: str) -> None:
        if line == when:
            act(execution)

    result = scoring.follow(execution, report)
    place = f"{PUBLISHED}/{execution.rpartition('/')[2]}"
    listed = cloud("s3").list_objects_v2(Bucket=ARTIFACTS, Prefix=place).get("Contents", ())
    return result, [each["Key"] for each in listed]


def test_a_batch_that_is_stopped_publishes_nothing_and_the_next_one_all_with_its_manifest_by_a_transform_job(
    scoring: BatchScoring, cloud: CloudProcess, sessions: Path, tmp_path: Path
) -> None:
    def stop(execution: str) -> None:
        cloud("sagemaker").stop_pipeline_execution(PipelineExecutionArn=execution, ClientRequestToken="s" * 32)

    stopped, published = interrupted(scoring, cloud, "Score: Executing", stop)
    assert (stopped.status, stopped.published, stopped.report, published) == ("Stopped", "", {}, [])
    (job,) = cloud("sagemaker").list_transform_jobs()["TransformJobSummaries"]
    assert job["TransformJobStatus"] in ("Stopping", "Stopped")
    lines: list[str] = []
    result = scoring.follow(scoring.start(), lines.append)
    assert (result.status, result.reason) == ("Succeeded", ""), lines
    assert (result.report["rows"], result.report["scored"], result.failed_rows) == (402, 400, 2)
    scoring.download(result, tmp_path / "out")
    source = sessions.read_text().splitlines()
    made = (tmp_path / "out/day/sessions.csv.out").read_text().splitlines()
    assert [line.rsplit(",", 2)[0] for line in made] == source
    failed = [json.loads(line) for line in (tmp_path / "out/failed_rows.jsonl").read_text().splitlines()]
    assert [(row["file"], row["row"]) for row in failed] == [("wrong.jsonl", 1), ("wrong.jsonl", 2)]
    newest = cloud("sagemaker").list_transform_jobs(SortBy="CreationTime", SortOrder="Descending")
    assert newest["TransformJobSummaries"][0]["TransformJobStatus"] == "Completed"


@pytest.mark.usefixtures("sessions")
def test_a_batch_whose_model_loses_its_approval_meanwhile_is_not_published(
    scoring: BatchScoring, cloud: CloudProcess, settings: Settings
) -> None:
    sagemaker, group = cloud("sagemaker"), settings.names.package_group
    (package,) = sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]

    def decide(status: str) -> None:
        sagemaker.update_model_package(ModelPackageArn=package["ModelPackageArn"], ModelApprovalStatus=status)

    result, published = interrupted(scoring, cloud, "Assemble: Executing", lambda _: decide("Rejected"))
    decide("Approved")
    assert (result.status, result.published, published) == ("Failed", "", [])
    assert "must be Approved for its results to be published, it is Rejected now" in result.reason
    assert result.report["scored"] == 400, "the results are kept where they were checked"
