"""SageMaker Experiments: an execution's trial, and what belongs to it."""

from typing import Any

import pytest

from rehearsal.cloud.sagemaker.api_errors import ApiError
from tests.rehearsal.cloud.fakes import Bench

NAMES = {"ExperimentName": "shoppers", "TrialName": "k3h2f7wqz1ab"}
JOB = {
    "AlgorithmSpecification": {"TrainingImage": "registry/steps:built", "TrainingInputMode": "File"},
    "RoleArn": "arn:aws:iam::000000000000:role/training",
    "OutputDataConfig": {"S3OutputPath": "s3://models"},
    "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}


@pytest.fixture
def api(bench: Bench) -> Bench:
    bench("CreateExperiment", ExperimentName=NAMES["ExperimentName"])
    bench("CreateTrial", **NAMES)
    bench.runner.release.set()
    return bench


def train(api: Bench, name: str, **more: Any) -> str:
    arn: str = api("CreateTrainingJob", TrainingJobName=name, HyperParameters={"x": "0.5"}, **JOB, **more)[
        "TrainingJobArn"
    ]
    api.ended("DescribeTrainingJob", "TrainingJobStatus", TrainingJobName=name)
    return arn


def components(api: Bench, **of: str) -> list[str]:
    found = api("ListTrialComponents", **of)["TrialComponentSummaries"]
    return [each["TrialComponentName"] for each in found]


def test_a_job_with_an_experiment_is_a_component_of_its_trial_with_hyperparameters_and_metrics(api: Bench) -> None:
    train(api, "Single", ExperimentConfig=NAMES)
    assert components(api, TrialName=NAMES["TrialName"]) == ["single-aws-training-job"]
    found = api("DescribeTrialComponent", TrialComponentName="single-aws-training-job")
    assert found["Parameters"] == {"x": {"StringValue": "0.5"}}
    assert [(each["MetricName"], each["Last"]) for each in found["Metrics"]] == [("validation:auc", 0.5)]
    assert found["Status"] == {"PrimaryStatus": "Completed"}


def test_a_job_without_one_is_a_component_of_no_trial_until_it_is_associated(api: Bench) -> None:
    arn = train(api, "tuned")
    assert components(api, TrialName=NAMES["TrialName"]) == []
    (name,) = components(api, SourceArn=arn)
    api("AssociateTrialComponent", TrialComponentName=name, TrialName=NAMES["TrialName"])
    api("UpdateTrialComponent", TrialComponentName=name, Parameters={"test:auc": {"NumberValue": 0.9}})
    assert components(api, ExperimentName=NAMES["ExperimentName"]) == [name]
    noted = api("DescribeTrialComponent", TrialComponentName=name)["Parameters"]
    assert noted == {"x": {"StringValue": "0.5"}, "test:auc": {"NumberValue": 0.9}}


@pytest.mark.parametrize(
    ("operation", "request_", "said"),
    [
        ("CreateExperiment", {"ExperimentName": "Shoppers"}, "already exists"),
        ("CreateTrial", {"ExperimentName": "none", "TrialName": "t"}, "Experiment none does not exist"),
        ("ListTrialComponents", {"TrialName": "none"}, "Trial none does not exist"),
        (
            "CreateTrainingJob",
            {"TrainingJobName": "j", **JOB, "ExperimentConfig": {**NAMES, "TrialName": "none"}},
            "Trial none does not exist",
        ),
    ],
)
def test_what_is_not_there_or_there_already_is_refused(
    api: Bench, operation: str, request_: dict[str, Any], said: str
) -> None:
    with pytest.raises(ApiError, match=said):
        api(operation, **request_)
