"""`slipway models` and `slipway cost --last-run`, against the embedded AWS."""

import json

from tests.slipway.operations.conftest import PROVENANCE, World, number


def test_every_version_is_listed_newest_first_with_where_it_comes_from(world: World) -> None:
    old, new = world.package("Approved"), world.package()
    world.serve("blue", old)
    rows = world.json("models")
    assert [row["arn"] for row in rows] == [new, old]
    assert [row["live"] for row in rows] == [False, True]
    assert [row["approval"] for row in rows] == ["PendingManualApproval", "Approved"]
    row = rows[0]
    assert (row["algorithm"], row["metric"], row["value"]) == ("xgboost", "auc", 0.9312)
    assert (row["commit"], row["data_sha256"]) == (PROVENANCE["commit"], PROVENANCE["data_sha256"])
    assert row["pipeline_execution"] == PROVENANCE["pipeline_execution_arn"]
    assert row["training_job"] == "pipelines-e1-Tune"
    assert row["image_digest"].startswith("sha256:")


def test_people_see_which_one_serves_and_why_one_was_rejected(world: World) -> None:
    arn = world.package()
    world.cloud("sagemaker").update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus="Rejected",
        ApprovalDescription="alarm c-Latency",
        CustomerMetadataProperties={"gate_metric_against": "permuted rows"},
    )
    code, out, _ = world.slipway("models")
    assert code == 0
    columns = "version approval algorithm metric created commit data image run"
    assert out.splitlines()[0].split() == columns.split()
    assert "Rejected  xgboost    auc against permuted rows 0.9312" in out
    assert f"{number(arn)}: alarm c-Latency" in out
    assert "*" not in out


def test_only_the_newest_are_listed(world: World) -> None:
    newest = [world.package() for _ in range(3)][-1]
    assert [row["arn"] for row in world.json("models", "--newest", "1")] == [newest]


def test_an_empty_group_names_the_next_step(world: World) -> None:
    assert world.slipway("models")[:2] == (
        0,
        "no model is registered yet; `slipway train` registers one if its gate passes\n",
    )


def test_a_package_that_notes_nothing_is_listed_all_the_same(world: World) -> None:
    sagemaker = world.cloud("sagemaker")
    sagemaker.create_model_package(ModelPackageGroupName="shoppers-dev", ModelApprovalStatus="Approved")
    (row,) = world.json("models")
    assert (row["metric"], row["commit"], row["image"]) == (None, None, None)
    assert world.slipway("models")[0] == 0


def test_a_group_that_is_not_deployed_names_the_stack_to_deploy(world: World) -> None:
    code, _, err = world.slipway("models", "--stage", "prod")
    assert code == 1
    assert err == "slipway: there is no model package group shoppers-prod; deploy shoppers-prod-training first\n"


def test_the_cost_of_a_pipeline_that_never_ran_is_not_made_up(world: World) -> None:
    code, _, err = world.slipway("cost", "--last-run")
    assert code == 1
    assert "there is no pipeline shoppers-dev" in err


def test_the_last_run_costs_what_its_jobs_were_billed_for(world: World) -> None:
    image = world.cloud.image
    definition = {
        "Version": "2020-12-01",
        "Parameters": [],
        "Steps": [
            {
                "Name": "Reference",
                "Type": "Training",
                "Arguments": {
                    "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
                    "RoleArn": "arn:aws:iam::000000000000:role/any",
                    "OutputDataConfig": {"S3OutputPath": "s3://artifacts/models"},
                    "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 5},
                    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
                    "HyperParameters": {"x": "0.5", "sleep": "1.2"},
                },
            }
        ],
    }
    sagemaker = world.cloud("sagemaker")
    sagemaker.create_pipeline(
        PipelineName="shoppers-dev",
        PipelineDefinition=json.dumps(definition),
        ClientRequestToken="t" * 32,
        RoleArn="arn:aws:iam::000000000000:role/any",
    )
    run = sagemaker.start_pipeline_execution(PipelineName="shoppers-dev")["PipelineExecutionArn"]
    world.until_ended(run)
    found = world.json("cost", "--last-run")["run"]
    (job,) = sagemaker.list_training_jobs(NameContains=run.rsplit("/", 1)[-1])["TrainingJobSummaries"]
    billed = sagemaker.describe_training_job(TrainingJobName=job["TrainingJobName"])["BillableTimeInSeconds"]
    (line,) = found["lines"]
    assert line["what"] == "Reference: 1 job, ml.m5.xlarge"
    assert line["quantity"] == billed / 3600
    assert line["dollars"] == billed / 3600 * 0.23
    assert run.rsplit("/", 1)[-1] in found["title"]
    sagemaker.delete_pipeline(PipelineName="shoppers-dev", ClientRequestToken="u" * 32)
