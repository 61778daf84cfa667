"""`slipway track`, from an execution in the embedded AWS to a file store of MLflow."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.slipway.operations.conftest import BUCKET, ROLE, World

mlflow = pytest.importorskip("mlflow", reason="needs mlflow-skinny, which requirements-dev.lock has")

EVALUATION = {
    "problem": "binary",
    "algorithm": "xgboost",
    "hyperparameters": {"max_depth": 5, "monotone": None},
    "metrics": {"auc": 0.93},
    "baseline": {"auc": 0.9, "value": None},
    "naive": {"auc": 0.5},
    "champion": None,
    "gate": {"passed": True, "reasons": "every condition holds"},
}


def definition(image: str) -> dict[str, Any]:
    """A search of two jobs, and an evaluation that copies what lies in S3."""
    machine = {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 5}
    stopping = {"MaxRuntimeInSeconds": 60}
    folder = "/opt/ml/processing"
    tune = {
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 2},
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:auc"},
            "ParameterRanges": {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1"}]},
        },
        "TrainingJobDefinition": {
            "StaticHyperParameters": {"seed": "0"},
            "AlgorithmSpecification": {
                "TrainingImage": image,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "validation:auc", "Regex": "validation:auc=([0-9.]+)"}],
            },
            "RoleArn": ROLE,
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
            "ResourceConfig": machine,
            "StoppingCondition": stopping,
        },
    }
    given = {"S3Uri": f"s3://{BUCKET}/given/", "LocalPath": f"{folder}/input/data", "S3DataType": "S3Prefix"}
    made = {"S3Uri": f"s3://{BUCKET}/made", "LocalPath": f"{folder}/output/copy", "S3UploadMode": "EndOfJob"}
    evaluate = {
        "ProcessingResources": {"ClusterConfig": machine},
        "AppSpecification": {
            "ImageUri": image,
            "ContainerEntrypoint": ["python", "-m", "pipeline_steps"],
            "ContainerArguments": ["prepare", "1"],
        },
        "RoleArn": ROLE,
        "ProcessingInputs": [{"InputName": "data", "S3Input": {**given, "S3InputMode": "File"}}],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "evaluation", "S3Output": made}]},
        "StoppingCondition": stopping,
    }
    return {
        "Version": "2020-12-01",
        "Parameters": [{"Name": "SourceCommit", "Type": "String", "DefaultValue": "baaed3c"}],
        "Steps": [
            {"Name": "Tune", "Type": "Tuning", "Arguments": tune},
            {"Name": "Evaluate", "Type": "Processing", "Arguments": evaluate, "DependsOn": ["Tune"]},
        ],
    }


def test_an_execution_becomes_a_run_with_one_for_each_trial_and_the_evaluation(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sagemaker = world.cloud("sagemaker")
    world.cloud("s3").put_object(Bucket=BUCKET, Key="given/evaluation.json", Body=json.dumps(EVALUATION))
    sagemaker.create_pipeline(
        PipelineName="shoppers-dev",
        PipelineDefinition=json.dumps(definition(world.cloud.image)),
        ClientRequestToken="t" * 32,
        RoleArn=ROLE,
    )
    execution = sagemaker.start_pipeline_execution(PipelineName="shoppers-dev")["PipelineExecutionArn"]
    world.until_ended(execution)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tmp_path.as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    first, again = world.json("track"), world.json("track", execution.rsplit("/", 1)[-1])
    sagemaker.delete_pipeline(PipelineName="shoppers-dev", ClientRequestToken="u" * 32)

    assert (first["execution"], first["experiment"], first["again"]) == (execution, "shoppers-dev", False)
    assert again == {**first, "again": True}
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("shoppers-dev").experiment_id
    parent = client.get_run(first["run_id"])
    inside = client.search_runs([experiment], filter_string=f"tags.`mlflow.parentRunId` = '{first['run_id']}'")
    trials = [run for run in inside if run.data.tags["slipway.step"] == "Tune"]
    (evaluation,) = (run for run in inside if run not in trials)
    assert parent.info.status == "FINISHED"
    assert parent.data.tags["mlflow.source.git.commit"] == "baaed3c"
    assert parent.data.tags["slipway.gate"] == "passed"
    assert parent.data.metrics == evaluation.data.metrics == {"test.auc": 0.93, "reference.auc": 0.9, "naive.auc": 0.5}
    assert evaluation.data.params == {"max_depth": "5", "monotone": "None"}
    assert len(trials) == 2
    for run in trials:
        assert run.data.params.keys() == {"seed", "x"}
        assert run.data.metrics["validation.auc"] == pytest.approx(
            1 - (float(run.data.params["x"]) - 0.7) ** 2, abs=1e-5
        )


def test_without_a_server_the_variable_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert (
        world.slipway("track")[2]
        == "slipway: MLFLOW_TRACKING_URI must be set to the MLflow server to log to, got none\n"
    )
