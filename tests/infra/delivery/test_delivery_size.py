"""How large a delivery may be: the limits of CloudFormation, CodePipeline and IAM."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.infra.access.account import Stack
from tests.infra.delivery.test_delivery import actions, build_specs, delivery_of, of_type, project_of, synth


@pytest.fixture(scope="module")
def of_fifty(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    names = [f"case-{number}" for number in range(50)]
    folder = project_of(tmp_path_factory.mktemp("fifty"), *names)
    return synth(folder, delivery_of(*names), project=folder)


def test_fifty_use_cases_in_two_stages_fit_cloudformation_and_codepipeline(
    of_fifty: dict[str, dict[str, Any]],
) -> None:
    """500 resources a stack, 50 actions a stage, 10240 characters of policies a role."""
    fits(of_fifty, resources=250)


def fits(templates: dict[str, dict[str, Any]], *, resources: int) -> None:
    template = templates["acme-delivery"]
    assert len(template["Resources"]) < resources
    assert [name for name in actions(templates) if "." in name] == []  # the CDK splits a stage of more than 50 actions
    assert not list(of_type(template, "AWS::IAM::ManagedPolicy"))  # nor has it had to split a policy
    assert max(len(stage) for stage in actions(templates).values()) <= 50
    assert max(len(name) for stage in actions(templates).values() for name in stage) <= 100
    stack = Stack("acme-delivery", template, account="111111111111", exports={})
    for policy in of_type(template, "AWS::IAM::Policy"):
        document = json.dumps(stack.resolved(policy["PolicyDocument"]), separators=(",", ":"))
        assert len(document) <= 10_240, policy["PolicyName"]


def test_the_largest_delivery_that_the_settings_allow_fits_too(tmp_path: Path) -> None:
    stages = [f"stage-of-twenty-four-{number:03}" for number in range(10)]
    fits(of_many(tmp_path, names=[f"case-{number}" for number in range(50)], stages=stages), resources=500)


def test_the_longest_paths_that_the_settings_allow_fit_too(tmp_path: Path) -> None:
    """As many as have a build of their own, which is named after them."""
    names = [f"case-{number}-of-twenty-four" for number in range(8)]
    found = of_many(
        tmp_path, names=names, stages=[f"stage-of-twenty-four-{end}" for end in ("one", "two")], folder="a" * 30
    )
    assert len(max(build_specs(found), key=len)) > 90
    fits(found, resources=250)


def of_many(
    tmp_path: Path, *, names: list[str], stages: list[str], folder: str = "config"
) -> dict[str, dict[str, Any]]:
    project = project_of(tmp_path, *names)
    for name in names:
        with (project / "config" / f"{name}.toml").open("a") as file:
            file.write("".join(f"[stages.{stage}]\n" for stage in stages))
    (project / "config").rename(project / folder)
    head = delivery_of(*names).replace("config/", f"{folder}/").partition("[[stages]]")[0]
    text = head + "".join(f'[[stages]]\nname = "{stage}"\napproval = true\n' for stage in stages)
    return synth(tmp_path, text, project=project)


def test_each_of_fifty_use_cases_is_deployed_and_started_once(of_fifty: dict[str, dict[str, Any]]) -> None:
    commands = [c for spec in build_specs(of_fifty).values() for c in spec["phases"]["build"]["commands"]]
    for name in (f"case-{number}" for number in range(50)):
        for stage in ("dev", "prod"):
            assert sum(f"cdk deploy --app {stage}/config-{name} " in command for command in commands) == 1
            smoke = f"slipway smoke --config config/{name}.toml --stage {stage} "
            assert sum(smoke in command for command in commands) == 1


def test_each_use_case_is_a_command_so_that_a_failure_names_it(of_fifty: dict[str, dict[str, Any]]) -> None:
    (deployed,) = [s for name, s in build_specs(of_fifty).items() if name == "Deploy_part_4_of_8_to_dev"]
    apps = [re.findall(r"--app dev/config-(\S+)", command) for command in deployed["phases"]["build"]["commands"]]
    assert apps == [[f"case-{number}"] for number in range(3, 50, 8)]
