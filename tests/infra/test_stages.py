"""What is true of all stacks together."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.rollout.runtime.orchestrator.stack import CONFIG_RESOURCE
from infra.stages import UseCaseStacks
from slipway.settings import Settings
from slipway.settings.names import STACK_KINDS
from slipway.training.image import image_tag

Resources = Callable[..., list[dict[str, Any]]]
Templates = dict[str, dict[str, Any]]


def test_there_is_one_stack_a_kind_with_the_agreed_name(stacks: UseCaseStacks, settings: Settings) -> None:
    assert {kind: stack.stack_name for kind, stack in vars(stacks).items()} == {
        kind: settings.names.stack(kind) for kind in STACK_KINDS
    }


def test_two_synths_are_byte_identical(synth: Callable[..., tuple[UseCaseStacks, Path]], settings: Settings) -> None:
    first, second = (
        {path.name: path.read_bytes() for path in sorted(synth(settings, anew=anew)[1].glob("*.json"))}
        for anew in (False, True)
    )
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_an_account_and_a_region_may_be_given(
    synth: Callable[..., tuple[UseCaseStacks, Path]], settings: Settings
) -> None:
    placed, _ = synth(settings.model_copy(update={"account": "123456789012", "region": "eu-central-1"}))
    assert placed.storage.environment == "aws://123456789012/eu-central-1"


def test_every_function_names_its_log_group(resources: Resources) -> None:
    assert all("LoggingConfig" in function["Properties"] for function in resources("AWS::Lambda::Function"))


@pytest.mark.parametrize("kind", ["training", "endpoint"])
def test_what_names_the_image_waits_for_its_build(stacks: UseCaseStacks, kind: str) -> None:
    assert stacks.image in getattr(stacks, kind).dependencies


def test_the_image_is_named_by_the_content_of_the_steps(stacks: UseCaseStacks, steps_folder: Path) -> None:
    assert stacks.image.image.tag == image_tag(steps_folder)


def test_outputs_have_the_agreed_names(templates: Templates) -> None:
    agreed = {
        "storage": {"DataBucketName", "ArtifactsBucketName", "KeyArn"},
        "training": {"PipelineName", "ModelPackageGroupName"},
        "endpoint": {"EndpointName", "EndpointConfigName"},
        "rollout": {"FunctionName", "TopicArn"},
    }
    for kind, names in agreed.items():
        assert names <= templates[kind]["Outputs"].keys()


def test_a_rollout_finds_the_endpoint_config_by_its_logical_id(templates: Templates) -> None:
    assert templates["endpoint"]["Resources"][CONFIG_RESOURCE]["Type"] == "AWS::SageMaker::EndpointConfig"
