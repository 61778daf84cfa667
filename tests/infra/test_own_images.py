"""Stacks of a use case with images of its own: each role pulls what its own work needs, and no other."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.stages import UseCaseStacks
from tests.slipway.settings import test_builtin_image as builtin
from tests.slipway.settings.test_own_container import own_model


@pytest.fixture(scope="module")
def pulled(synth: Callable[..., tuple[UseCaseStacks, Path]]) -> dict[str, set[str]]:
    """By role, the repositories that it may read from."""
    stacks, assembly = synth(own_model())
    found: dict[str, set[str]] = {}
    for kind in ("training", "endpoint", "rollout"):
        template = json.loads((assembly / getattr(stacks, kind).template_file).read_text())
        for name, policy in _policies(template):
            for statement in policy:
                if any(action.startswith("ecr:") for action in _listed(statement["Action"])):
                    found.setdefault(name, set()).update(_repositories(statement["Resource"]))
    return found


def _policies(template: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    policies = [r for r in template["Resources"].items() if r[1]["Type"] == "AWS::IAM::Policy"]
    return [(name, policy["Properties"]["PolicyDocument"]["Statement"]) for name, policy in policies]


def _repositories(resource: Any) -> list[str]:
    texts = [json.dumps(each) for each in (resource if isinstance(resource, list) else [resource])]
    return [text.rpartition("/")[2].strip('"]} ') for text in texts if "repository/" in text]


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize(
    ("role", "own"),
    [
        ("JobsTraining", {"my-training"}),
        ("TrainingRole", {"my-server"}),
        ("GuardedRole", {"my-server"}),
        ("JobsProcessing", set()),
        ("JobsEvaluation", set()),
    ],
)
def test_a_role_pulls_only_the_image_of_the_user_that_its_work_needs(
    pulled: dict[str, set[str]], role: str, own: set[str]
) -> None:
    (found,) = [repositories for name, repositories in pulled.items() if role in name]
    assert found & {"my-training", "my-server"} == own


def test_each_fleet_captures_below_its_packages_version_and_the_analysis_may_read_that_alone(
    synth: Callable[..., tuple[UseCaseStacks, Path]],
) -> None:
    analysed = {"canary_analysis": {"enabled": True, "servers": False}, "alarms_off": ["PredictionDrift", "InputDrift"]}
    stacks, assembly = synth(own_model(rollout=analysed))
    template = json.loads((assembly / stacks.endpoint.template_file).read_text())
    config = template["Resources"]["EndpointConfig"]["Properties"]["DataCaptureConfig"]
    parts = config["DestinationS3Uri"]["Fn::Join"][1]
    assert [part for part in parts if isinstance(part, str)][-1].endswith("/capture/d-dev/")
    assert parts[-1] == {
        "Fn::Select": [2, {"Fn::Split": ["/", {"Fn::Join": ["", [{"Ref": "ModelPackageArn"}, "//"]]}]}]
    }
    template = json.loads((assembly / stacks.rollout.template_file).read_text())
    (policy,) = [statements for name, statements in _policies(template) if "CanaryAnalysisRole" in name]
    (reading,) = [each for each in policy if "s3:GetObject" in _listed(each["Action"])]
    keys = [part["Fn::Join"][1][1] for part in reading["Resource"] if "Fn::Join" in part]
    assert keys == ["/canary-analysis/d-dev/*", "/capture/d-dev/*"]
    (replay,) = [statements for name, statements in _policies(template) if "ReplayRole" in name]
    assert "/capture/d-dev/*/d-dev/primary/*" in json.dumps(replay)


def test_sagemakers_own_image_is_pulled_from_its_account_in_the_stages_region_alone(
    synth: Callable[..., tuple[UseCaseStacks, Path]],
) -> None:
    stacks, assembly = synth(builtin.settings())
    repository = ":ecr:eu-central-1:492215442770:repository/sagemaker-xgboost"
    for kind, role in (("training", "JobsTraining"), ("endpoint", "GuardedRole")):
        template = json.loads((assembly / getattr(stacks, kind).template_file).read_text())
        (policy,) = [statements for name, statements in _policies(template) if role in name]
        pulled = [each for each in policy if "ecr:BatchGetImage" in _listed(each["Action"])]
        resources = [json.dumps(each["Resource"]) for each in pulled]
        assert [text for text in resources if repository in text]
        assert not [text for text in resources if "492215442770" in text and repository not in text]
