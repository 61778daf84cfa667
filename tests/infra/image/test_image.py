"""The image's repository and its build."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Annotations, Match

from infra.stages import use_case_stacks
from slipway.settings import Settings
from slipway.training.image import base_image, image_tag
from tests.infra.cdk_app import app_at

Resources = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def project(resources: Resources) -> dict[str, Any]:
    (found,) = resources("AWS::CodeBuild::Project", "image")
    properties: dict[str, Any] = found["Properties"]
    return properties


def test_an_image_cannot_be_overwritten_and_is_scanned(resources: Resources, settings: Settings) -> None:
    (repository,) = resources("AWS::ECR::Repository", "image")
    properties = repository["Properties"]
    assert properties["RepositoryName"] == settings.names.image_repository
    assert properties["ImageTagMutability"] == "IMMUTABLE"
    assert properties["ImageScanningConfiguration"] == {"ScanOnPush": True}
    assert properties["EncryptionConfiguration"]["EncryptionType"] == "KMS"


def test_no_image_that_a_package_may_name_is_ever_expired(resources: Resources) -> None:
    (repository,) = resources("AWS::ECR::Repository", "image")
    rules = json.loads(repository["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    assert [rule["selection"]["tagStatus"] for rule in rules] == ["untagged"]


def test_the_build_runs_on_codebuild_with_its_own_docker(project: dict[str, Any]) -> None:
    assert project["Environment"]["PrivilegedMode"] is True
    assert project["Source"]["Type"] == "S3"


def test_the_build_logs_in_builds_from_the_base_image_and_pushes_the_tag(project: dict[str, Any]) -> None:
    commands = [c for phase in json.loads(project["Source"]["BuildSpec"])["phases"].values() for c in phase["commands"]]
    login, build, push = commands
    assert login.startswith("aws ecr get-login-password | docker login")
    assert '--build-arg BASE_IMAGE="$BASE_IMAGE"' in build
    assert '--tag "$REPOSITORY_URI:$IMAGE_TAG"' in build
    assert push == 'docker push "$REPOSITORY_URI:$IMAGE_TAG"'


def test_the_build_starts_from_the_base_that_the_dockerfile_names(project: dict[str, Any], steps_folder: Path) -> None:
    variables = {each["Name"]: each["Value"] for each in project["Environment"]["EnvironmentVariables"]}
    assert variables["BASE_IMAGE"] == base_image(steps_folder)


@pytest.mark.parametrize(
    ("keeps", "pinned", "warned"), [(True, False, True), (False, False, False), (True, True, False)]
)
def test_a_stage_that_keeps_its_data_is_warned_of_a_base_image_by_tag(
    settings: Settings, tmp_path: Path, *, keeps: bool, pinned: bool, warned: bool
) -> None:
    name = "registry.example/python:3.11" + (f"@sha256:{'0f' * 32}" if pinned else "")
    steps = tmp_path / "steps"
    steps.mkdir()
    (steps / "Dockerfile").write_text(f"ARG BASE_IMAGE={name}\nFROM ${{BASE_IMAGE}}\n")
    made = use_case_stacks(
        app_at(tmp_path / "cdk.out"), settings.model_copy(update={"keep_data": keeps}), steps_folder=steps
    )
    found = Annotations.from_stack(made.image).find_warning("*", Match.string_like_regexp("base image .* is a tag"))
    assert bool(found) == warned
    assert [each.entry.trace for each in found if each.entry.trace] == []  # it names folders: no two synths would agree


def test_a_training_script_is_in_the_source_that_the_image_is_built_from(
    settings: Settings, steps_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/fit.py").write_text("fit")
    training = settings.training.model_copy(update={"script": str(tmp_path / "model/fit.py")})
    app = app_at(tmp_path / "cdk.out")
    made = use_case_stacks(app, settings.model_copy(update={"training": training}), steps_folder=steps_folder)
    (found,) = (tmp_path / "cdk.out").glob("asset.*/user_code/files/fit.py")
    assert found.read_text() == "fit"
    assert made.image.image.tag == image_tag(found.parents[2]) != image_tag(steps_folder)


def test_a_build_ends_before_the_function_that_waits_for_it(project: dict[str, Any], resources: Resources) -> None:
    (function,) = resources("AWS::Lambda::Function", "image")
    assert project["TimeoutInMinutes"] * 60 < function["Properties"]["Timeout"] <= 900
    (build,) = resources("Custom::ImageBuild", "image")
    assert int(build["Properties"]["ServiceTimeout"]) > function["Properties"]["Timeout"]


def test_the_build_starts_anew_when_the_content_changes(resources: Resources, steps_folder: Path) -> None:
    (build,) = resources("Custom::ImageBuild", "image")
    assert build["Properties"]["ImageTag"] == image_tag(steps_folder)
    assert {"ProjectName", "RepositoryName", "RepositoryUri"} <= build["Properties"].keys()
