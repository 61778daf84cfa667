"""The guarded endpoint."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Template

from infra.stages import UseCaseStacks
from slipway.settings import Settings
from slipway.settings.names import VARIANT

Resources = Callable[..., list[dict[str, Any]]]
SAGEMAKER = ("AWS::SageMaker::Model", "AWS::SageMaker::EndpointConfig", "AWS::SageMaker::Endpoint")


@pytest.fixture
def endpoint(resources: Resources) -> dict[str, Any]:
    (found,) = resources("AWS::SageMaker::Endpoint", "endpoint")
    return found


@pytest.fixture
def alarms(resources: Resources) -> list[dict[str, Any]]:
    return [alarm["Properties"] for alarm in resources("AWS::CloudWatch::Alarm", "endpoint")]


def test_on_day_0_the_stack_holds_no_model(templates: dict[str, Any]) -> None:
    template = templates["endpoint"]
    assert {name: given["Default"] for name, given in template["Parameters"].items()} == {
        "ModelPackageArn": "",
        "ServedModelPackageArn": "",
    }
    assert template["Conditions"]["HasModel"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "ModelPackageArn"}, ""]}]}
    conditional = {r["Type"] for r in template["Resources"].values() if r.get("Condition") == "HasModel"}
    assert conditional == {*SAGEMAKER, "AWS::CloudWatch::Alarm"}
    assert {r["Type"] for r in template["Resources"].values() if "Condition" not in r} == {
        "AWS::IAM::Role",
        "AWS::IAM::Policy",
    }
    assert template["Outputs"]["EndpointConfigName"]["Condition"] == "HasModel"


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        ("", True),
        ("arn:aws:sagemaker:us-east-1:000000000000:model-package/shoppers-dev/7", True),
        ("arn:aws:sagemaker:us-east-1:000000000000:model-package/another-group/7", False),
        ("shoppers-dev/7", False),
    ],
)
def test_the_parameter_takes_packages_of_the_group_only(templates: dict[str, Any], value: str, accepted: bool) -> None:
    pattern = templates["endpoint"]["Parameters"]["ModelPackageArn"]["AllowedPattern"]
    assert bool(re.search(pattern, value)) is accepted


@pytest.mark.parametrize("type_", SAGEMAKER[:2])
def test_what_is_replaced_has_no_physical_name_and_is_retained(resources: Resources, type_: str) -> None:
    (resource,) = resources(type_, "endpoint")
    assert not [name for name in resource["Properties"] if name in ("ModelName", "EndpointConfigName")]
    assert resource["UpdateReplacePolicy"] == "Retain"
    assert resource["DeletionPolicy"] == "Delete"


@pytest.mark.parametrize("type_", SAGEMAKER[:2])
def test_what_cloudformation_names_carries_the_endpoints_tag(
    resources: Resources, settings: Settings, type_: str
) -> None:
    (resource,) = resources(type_, "endpoint")
    assert {"Key": "slipway:endpoint", "Value": settings.names.endpoint} in resource["Properties"]["Tags"]


def test_the_model_is_the_package_and_waits_for_its_roles_policy(templates: dict[str, Any]) -> None:
    found = templates["endpoint"]["Resources"]
    (model,) = (r for r in found.values() if r["Type"] == "AWS::SageMaker::Model")
    (container,) = model["Properties"]["Containers"]
    assert container["ModelPackageName"] == {"Ref": "ModelPackageArn"}
    assert model["Properties"]["EnableNetworkIsolation"] is True
    assert {found[id_]["Type"] for id_ in model["DependsOn"]} >= {"AWS::IAM::Policy"}


def test_the_servers_get_the_names_that_they_publish_under(resources: Resources, settings: Settings) -> None:
    (model,) = resources("AWS::SageMaker::Model", "endpoint")
    environment = model["Properties"]["Containers"][0]["Environment"]
    assert {name: value for name, value in environment.items() if name != "SLIPWAY_UPDATE"} == {
        "SLIPWAY_ENDPOINT_NAME": settings.names.endpoint,
        "SLIPWAY_VARIANT_NAME": VARIANT,
        "SLIPWAY_MODEL_PACKAGE_ARN": {"Ref": "ModelPackageArn"},
        "SLIPWAY_EXCLUDED_FROM_DRIFT": "Month",
    }


@pytest.mark.parametrize(
    ("changed", "renewed"),
    [({"final_bake_seconds": 180}, True), ({"alarms_off": ("Latency",)}, True), ({"max_latency_ms": 400.0}, False)],
)
def test_the_model_is_replaced_when_only_the_update_changes(
    synth: Callable[..., tuple[UseCaseStacks, Path]], settings: Settings, changed: dict[str, Any], renewed: bool
) -> None:
    """Its replacement replaces the config: SageMaker asks for a new one with each update. Alarms change in place."""

    def updated(settings: Settings) -> tuple[Any, Any]:
        found = {r["Type"]: r for r in Template.from_stack(synth(settings)[0].endpoint).to_json()["Resources"].values()}
        endpoint = found["AWS::SageMaker::Endpoint"]["Properties"]
        return found["AWS::SageMaker::Model"]["Properties"], endpoint["DeploymentConfig"]

    before, after = (
        updated(each)
        for each in (settings, settings.model_copy(update={"rollout": settings.rollout.model_copy(update=changed)}))
    )
    assert (before[1] != after[1]) is renewed
    assert (before[0] != after[0]) is renewed


def test_the_endpoint_keeps_its_name_and_its_variant_and_takes_a_fixed_count_from_its_config(
    endpoint: dict[str, Any], resources: Resources, settings: Settings
) -> None:
    assert endpoint["Properties"]["EndpointName"] == settings.names.endpoint
    assert endpoint["Properties"]["RetainAllVariantProperties"] is False
    assert "ExcludeRetainedVariantProperties" not in endpoint["Properties"]
    (config,) = resources("AWS::SageMaker::EndpointConfig", "endpoint")
    assert [v["VariantName"] for v in config["Properties"]["ProductionVariants"]] == [VARIANT]


def test_every_rollout_gets_alarms_of_its_own(alarms: list[dict[str, Any]]) -> None:
    for alarm in alarms:
        separator, (config, suffix) = alarm["AlarmName"]["Fn::Join"]
        assert separator == ""
        assert config["Fn::GetAtt"][1] == "EndpointConfigName"
        assert suffix.startswith("-")


def test_the_deployment_names_every_alarm_and_waits_for_them(
    endpoint: dict[str, Any], alarms: list[dict[str, Any]], templates: dict[str, Any]
) -> None:
    named = endpoint["Properties"]["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
    listed = [alarm["Fn::If"][1] if "Fn::If" in alarm else alarm for alarm in named]
    assert [alarm["AlarmName"] for alarm in listed] == [alarm["AlarmName"] for alarm in alarms]
    waited_for = {templates["endpoint"]["Resources"][id_]["Type"] for id_ in endpoint["DependsOn"]}
    assert waited_for == {"AWS::CloudWatch::Alarm"}
    assert len(endpoint["DependsOn"]) == len(alarms)


def test_drift_of_a_package_that_has_served_rolls_no_update_back(
    endpoint: dict[str, Any], templates: dict[str, Any]
) -> None:
    named = endpoint["Properties"]["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
    conditional = [alarm["Fn::If"] for alarm in named if "Fn::If" in alarm]
    assert {name["AlarmName"]["Fn::Join"][1][1] for _, name, _ in conditional} == {"-PredictionDrift", "-InputDrift"}
    assert [(condition, otherwise) for condition, _, otherwise in conditional] == [
        ("HasDriftWatched", {"Ref": "AWS::NoValue"})
    ] * 2
    watched = {"Fn::Equals": [{"Ref": "ServedModelPackageArn"}, ""]}
    assert templates["endpoint"]["Conditions"]["HasDriftWatched"] == watched


@pytest.mark.parametrize(
    ("instance_type", "has_key"), [("ml.m5.large", True), ("ml.m6gd.large", False), ("ml.g5.xlarge", False)]
)
def test_a_volume_key_is_given_where_sagemaker_accepts_one(
    synth: Callable[..., tuple[UseCaseStacks, Path]], settings: Settings, instance_type: str, has_key: bool
) -> None:
    served_by = settings.endpoint.model_copy(update={"instance_type": instance_type})
    template = Template.from_stack(synth(settings.model_copy(update={"endpoint": served_by}))[0].endpoint)
    (config,) = template.find_resources("AWS::SageMaker::EndpointConfig").values()
    assert ("KmsKeyId" in config["Properties"]) is has_key
    assert "KmsKeyId" in config["Properties"]["DataCaptureConfig"]


def test_captured_requests_are_written_in_their_own_format(resources: Resources) -> None:
    (config,) = resources("AWS::SageMaker::EndpointConfig", "endpoint")
    captured = config["Properties"]["DataCaptureConfig"]
    assert captured["CaptureContentTypeHeader"] == {
        "CsvContentTypes": ["text/csv"],
        "JsonContentTypes": ["application/json"],
    }
    assert [option["CaptureMode"] for option in captured["CaptureOptions"]] == ["Input", "Output"]
