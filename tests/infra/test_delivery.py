"""Delivery by CodePipeline and by GitHub's workflows."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from blueprint.errors import InputError
from infra.stacks.delivery_app import delivery_stacks

PROJECT = Path(__file__).resolve().parents[2]
CONNECTION = "arn:aws:codeconnections:eu-central-1:111111111111:connection/0a1b"
DELIVERY = f"""
name = "acme"
repository = "acme/models"
branch = "release"
connection_arn = "{CONNECTION}"
use_cases = ["config/shoppers.toml"]
[[stages]]
name = "dev"
trains = true
[[stages]]
name = "prod"
approval = true
account = "222222222222"
region = "eu-central-1"
"""


def synth(folder: Path, text: str) -> dict[str, dict[str, Any]]:
    file = folder / "delivery.toml"
    file.write_text(text)
    app = cdk.App(outdir=str(folder / "cdk.out"), analytics_reporting=False, builtin_cloud_formation_validation=False)
    delivery_stacks(app, file, project=PROJECT)
    app.synth()
    stacks = [child for child in app.node.children if isinstance(child, cdk.Stack)]
    return {stack.stack_name: Template.from_stack(stack).to_json() for stack in stacks}


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return synth(tmp_path_factory.mktemp("delivery"), DELIVERY)


def of_type(template: dict[str, Any], type_: str) -> Iterator[dict[str, Any]]:
    return (r["Properties"] for r in template["Resources"].values() if r["Type"] == type_)


def actions(templates: dict[str, dict[str, Any]]) -> dict[str, dict[str, dict[str, Any]]]:
    """The pipeline's actions by stage and name."""
    pipeline = next(of_type(templates["acme-delivery"], "AWS::CodePipeline::Pipeline"))
    return {stage["Name"]: {a["Name"]: a for a in stage["Actions"]} for stage in pipeline["Stages"]}


def build_specs(templates: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Every build's specification by the project's description."""
    projects = of_type(templates["acme-delivery"], "AWS::CodeBuild::Project")
    return {p["Description"].rsplit("/", 1)[-1]: json.loads(p["Source"]["BuildSpec"]) for p in projects}


def test_each_push_to_the_branch_starts_it(templates: dict[str, dict[str, Any]]) -> None:
    (source,) = actions(templates)["Source"].values()
    assert source["Configuration"]["ConnectionArn"] == CONNECTION
    assert (source["Configuration"]["FullRepositoryId"], source["Configuration"]["BranchName"]) == (
        "acme/models",
        "release",
    )


def test_the_order_is_tests_the_pipeline_itself_dev_approval_prod(templates: dict[str, dict[str, Any]]) -> None:
    found = actions(templates)
    assert list(found) == ["Source", "Build", "UpdatePipeline", "dev", "prod"]
    order = {name: action["RunOrder"] for name, action in found["prod"].items()}
    assert order == {
        "Approve_prod": 1,
        "Deploy_config_shoppers.toml_to_prod": 2,
        "Start_config_shoppers.toml_in_prod": 3,
    }
    assert found["prod"]["Approve_prod"]["ActionTypeId"]["Category"] == "Approval"
    assert not any(action["ActionTypeId"]["Category"] == "Approval" for action in found["dev"].values())


def test_a_failing_check_or_test_ends_it_before_anything_is_deployed(templates: dict[str, dict[str, Any]]) -> None:
    commands = build_specs(templates)["Synth"]["phases"]["build"]["commands"]
    assert commands.index("make test") < min(i for i, command in enumerate(commands) if "cdk synth" in command)


def test_no_action_of_cloudformation_may_reset_the_live_package(templates: dict[str, dict[str, Any]]) -> None:
    """It would set the endpoint's parameter back to its default, which is no model at all."""
    providers = {a["ActionTypeId"]["Provider"] for stage in actions(templates).values() for a in stage.values()}
    assert "CloudFormation" not in providers


def test_what_is_deployed_was_synthesized_once_before(templates: dict[str, dict[str, Any]]) -> None:
    specs = build_specs(templates)
    written = {
        match.group(1)
        for command in specs["Synth"]["phases"]["build"]["commands"]
        if (match := re.search(r"--output assemblies/(\S+)", command))
    }
    deployed = {
        match.group(1)
        for spec in specs.values()
        for command in spec["phases"]["build"]["commands"]
        if (match := re.search(r"cdk deploy --app (\S+)", command))
    }
    assert written == deployed == {"dev/config-shoppers", "prod/config-shoppers"}


def test_only_a_stage_that_trains_starts_training(templates: dict[str, dict[str, Any]]) -> None:
    trained = [
        command
        for spec in build_specs(templates).values()
        for command in spec["phases"]["build"]["commands"]
        if "slipway train" in command
    ]
    assert len(trained) == 1
    assert "--stage dev" in trained[0]
    assert "--if-changed" in trained[0]


def statements(template: dict[str, Any]) -> list[dict[str, Any]]:
    return [s for p in of_type(template, "AWS::IAM::Policy") for s in p["PolicyDocument"]["Statement"]]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def written(resource: Any) -> str:
    """An ARN with its tokens spelled out."""
    return resource if isinstance(resource, str) else "".join(map(str, resource["Fn::Join"][1]))


@pytest.mark.parametrize("stack", ["acme-github", "acme-github-222222222222-eu-central-1"])
def test_a_workflow_may_become_the_bootstrap_roles_and_starters_alone(
    templates: dict[str, dict[str, Any]], stack: str
) -> None:
    allowed = [s for s in statements(templates[stack]) if s["Effect"] == "Allow"]
    assert {action for s in allowed for action in listed(s["Action"])} == {"sts:AssumeRole"}
    names = {written(resource).rsplit(":role/", 1)[1] for s in allowed for resource in listed(s["Resource"])}
    roles = re.compile(r"cdk-hnb659fds-(deploy|file-publishing|lookup)-role-.*|\*-(dev|prod)-starter")
    assert [name for name in names if not roles.fullmatch(name)] == []


def test_no_role_of_delivery_may_approve_a_model(templates: dict[str, dict[str, Any]]) -> None:
    for name, template in templates.items():
        denied = [s for s in statements(template) if s["Effect"] == "Deny"]
        assert any(s["Action"] == "sagemaker:UpdateModelPackage" for s in denied), name


@pytest.mark.parametrize(
    ("stack", "stage"), [("acme-github", "dev"), ("acme-github-222222222222-eu-central-1", "prod")]
)
def test_a_workflow_gets_a_role_by_repository_branch_and_environment(
    templates: dict[str, dict[str, Any]], stack: str, stage: str
) -> None:
    (role,) = of_type(templates[stack], "AWS::IAM::Role")
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert trust["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": f"repo:acme/models:environment:{stage}",
            "token.actions.githubusercontent.com:ref": "refs/heads/release",
        }
    }


def test_without_a_connection_there_are_github_roles_alone(tmp_path: Path) -> None:
    found = synth(tmp_path, DELIVERY.replace(f'connection_arn = "{CONNECTION}"\n', ""))
    assert sorted(found) == ["acme-github", "acme-github-222222222222-eu-central-1"]


def test_the_shipped_example_synthesizes(tmp_path: Path) -> None:
    assert list(synth(tmp_path, (PROJECT / "delivery.toml").read_text())) == ["slipway-github"]


def test_a_stage_that_no_use_case_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"stages must each be in one of config/shoppers\.toml, got nowhere"):
        synth(tmp_path, DELIVERY.replace('name = "prod"', 'name = "nowhere"'))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("acme/models", "acme", "repository"),
        ("connection/0a1b", "connection/", "connection_arn"),
        ('use_cases = ["config/shoppers.toml"]', "use_cases = []", "use_cases"),
        ('name = "prod"', 'name = "dev"', "stages must be named once each"),
        ("trains = true", "train = true", "train is not a known key"),
    ],
)
def test_mistakes_in_the_settings_are_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        synth(tmp_path, DELIVERY.replace(old, new))
