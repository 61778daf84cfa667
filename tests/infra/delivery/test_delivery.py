"""Delivery by CodePipeline and by GitHub's workflows."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from infra.delivery.delivery_stacks import delivery_stacks
from slipway.errors import InputError
from tests.infra.cdk_app import PROJECT, app_at

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


def synth(folder: Path, text: str, *, project: Path = PROJECT) -> dict[str, dict[str, Any]]:
    file = folder / "delivery.toml"
    file.write_text(text)
    app = app_at(folder / "cdk.out")
    delivery_stacks(app, file, project=project)
    app.synth()
    stacks = [child for child in app.node.children if isinstance(child, cdk.Stack)]
    return {stack.stack_name: json.loads((folder / "cdk.out" / stack.template_file).read_text()) for stack in stacks}


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return synth(tmp_path_factory.mktemp("delivery"), DELIVERY)


def project_of(folder: Path, *names: str, region: str = "eu-central-1") -> Path:
    """A project with the shipped use case under each name; the prod of the last one is in `region`."""
    shipped = (PROJECT / "config" / "shoppers.toml").read_text()
    (folder / "config").mkdir()
    for name in names:
        place = region if name == names[-1] else "eu-central-1"
        text = shipped.replace('name = "shoppers"', f'name = "{name}"', 1)
        (folder / "config" / f"{name}.toml").write_text(f'{text}\n[stages.prod]\nregion = "{place}"\n')
    return folder


def delivery_of(*names: str) -> str:
    return DELIVERY.replace('["config/shoppers.toml"]', json.dumps([f"config/{name}.toml" for name in names]))


@pytest.fixture(scope="module")
def of_two(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Two use cases, in each stage side by side."""
    folder = project_of(tmp_path_factory.mktemp("two"), "one", "two")
    return synth(folder, delivery_of("two", "one"), project=folder)


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


def test_every_cdk_comes_from_the_lock_file_that_the_tests_ran_with(templates: dict[str, dict[str, Any]]) -> None:
    specs = build_specs(templates)
    used = {name for name, spec in specs.items() if "cdk" in " ".join(spec["phases"]["build"]["commands"])}
    assert used > {"SelfMutate", "Synth"}
    for name in used - {"Synth"}:
        assert specs[name]["phases"]["install"]["commands"] == ["npm ci --ignore-scripts --no-audit --no-fund"]
        assert all(c.startswith("node_modules/.bin/cdk ") for c in specs[name]["phases"]["build"]["commands"])
    handed_on = [
        c for c in specs["Synth"]["phases"]["build"]["commands"] if c.startswith("cp package.json package-lock.json ")
    ]
    assert [command.rsplit(" ", 1)[1] for command in handed_on] == ["cdk.out", "assemblies"]


def test_a_stages_dashboard_is_deployed_after_all_of_its_use_cases(of_two: dict[str, dict[str, Any]]) -> None:
    order = {name: action["RunOrder"] for name, action in actions(of_two)["prod"].items()}
    assert order == {
        "Approve_prod": 1,
        "Deploy_config_two.toml_to_prod": 2,
        "Deploy_config_one.toml_to_prod": 2,
        "Deploy_the_fleet_to_prod": 3,
        "Start_config_two.toml_in_prod": 3,
        "Start_config_one.toml_in_prod": 3,
    }
    assert actions(of_two)["dev"]["Deploy_the_fleet_to_dev"]["RunOrder"] == 2


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_dashboard_was_synthesized_once_before_too(of_two: dict[str, dict[str, Any]], stage: str) -> None:
    specs = build_specs(of_two)
    (written,) = [c for c in specs["Synth"]["phases"]["build"]["commands"] if re.search(rf" -c fleet=.*={stage} ", c)]
    assert written.endswith(f"/delivery.toml -c stage={stage} --output assemblies/{stage}/_fleet")
    deployed = specs[f"Deploy_the_fleet_to_{stage}"]["phases"]["build"]["commands"]
    (command,) = deployed
    assert command.endswith(f"cdk deploy --app {stage}/_fleet --all --require-approval never --progress events")


def test_a_dashboards_build_may_do_what_a_use_cases_may(of_two: dict[str, dict[str, Any]]) -> None:
    """Become the bootstrap roles of its own stage; tests/infra/access/ evaluates those of a use case's build."""
    for stage, place in (("dev", None), ("prod", "222222222222-eu-central-1")):
        roles = roles_of(of_two)
        fleet, use_case = (roles[f"Deploy_{what}_to_{stage}"] for what in ("the_fleet", "config_one.toml"))
        assert fleet == use_case
        may = assumed(of_two["acme-delivery"], fleet)
        assert len(may) == 3
        assert place is None or all(role.endswith(place) for role in may)


def test_one_use_case_has_no_dashboard_to_deploy(templates: dict[str, dict[str, Any]]) -> None:
    assert "fleet" not in json.dumps(templates)


def test_use_cases_in_different_places_have_no_dashboard_to_deploy(tmp_path: Path) -> None:
    project = project_of(tmp_path, "one", "two", region="us-east-1")
    anywhere = delivery_of("one", "two").replace('region = "eu-central-1"\n', "")
    found = actions(synth(tmp_path, anywhere, project=project))
    assert "Deploy_the_fleet_to_prod" not in found["prod"]
    assert "Deploy_the_fleet_to_dev" in found["dev"]


def test_a_use_case_outside_of_the_delivery_makes_no_dashboard(tmp_path: Path) -> None:
    found = synth(tmp_path, delivery_of("one"), project=project_of(tmp_path, "one", "two"))
    assert "fleet" not in json.dumps(found)


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


def roles_of(templates: dict[str, dict[str, Any]]) -> dict[str, str]:
    """The id of each build's role by the name of the build."""
    projects = of_type(templates["acme-delivery"], "AWS::CodeBuild::Project")
    return {p["Description"].rsplit("/", 1)[-1]: p["ServiceRole"]["Fn::GetAtt"][0] for p in projects}


def assumed(template: dict[str, Any], role: str) -> set[str]:
    """The roles that a build's role may become; it may deny itself things, and do what every build does."""
    (policy,) = [
        p["PolicyDocument"]["Statement"] for p in of_type(template, "AWS::IAM::Policy") if {"Ref": role} in p["Roles"]
    ]
    services = {action.split(":")[0] for s in policy if s["Effect"] == "Allow" for action in listed(s["Action"])}
    assert services <= {"sts", "logs", "codebuild", "s3", "kms"}
    assert any(s["Effect"] == "Deny" and s["Action"] == "sagemaker:UpdateModelPackage" for s in policy)
    return {written(role) for s in policy if s["Action"] == "sts:AssumeRole" for role in listed(s["Resource"])}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def written(resource: Any) -> str:
    """An ARN with its tokens spelled out."""
    return resource if isinstance(resource, str) else "".join(map(str, resource["Fn::Join"][1]))


def test_the_shipped_example_synthesizes(tmp_path: Path) -> None:
    assert list(synth(tmp_path, (PROJECT / "delivery.toml").read_text())) == ["slipway-github"]


def test_two_use_cases_of_one_name_are_refused(tmp_path: Path) -> None:
    project = project_of(tmp_path, "one", "two")
    shutil.copy(project / "config" / "one.toml", project / "config" / "two.toml")
    with pytest.raises(InputError, match=r"two\.toml: name must differ from that of .*one\.toml, got one"):
        synth(tmp_path, delivery_of("one", "two"), project=project)


def test_a_stage_whose_region_is_not_its_use_cases_is_refused(tmp_path: Path) -> None:
    project = project_of(tmp_path, "one", "two", region="us-east-1")
    with pytest.raises(InputError, match="stage prod: region must be us-east-1, as two has it, got eu-central-1"):
        synth(tmp_path, delivery_of("one", "two"), project=project)


def test_a_stage_that_no_use_case_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"stages must each be in one of config/shoppers\.toml, got nowhere"):
        synth(tmp_path, DELIVERY.replace('name = "prod"', 'name = "nowhere"'))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("acme/models", "acme", "repository"),
        ("connection/0a1b", "connection/", "connection_arn"),
        ('use_cases = ["config/shoppers.toml"]', "use_cases = []", "use_cases"),
        ('name = "prod"', 'name = "dev"', "stages must be named once each"),
        ("trains = true", "train = true", "train is not a known key"),
        ('branch = "release"', "owner_id = 17", "owner_id and repository_id must be given together"),
        ('branch = "release"', 'github_provider = "other"', "github_provider"),
    ],
)
def test_errors_in_the_settings_are_reported(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        synth(tmp_path, DELIVERY.replace(old, new))
