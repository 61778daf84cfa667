"""The pipeline, its group and its roles."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from slipway.settings import Settings

Resources = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def definition(resources: Resources) -> dict[str, Any]:
    """The definition with every CloudFormation reference written as its JSON."""
    (pipeline,) = resources("AWS::SageMaker::Pipeline", "training")
    body = pipeline["Properties"]["PipelineDefinition"]["PipelineDefinitionBody"]
    separator, parts = body["Fn::Join"]
    text = separator.join(part if isinstance(part, str) else json.dumps(part).replace('"', "'") for part in parts)
    document: dict[str, Any] = json.loads(text)
    return document


def test_the_names_are_the_agreed_ones(resources: Resources, settings: Settings) -> None:
    (pipeline,) = resources("AWS::SageMaker::Pipeline", "training")
    (group,) = resources("AWS::SageMaker::ModelPackageGroup", "training")
    assert pipeline["Properties"]["PipelineName"] == settings.names.pipeline
    assert group["Properties"]["ModelPackageGroupName"] == settings.names.package_group


def test_the_template_has_the_whole_definition(definition: dict[str, Any]) -> None:
    assert definition["Version"] == "2020-12-01"
    assert [step["Name"] for step in definition["Steps"]] == ["Prepare", "Reference", "Tune", "Evaluate", "Gate"]


def test_each_kind_of_job_has_its_own_role(definition: dict[str, Any]) -> None:
    arguments = {step["Name"]: step["Arguments"] for step in definition["Steps"]}
    processing, evaluation = arguments["Prepare"]["RoleArn"], arguments["Evaluate"]["RoleArn"]
    training = arguments["Reference"]["RoleArn"]
    assert arguments["Tune"]["TrainingJobDefinition"]["RoleArn"] == training
    assert len({processing, training, evaluation}) == 3


def test_the_pipeline_waits_for_its_roles_policies(templates: dict[str, Any]) -> None:
    found = templates["training"]["Resources"]
    (pipeline,) = (r for r in found.values() if r["Type"] == "AWS::SageMaker::Pipeline")
    policies = {
        id_
        for id_, resource in found.items()
        if resource["Type"] == "AWS::IAM::Policy" and "Starter" not in id_  # who starts it is no part of it
    }
    assert policies <= set(pipeline["DependsOn"])
