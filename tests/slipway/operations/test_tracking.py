"""`slipway track`, from an execution in the embedded AWS to its trial there and to a file store of MLflow."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.slipway.operations.conftest import BUCKET, ROLE, World

EVALUATION = {
    "problem": "binary",
    "algorithm": "xgboost",
    "hyperparameters": {"max_depth": 5, "monotone": {}, "alpha": None},
    "metrics": {"auc": 0.93},
    "baseline": {"auc": 0.9, "value": None},
    "naive": {"auc": 0.5},
    "champion": None,
    "gate": {"passed": True, "reasons": "every condition holds"},
}


def definition(image: str, *, recorded: bool) -> dict[str, Any]:
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
        "PipelineExperimentConfig": {} if recorded else None,
        "Parameters": [{"Name": "SourceCommit", "Type": "String", "DefaultValue": "baaed3c"}],
        "Steps": [
            {"Name": "Tune", "Type": "Tuning", "Arguments": tune},
            {"Name": "Evaluate", "Type": "Processing", "Arguments": evaluate, "DependsOn": ["Tune"]},
        ],
    }


@pytest.fixture
def execution(world: World, request: pytest.FixtureRequest) -> Iterator[str]:
    """Its ARN, when it has ended; of a pipeline with an experiment unless the test says no."""
    sagemaker = world.cloud("sagemaker")
    world.cloud("s3").put_object(Bucket=BUCKET, Key="given/evaluation.json", Body=json.dumps(EVALUATION))
    sagemaker.create_pipeline(
        PipelineName="shoppers-dev",
        PipelineDefinition=json.dumps(definition(world.cloud.image, recorded=getattr(request, "param", True))),
        ClientRequestToken="t" * 32,
        RoleArn=ROLE,
    )
    arn: str = sagemaker.start_pipeline_execution(PipelineName="shoppers-dev")["PipelineExecutionArn"]
    world.until_ended(arn)
    yield arn
    sagemaker.delete_pipeline(PipelineName="shoppers-dev", ClientRequestToken="u" * 32)


def test_the_trial_gets_the_jobs_of_the_search_and_the_figures_of_the_evaluation(
    world: World, execution: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    sagemaker, trial = world.cloud("sagemaker"), execution.rsplit("/", 1)[-1]

    def components() -> list[str]:
        found = sagemaker.list_trial_components(TrialName=trial)["TrialComponentSummaries"]
        return [each["TrialComponentName"] for each in found]

    (evaluated,) = components()
    found, again = world.json("track"), world.json("track")
    assert (
        found
        == again
        == {
            "execution": execution,
            "trial": {"experiment": "shoppers-dev", "trial": trial, "components": 3},
            "mlflow": None,
        }
    )
    assert len([name for name in components() if "-tune-" in name]) == 2
    noted = sagemaker.describe_trial_component(TrialComponentName=evaluated)["Parameters"]
    figures = {"test:auc": 0.93, "reference:auc": 0.9, "naive:auc": 0.5}
    assert noted == {name: {"NumberValue": value} for name, value in figures.items()}


@pytest.mark.parametrize("execution", [False], indirect=True, ids=["without an experiment"])
def test_an_execution_becomes_a_run_with_one_for_each_trial_and_the_evaluation(
    world: World, execution: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow = pytest.importorskip("mlflow", reason="needs mlflow-skinny, which requirements-dev.lock has")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert "MLFLOW_TRACKING_URI must be set" in world.slipway("track")[2]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tmp_path.as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    found, again = world.json("track")["mlflow"], world.json("track", execution.rsplit("/", 1)[-1])["mlflow"]

    assert (found["experiment"], found["again"]) == ("shoppers-dev", False)
    assert again == {**found, "again": True}
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("shoppers-dev").experiment_id
    parent = client.get_run(found["run_id"])
    inside = client.search_runs([experiment], filter_string=f"tags.`mlflow.parentRunId` = '{found['run_id']}'")
    trials = [run for run in inside if run.data.tags["slipway.step"] == "Tune"]
    (evaluation,) = (run for run in inside if run not in trials)
    assert parent.info.status == "FINISHED"
    assert parent.data.tags["mlflow.source.git.commit"] == "baaed3c"
    assert parent.data.tags["slipway.gate"] == "passed"
    assert parent.data.metrics == evaluation.data.metrics == {"test.auc": 0.93, "reference.auc": 0.9, "naive.auc": 0.5}
    assert evaluation.data.params == {"max_depth": "5"}
    assert len(trials) == 2
    for run in trials:
        assert run.data.params.keys() == {"seed", "x"}
        assert run.data.metrics["validation.auc"] == pytest.approx(
            1 - (float(run.data.params["x"]) - 0.7) ** 2, abs=1e-5
        )
