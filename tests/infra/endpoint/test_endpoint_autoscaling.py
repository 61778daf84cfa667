"""Instances that follow the traffic."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import Duration
from aws_cdk.assertions import Template

from infra.stages import UseCaseStacks
from slipway.errors import InputError
from slipway.guardrails import from_template, lint, planned_rollout
from slipway.settings import Settings
from slipway.settings.names import VARIANT
from tests.infra.endpoint.test_endpoint_metrics import guarded

Synth = Callable[..., tuple[UseCaseStacks, Path]]
TARGET, POLICY = "AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy"


def scaled(settings: Settings, type_: str = "canary") -> Settings:
    range_ = {"min_instance_count": 4, "max_instance_count": 12, "invocations_per_instance": 900.0}
    document = settings.model_dump(exclude_none=True)
    document["endpoint"] |= {"autoscaling": {**range_, "scale_in_cooldown_seconds": 600}}
    document["rollout"] |= {"type": type_}
    document["rollout"]["canary_analysis"]["enabled"] &= type_ != "all_at_once"
    return Settings.model_validate(document)


def of(template: dict[str, Any], type_: str) -> list[dict[str, Any]]:
    return [resource for resource in template["Resources"].values() if resource["Type"] == type_]


@pytest.fixture(scope="module")
def template(synth: Synth, settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = Template.from_stack(synth(scaled(settings))[0].endpoint).to_json()
    return found


def test_the_count_is_kept_in_its_range_by_the_service_linked_role(
    template: dict[str, Any], settings: Settings
) -> None:
    (target,) = of(template, TARGET)
    properties = {key: value for key, value in target["Properties"].items() if key != "Tags"}
    role = str(properties.pop("RoleARN"))
    assert "aws-service-role/sagemaker.application-autoscaling.amazonaws.com" in role
    assert properties == {
        "ServiceNamespace": "sagemaker",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "ResourceId": f"endpoint/{settings.names.endpoint}/variant/{VARIANT}",
        "MinCapacity": 4,
        "MaxCapacity": 12,
    }


def test_the_policy_aims_at_invocations_an_instance_and_minute(template: dict[str, Any]) -> None:
    (policy,) = of(template, POLICY)
    assert policy["Properties"]["PolicyType"] == "TargetTrackingScaling"
    assert policy["Properties"]["TargetTrackingScalingPolicyConfiguration"] == {
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        "TargetValue": 900,
        "ScaleInCooldown": 600,
        "ScaleOutCooldown": 60,
    }


def test_a_rollout_keeps_the_instances_that_the_traffic_needs(template: dict[str, Any]) -> None:
    (endpoint,) = of(template, "AWS::SageMaker::Endpoint")
    assert endpoint["Properties"]["RetainAllVariantProperties"] is True
    assert "ExcludeRetainedVariantProperties" not in endpoint["Properties"]


def test_switching_autoscaling_on_replaces_the_model_and_so_the_config(
    template: dict[str, Any], templates: dict[str, Any]
) -> None:
    """The endpoint's update retains the instances: an update without a new config may be refused."""
    scaled_model, model = (of(each, "AWS::SageMaker::Model")[0] for each in (template, templates["endpoint"]))
    assert scaled_model["Properties"] != model["Properties"]


def test_nothing_is_scaled_before_there_is_an_endpoint(template: dict[str, Any]) -> None:
    endpoint = next(id_ for id_, r in template["Resources"].items() if r["Type"] == "AWS::SageMaker::Endpoint")
    for resource in of(template, TARGET) + of(template, POLICY):
        assert resource["Condition"] == "HasModel"
        assert endpoint in resource["DependsOn"]


@pytest.mark.parametrize("type_", ["canary", "rolling"])
def test_the_template_is_the_rollout_that_the_rules_check(synth: Synth, settings: Settings, type_: str) -> None:
    changed = scaled(settings, type_)
    (made,) = from_template(Template.from_stack(synth(changed)[0].endpoint).to_json())
    planned = planned_rollout(changed)
    assert (made.autoscaled, made.scaling, made.retained) == (True, planned.scaling, planned.retained)
    assert lint(made) == lint(planned) == ()


def test_a_range_whose_minimum_makes_the_canary_the_whole_fleet_is_not_synthesized(
    synth: Synth, settings: Settings
) -> None:
    unsafe = scaled(settings)
    document = unsafe.model_dump(exclude_none=True)
    document["endpoint"]["autoscaling"]["min_instance_count"] = 1
    with pytest.raises(InputError, match="SG103"):
        synth(Settings.model_validate(document))


def test_code_can_scale_it_as_it_scales_cdks_own_endpoint(unfinished: UseCaseStacks) -> None:
    count = guarded(unfinished).auto_scale_instance_count(min_capacity=4, max_capacity=8)
    count.scale_on_invocations("Load", max_requests_per_second=30, safety_factor=0.5, disable_scale_in=True)
    count.scale_on_invocations(
        "Fast", max_requests_per_second=10, safety_factor=1, scale_out_cooldown=Duration.seconds(30)
    )
    template = Template.from_stack(unfinished.endpoint).to_json()
    policies = [r["Properties"]["TargetTrackingScalingPolicyConfiguration"] for r in of(template, POLICY)]
    assert sorted(policy["TargetValue"] for policy in policies) == [600, 900]
    assert {r["Condition"] for r in of(template, POLICY) + of(template, TARGET)} == {"HasModel"}
    assert of(template, "AWS::SageMaker::Endpoint")[0]["Properties"]["RetainAllVariantProperties"] is True


def test_what_cannot_be_scaled_is_refused(unfinished: UseCaseStacks) -> None:
    endpoint = guarded(unfinished)
    with pytest.raises(InputError, match="SG209"):
        endpoint.auto_scale_instance_count(min_capacity=5, max_capacity=8)
    count = endpoint.auto_scale_instance_count(min_capacity=4, max_capacity=8)
    with pytest.raises(InputError, match="must be autoscaled once"):
        endpoint.auto_scale_instance_count(min_capacity=4, max_capacity=8)
    with pytest.raises(InputError, match="safety_factor must be above 0 and at most 1, got 2"):
        count.scale_on_invocations("Load", max_requests_per_second=30, safety_factor=2)
