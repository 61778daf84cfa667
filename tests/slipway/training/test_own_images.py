"""The pipeline of containers of the user's own: what their jobs and packages are given, and who is the gate."""

from typing import Any

import pytest

from slipway.settings import Settings
from slipway.training import training_pipeline
from tests.slipway.settings import test_builtin_image as builtin
from tests.slipway.settings.test_own_container import QUIET, RATES, REPORTS, SERVER, TRAINING, own_model, settings

STEPS = "000000000000.dkr.ecr.us-east-1.amazonaws.com/steps:1"


def definition(use_case: Settings) -> dict[str, dict[str, Any]]:
    document = training_pipeline(
        use_case,
        bucket="artifacts",
        kms_key_arn="key",
        image_uri=STEPS,
        use_case_uri="s3://assets/use_case.json",
        processing_role_arn="processing",
        training_role_arn="training",
        evaluation_role_arn="evaluation",
    )
    return {step["Name"]: step for step in document["Steps"]}


def package(steps: dict[str, dict[str, Any]]) -> dict[str, Any]:
    (register,) = steps["Gate"]["Arguments"]["IfSteps"]
    found: dict[str, Any] = register["Arguments"]
    return found


def test_a_package_names_the_users_server_its_environment_and_its_content_types() -> None:
    endpoint = {
        "image": SERVER,
        "environment": {"WORKERS": "2"},
        "request": {"content_type": "application/json"},
        "output": {"pointer": "/score"},
    }
    steps = definition(settings(endpoint=endpoint))
    assert list(steps) == ["Prepare", "Reference", "Tune", "Evaluate", "Gate"]
    specification = package(steps)["InferenceSpecification"]
    (container,) = specification["Containers"]
    assert container["Image"] == SERVER
    assert container["Environment"].pop("SLIPWAY_MODEL_SHA256")
    assert container["Environment"] == {"WORKERS": "2"}
    assert specification["SupportedContentTypes"] == specification["SupportedResponseMIMETypes"] == ["application/json"]
    assert package(steps)["CustomerMetadataProperties"]["image"] == SERVER


def test_a_training_image_gets_its_own_hyperparameters_and_metrics_and_nothing_else() -> None:
    tune = definition(own_model(tuning=RATES | {"fixed": {"depth": "3"}}))["Tune"]["Arguments"]
    job = tune["TrainingJobDefinition"]
    assert job["StaticHyperParameters"] == {"depth": "3"}
    assert job["AlgorithmSpecification"] == {
        "TrainingImage": TRAINING,
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "validation:auc", "Regex": "auc=([0-9.]+)"}],
    }
    objective = tune["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    assert objective == {"Type": "Maximize", "MetricName": "validation:auc"}


def test_a_model_that_only_its_own_server_reads_is_held_against_the_metric_that_its_training_reports() -> None:
    steps = definition(own_model())
    assert list(steps) == ["Prepare", "Tune", "Gate"]
    reported = {"Get": "Steps.Tune.BestTrainingJob.FinalHyperParameterTuningJobObjectiveMetric.Value"}
    limit = {"Get": "Parameters.GateThreshold"}
    assert steps["Gate"]["Arguments"]["Conditions"] == [
        {"Type": "GreaterThanOrEqualTo", "LeftValue": reported, "RightValue": limit}
    ]
    registered = package(steps)
    (container,) = registered["InferenceSpecification"]["Containers"]
    assert container == {"Image": SERVER, "ModelDataUrl": container["ModelDataUrl"]}
    assert registered["CustomerMetadataProperties"]["gate_metric_by"] == "the training image on the validation split"
    assert not registered.keys() & {"ModelCard"}
    assert registered["ModelMetrics"].keys() == {"ModelDataQuality"}


@pytest.mark.parametrize(("metric", "comparison"), [("log_loss", "LessThanOrEqualTo"), ("auc", "GreaterThanOrEqualTo")])
def test_the_gate_of_such_a_model_has_the_metrics_direction(metric: str, comparison: str) -> None:
    reports = REPORTS | {"metric_definitions": {f"validation:{metric}": "m=(.*)"}}
    gate = definition(own_model(training=reports, gate={"metric": metric, "threshold": 0.5}))["Gate"]
    assert gate["Arguments"]["Conditions"][0]["Type"] == comparison


def test_a_training_image_that_leaves_slipways_artifact_is_evaluated_like_any_other() -> None:
    steps = definition(settings(training=REPORTS, tuning=RATES, endpoint={}, rollout=QUIET))
    assert list(steps) == ["Prepare", "Reference", "Tune", "Evaluate", "Gate"]
    images = {name: steps[name]["Arguments"]["AlgorithmSpecification"]["TrainingImage"] for name in ("Reference",)}
    assert images == {"Reference": STEPS}
    assert package(steps)["InferenceSpecification"]["Containers"][0]["Image"] == STEPS


def test_sagemakers_own_image_reads_the_target_first_and_reports_metrics_of_its_own() -> None:
    steps = definition(builtin.settings())
    assert list(steps) == ["Prepare", "Tune", "Gate"]
    prepare, tune = steps["Prepare"]["Arguments"], steps["Tune"]["Arguments"]
    assert prepare["AppSpecification"]["ContainerArguments"] == ["--target-first"]
    job = tune["TrainingJobDefinition"]
    assert job["AlgorithmSpecification"] == {"TrainingImage": builtin.FRANKFURT, "TrainingInputMode": "File"}
    assert job["StaticHyperParameters"] == {"objective": "binary:logistic", "num_round": "200"}
    channels = {
        each["ChannelName"]: (each["ContentType"], each["DataSource"]["S3DataSource"]["S3Uri"]["Get"])
        for each in job["InputDataConfig"]
    }
    place = "Steps.Prepare.ProcessingOutputConfig.Outputs['{}_target_first'].S3Output.S3Uri"
    assert channels == {split: ("text/csv", place.format(split)) for split in ("train", "validation")}
    objective = tune["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    assert objective == {"Type": "Maximize", "MetricName": "validation:auc"}
    (container,) = package(steps)["InferenceSpecification"]["Containers"]
    assert container["Image"] == builtin.FRANKFURT
