"""An endpoint that can have a shadow: the candidate beside the served model, by one more parameter."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from infra.endpoint.capacity import Instances, ServerlessCapacity
from infra.endpoint.guarded_endpoint import GuardedEndpoint
from infra.endpoint.served_model import ContainerModel, ShadowModel
from infra.stages import UseCaseStacks
from slipway.errors import InputError
from slipway.guardrails.template import from_template
from slipway.settings import Settings
from slipway.settings.shadow import Shadow

PACKAGE = "arn:aws:sagemaker:us-east-1:000000000000:model-package/shoppers-dev/7"


@pytest.fixture(scope="module")
def template(synth: Callable[..., tuple[UseCaseStacks, Path]], settings: Settings) -> dict[str, Any]:
    rollout = settings.rollout.model_copy(update={"shadow": Shadow(enabled=True, percent=50)})
    stacks, assembly = synth(settings.model_copy(update={"rollout": rollout}))
    found: dict[str, Any] = json.loads((assembly / stacks.endpoint.template_file).read_text())
    return found


def test_the_shadow_is_there_only_while_its_parameter_names_a_candidate(template: dict[str, Any]) -> None:
    assert template["Parameters"]["ShadowModelPackageArn"]["Default"] == ""
    variants = template["Resources"]["EndpointConfig"]["Properties"]["ShadowProductionVariants"]
    condition, (shadow,), nothing = variants["Fn::If"]
    assert nothing == {"Ref": "AWS::NoValue"}
    assert template["Conditions"][condition]["Fn::And"] == [
        {"Condition": "HasModel"},
        {"Fn::Not": [{"Fn::Equals": [{"Ref": "ShadowModelPackageArn"}, ""]}]},
    ]
    assert (shadow["InitialInstanceCount"], shadow["InitialVariantWeight"]) == (2, 0.5)
    assert shadow["ModelName"] == {"Fn::GetAtt": ["ShadowModel", "ModelName"]}


def test_its_model_is_the_candidates_reports_under_its_own_variant_and_outlives_the_template(
    template: dict[str, Any],
) -> None:
    model = template["Resources"]["ShadowModel"]
    (container,) = model["Properties"]["Containers"]
    assert container["ModelPackageName"] == {"Ref": "ShadowModelPackageArn"}
    assert container["Environment"]["SLIPWAY_VARIANT_NAME"] == "shadow"
    assert container["Environment"]["SLIPWAY_MODEL_PACKAGE_ARN"] == {"Ref": "ShadowModelPackageArn"}
    assert (model["Condition"], model["DeletionPolicy"]) == ("HasShadow", "Retain")


def test_the_linter_sees_it(template: dict[str, Any]) -> None:
    (planned,) = from_template(template)
    assert [(each.name, each.instance_count) for each in planned.shadow_variants] == [("shadow", 2)]


def test_a_shadow_is_refused_beside_serverless_capacity() -> None:
    stack = cdk.Stack(cdk.App(analytics_reporting=False), "Own")
    model = ContainerModel(image="111111111111.dkr.ecr.us-east-1.amazonaws.com/models:7")
    condition = cdk.CfnCondition(stack, "HasShadow")
    shadow = ShadowModel(model=model, instance_count=1, percent=100, condition=condition)
    with pytest.raises(InputError, match="no shadow variant"):
        GuardedEndpoint(stack, "Serverless", model=model, capacity=ServerlessCapacity(), shadow=shadow)
    GuardedEndpoint(stack, "Own", model=model, capacity=Instances(type="ml.m5.large", count=4), shadow=shadow)
    (config,) = Template.from_stack(stack).find_resources("AWS::SageMaker::EndpointConfig").values()
    assert "Fn::If" in config["Properties"]["ShadowProductionVariants"]
