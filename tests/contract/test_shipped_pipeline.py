"""The shipped pipeline on the embedded AWS: its cached steps against data that changes where it lies, a failing job."""

import json
from pathlib import Path
from typing import Any

import pytest

from rehearsal.journey.demo_data.registry import write_demo_csv
from rehearsal.journey.embedded_aws import EmbeddedAws
from rehearsal.journey.training_run import TrainingRun, step_rows, train, upload
from slipway.errors import LaunchError
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.pipeline_executions import Trainer
from slipway.settings import Settings, load_settings
from slipway.training import to_json, training_pipeline, use_case_document
from tests.rehearsal.cloud.process import PROJECT, CloudProcess, eventually

DATA, ARTIFACTS = "data-bucket", "artifacts-bucket"
CLOUD_OPTIONS, WITH_SHIPPED_STEPS = ("--speed", "60"), True
CACHED = ("Prepare", "Reference", "Tune")
ROLE = "arn:aws:iam::000000000000:role/r"


@pytest.fixture(scope="module")
def settings() -> Settings:
    """The shipped ones, with a search of one quick job."""
    shipped = load_settings(PROJECT / "config" / "shoppers.toml", "dev")
    quick = {"fixed": {"num_round": "20", "early_stopping_rounds": "5"}, "max_jobs": 1, "max_parallel_jobs": 1}
    return shipped.model_copy(update={"tuning": shipped.tuning.model_copy(update=quick)})


@pytest.fixture(scope="module")
def deployed(cloud: CloudProcess, settings: Settings) -> CloudProcess:
    """The buckets, the storage stack's output, and the pipeline without what follows its cached steps."""
    roles = dict.fromkeys(("processing_role_arn", "training_role_arn", "evaluation_role_arn"), ROLE)
    definition = training_pipeline(
        settings,
        bucket=ARTIFACTS,
        data_bucket=DATA,
        kms_key_arn="alias/aws/s3",
        image_uri=cloud.image,
        use_case_uri=f"s3://{DATA}/use_case.json",
        **roles,
    )
    definition["Steps"] = [step for step in definition["Steps"] if step["Name"] in CACHED]
    cloud("sagemaker").create_pipeline(
        PipelineName=settings.names.pipeline,
        PipelineDefinition=to_json(definition),
        RoleArn=ROLE,
        ClientRequestToken="p" * 32,
    )
    for bucket in (DATA, ARTIFACTS):
        cloud("s3").create_bucket(Bucket=bucket)
    cloud("s3").put_object(Bucket=DATA, Key="use_case.json", Body=json.dumps(use_case_document(settings)).encode())
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"DataBucketName": {"Value": DATA}},
    }
    stacks, name = cloud("cloudformation"), settings.names.stack("storage")
    stacks.create_stack(StackName=name, TemplateBody=json.dumps(template))
    eventually(lambda: stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE")
    return cloud


def put_table(cloud: CloudProcess, folder: Path, *, seed: int) -> None:
    write_demo_csv(folder / "table.csv", rows=1500, seed=seed)
    cloud("s3").upload_file(str(folder / "table.csv"), DATA, "data/table.csv")


def trained(cloud: CloudProcess, settings: Settings) -> dict[str, Any]:
    """The cached steps of a run that `slipway train` starts."""
    trainer = Trainer(DeployedStage(settings))
    run = trainer.wait(trainer.start(trainer.inputs(), commit="c"), lambda _: None)
    assert (run.status, run.reason) == ("Succeeded", "")
    found = cloud("sagemaker").list_pipeline_execution_steps(PipelineExecutionArn=run.arn)["PipelineExecutionSteps"]
    return {step["StepName"]: step for step in found}


def model(cloud: CloudProcess, steps: dict[str, Any]) -> str:
    """The ETag of the model that the search found."""
    name = steps["Tune"]["Metadata"]["TuningJob"]["Arn"].rpartition("/")[2]
    job = cloud("sagemaker").describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    key = f"pipeline/models/{job['BestTrainingJob']['TrainingJobName']}/output/model.tar.gz"
    etag: str = cloud("s3").head_object(Bucket=ARTIFACTS, Key=key)["ETag"]
    return etag


def cache_hits(steps: dict[str, Any]) -> set[str]:
    return {name for name, step in steps.items() if step.get("CacheHitResult")}


@pytest.mark.usefixtures("account")
def test_two_tables_under_one_key_give_two_models_and_the_same_table_again_is_a_cache_hit(
    deployed: CloudProcess, settings: Settings, tmp_path: Path
) -> None:
    put_table(deployed, tmp_path, seed=1)
    first = trained(deployed, settings)
    put_table(deployed, tmp_path, seed=2)
    second, again = trained(deployed, settings), trained(deployed, settings)
    assert (cache_hits(first), cache_hits(second)) == (set(), set())
    assert model(deployed, first) != model(deployed, second)
    assert cache_hits(again) == set(CACHED)
    assert model(deployed, again) == model(deployed, second)


def test_a_run_that_does_not_say_which_data_it_is_for_is_refused(deployed: CloudProcess, settings: Settings) -> None:
    sagemaker = deployed("sagemaker")
    with pytest.raises(sagemaker.exceptions.ClientError, match="DataFingerprint"):
        sagemaker.start_pipeline_execution(PipelineName=settings.names.pipeline, ClientRequestToken="s" * 32)


class Quiet:
    """Shows nothing."""

    def log(self, text: str) -> None: ...
    def show(self, text: str) -> None: ...


def test_a_run_whose_job_fails_ends_with_the_jobs_reason_and_the_last_lines_of_its_log(
    deployed: CloudProcess, settings: Settings, tmp_path: Path
) -> None:
    write_demo_csv(tmp_path / "table.csv", rows=300, seed=1)
    text = (tmp_path / "table.csv").read_text(encoding="utf-8")
    (tmp_path / "table.csv").write_text(text.replace("TRUE", "FALSE"), encoding="utf-8")
    aws, run = EmbeddedAws(deployed.endpoint_url, deployed.key), TrainingRun()
    data = upload(aws, [tmp_path / "table.csv"], bucket=DATA, prefix="failing/")
    with pytest.raises(LaunchError) as raised:
        train(aws, run, pipeline=settings.names.pipeline, input_data_uri=data, commit="c", phase=Quiet())
    reason, *log = str(raised.value).splitlines()
    assert "AlgorithmError: target Revenue must hold the positive label 'TRUE', got 'FALSE' (300 rows)" in reason
    assert log[0] == "the last lines of Prepare's log:"
    assert "target Revenue must hold" in "".join(log[1:])
    assert [(row["step"], row["status"]) for row in step_rows(run)] == [("Prepare", "Failed")]
    assert (run.package_arn, run.evaluation) == ("", {})
