"""Requests against the model's constraints."""

import datetime as dt

import pytest
from botocore.model import Shape

from rehearsal.cloud.sagemaker.shapes import answer, coerced, violations
from rehearsal.cloud.service_models import service_model


def shape_of(action: str) -> Shape:
    shape: Shape = service_model("sagemaker").operation_model(action).input_shape
    return shape


def test_a_complete_request_breaks_nothing() -> None:
    request = {"EndpointName": "shoppers", "EndpointConfigName": "c1", "Tags": [{"Key": "a", "Value": "b"}]}
    assert list(violations(request, shape_of("CreateEndpoint"))) == []


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (
            {"EndpointName": "e"},
            "Value null at 'endpointConfigName' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"EndpointName": "e" * 64, "EndpointConfigName": "c"},
            f"Value '{'e' * 64}' at 'endpointName'",
        ),
        (
            {"EndpointName": "no_good", "EndpointConfigName": "c"},
            r"Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
        ),
        (
            {"EndpointName": 5, "EndpointConfigName": "c"},
            "Value '5' at 'endpointName' failed to satisfy constraint: Member must be of type string",
        ),
    ],
)
def test_a_broken_constraint_is_told_in_the_words_of_aws(request_: dict[str, object], said: str) -> None:
    assert said in next(violations(request_, shape_of("CreateEndpoint")))


def test_constraints_hold_at_every_depth() -> None:
    request = {
        "ProcessingJobName": "p",
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 0, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}
        },
        "AppSpecification": {"ImageUri": "i", "ContainerArguments": ["x" * 257]},
        "RoleArn": "arn:aws:iam::000000000000:role/r-0000000000",
    }
    said = list(violations(request, shape_of("CreateProcessingJob")))
    assert [s.split("' failed")[0].rsplit("'", 1)[1] for s in said] == [
        "processingResources.clusterConfig.instanceCount",
        "appSpecification.containerArguments.1.member",
    ]


def test_an_unknown_parameter_is_refused_with_those_that_are_known() -> None:
    said = list(violations({"ModelName": "m", "Imege": "x"}, shape_of("DescribeModel")))
    assert said == ["Unknown parameter at 'imege': must be one of ModelName"]


def test_an_answer_holds_what_the_shape_knows_and_times_as_seconds() -> None:
    shape = service_model("sagemaker").operation_model("DescribeModel").output_shape
    made = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    record = {"ModelName": "m", "CreationTime": made, "_served": {}, "VpcConfig": None}
    assert answer(record, shape) == {"ModelName": "m", "CreationTime": made.timestamp()}


def test_a_template_may_write_any_scalar_as_a_string() -> None:
    properties = {
        "EndpointConfigName": 7,
        "ProductionVariants": [{"VariantName": "v", "InitialInstanceCount": "4", "InitialVariantWeight": "1.5"}],
        "DataCaptureConfig": {"EnableCapture": "true", "InitialSamplingPercentage": "many"},
    }
    assert coerced(properties, shape_of("CreateEndpointConfig")) == {
        "EndpointConfigName": "7",
        "ProductionVariants": [{"VariantName": "v", "InitialInstanceCount": 4, "InitialVariantWeight": 1.5}],
        "DataCaptureConfig": {"EnableCapture": True, "InitialSamplingPercentage": "many"},
    }


@pytest.mark.parametrize("service", ["sagemaker", "sagemaker-runtime", "application-autoscaling"])
def test_every_pattern_of_the_services_models_can_be_checked(service: str) -> None:
    model = service_model(service)
    for shape in map(model.shape_for, model.shape_names):
        if shape.type_name == "string":
            list(violations("a", shape))


@pytest.mark.parametrize(("value", "broken"), [("Größe a/b-@:1", 0), ("a;b", 1), ("a\nb", 1), ("", 0)])
def test_a_pattern_of_unicodes_classes_is_checked_too(value: str, broken: int) -> None:
    tags = service_model("sagemaker").operation_model("AddTags").input_shape
    request = {
        "ResourceArn": "arn:aws:sagemaker:us-east-1:000000000000:model/m",
        "Tags": [{"Key": "k", "Value": value}],
    }
    assert len(list(violations(request, tags))) == broken


@pytest.mark.parametrize(
    ("operation", "path", "most"),
    [
        ("CreateModel", ("PrimaryContainer",), 1024),
        ("CreateTrainingJob", (), 512),
        ("CreateProcessingJob", (), 256),
        ("CreateHyperParameterTuningJob", ("TrainingJobDefinition",), 512),
    ],
)
def test_an_environment_that_is_too_long_is_refused(operation: str, path: tuple[str, ...], most: int) -> None:
    shape = service_model("sagemaker").operation_model(operation).input_shape
    for size, broken in ((most, 0), (most + 1, 1)):
        request: dict[str, object] = {"Environment": {"NAME": "x" * size}}
        for name in reversed(path):
            request = {name: request}
        assert (
            sum("Member must have length less than or equal to" in each for each in violations(request, shape))
            == broken
        )
