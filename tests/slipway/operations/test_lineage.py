"""`slipway models --lineage`, against the embedded AWS."""

import json
from datetime import UTC, datetime

import boto3
from botocore.stub import Stubber

from slipway.operations.audit_log import AuditLog
from slipway.operations.lineage import lineages
from slipway.rollout.audit import append
from tests.slipway.operations.conftest import BUCKET, NAMES, PROVENANCE, ROLE, World

TABLE = {"InputDataUri": "s3://data/sessions/", "DataFingerprint": "f" * 64}


def execution(world: World) -> str:
    """A run of a pipeline with one job."""
    job = {
        "AlgorithmSpecification": {"TrainingImage": world.cloud.image, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "HyperParameters": {"x": "0.5"},
    }
    definition = {
        "Version": "2020-12-01",
        "Parameters": [{"Name": name, "Type": "String", "DefaultValue": value} for name, value in TABLE.items()],
        "Steps": [{"Name": "Reference", "Type": "Training", "Arguments": job}],
    }
    sagemaker = world.cloud("sagemaker")
    sagemaker.create_pipeline(
        PipelineName="shoppers-dev",
        PipelineDefinition=json.dumps(definition),
        ClientRequestToken="t" * 32,
        RoleArn=ROLE,
    )
    run: str = sagemaker.start_pipeline_execution(PipelineName="shoppers-dev")["PipelineExecutionArn"]
    world.until_ended(run)
    return run


def test_a_version_is_traced_from_the_commit_and_the_data_to_the_endpoint(world: World) -> None:
    run, sagemaker = execution(world), world.cloud("sagemaker")
    arn = world.package("Approved", pipeline_execution_arn=run, model_sha256="a" * 64)
    world.serve("blue", arn)
    log = AuditLog(world.cloud("s3"), BUCKET, NAMES.audit_prefix)
    for action in ("begun", "promoted"):
        append(log, time="2026-11-29T10:00:00Z", actor="arn:rollout", action=action, subject=arn, detail={})
    (found,) = world.json("models", "--lineage")
    sagemaker.delete_pipeline(PipelineName="shoppers-dev", ClientRequestToken="u" * 32)
    (trained,) = sagemaker.list_training_jobs(NameContains=run.rsplit("/", 1)[-1])["TrainingJobSummaries"]
    assert (found["commit"], found["execution"]) == (PROVENANCE["commit"], run)
    assert (found["data"]["uri"], found["data"]["fingerprint"]) == tuple(TABLE.values())
    assert found["data"]["sha256"] == PROVENANCE["data_sha256"]
    assert found["jobs"] == [{"step": "Reference", "arn": trained["TrainingJobArn"], "reused_from": None}]
    assert (found["model"]["package"], found["model"]["sha256"]) == (arn, "a" * 64)
    assert found["model"]["artifact"] == f"s3://{BUCKET}/model.tar.gz"
    assert found["endpoint"] == {
        "name": NAMES.endpoint,
        "config": "blue",
        "rollouts": [{"time": "2026-11-29T10:00:00Z", "outcome": "promoted", "execution": "arn:rollout"}],
    }


def test_a_promoted_version_keeps_its_origin_though_its_execution_is_another_accounts(world: World) -> None:
    run = "arn:aws:sagemaker:us-east-1:111111111111:pipeline/shoppers-staging/execution/e1"
    origin = "arn:aws:sagemaker:us-east-1:111111111111:model-package/shoppers-staging/3"
    world.package(pipeline_execution_arn=run, promoted_from=origin)
    code, out, err = world.slipway("models", "--lineage")
    assert code == 0, err
    lines = dict(line.split(maxsplit=1) for line in out.splitlines() if not line.startswith("version"))
    assert lines["commit"] == PROVENANCE["commit"]
    assert lines["data"] == f"sha256 {PROVENANCE['data_sha256']}"
    assert f"promoted from  {origin}" in out
    assert f"{NAMES.endpoint} does not serve it now, never rolled out" in out
    assert "job  " not in out.replace("training job  ", "")


def test_the_execution_of_another_account_is_not_asked_for() -> None:
    """AWS would deny it; here every call that is not expected fails."""
    sagemaker = boto3.client("sagemaker", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    run = "arn:aws:sagemaker:eu-west-1:111111111111:pipeline/shoppers-staging/execution/e1"
    arn = "arn:aws:sagemaker:eu-west-1:222222222222:model-package/shoppers-prod/1"
    package = {
        "ModelPackageArn": arn,
        "ModelPackageName": "shoppers-prod/1",
        "CreationTime": datetime(2026, 11, 29, tzinfo=UTC),
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "CustomerMetadataProperties": {"pipeline_execution_arn": run},
    }
    with Stubber(sagemaker) as aws:
        aws.add_client_error("describe_endpoint", "ValidationException", "Could not find endpoint")
        aws.add_response("describe_model_package", package)
        (found,) = lineages(sagemaker, [arn], endpoint="shoppers-prod", audit=[])
        aws.assert_no_pending_responses()
    assert (found.package.pipeline_execution, found.jobs, found.data.uri) == (run, [], None)
