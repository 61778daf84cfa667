"""Delivery by GitHub's workflows: the roles they take on, and the account's provider."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.infra.delivery.test_delivery import (
    CONNECTION,
    DELIVERY,
    assumed,
    listed,
    of_type,
    statements,
    synth,
    written,
)

ISSUER = "token.actions.githubusercontent.com"


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return synth(tmp_path_factory.mktemp("github"), DELIVERY)


def trusted(template: dict[str, Any]) -> dict[str, Any]:
    (role,) = of_type(template, "AWS::IAM::Role")
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    return dict(trust)


def test_a_repository_whose_numbers_are_known_gets_a_role_by_them(tmp_path: Path) -> None:
    found = synth(tmp_path, f"owner_id = 17\nrepository_id = 4\n{DELIVERY}")
    assert trusted(found["acme-github"])["Condition"] == {
        "StringEquals": {
            f"{ISSUER}:aud": "sts.amazonaws.com",
            f"{ISSUER}:ref": "refs/heads/release",
            f"{ISSUER}:sub": "repo:acme@17/models@4:environment:dev",
        }
    }


def test_an_account_has_one_provider_whatever_the_regions_of_its_stages(tmp_path: Path) -> None:
    """IAM refuses a second one of the same URL."""
    text = DELIVERY.replace('account = "222222222222"\n', "").replace('"dev"', '"dev"\nregion = "eu-west-1"')
    found = synth(tmp_path, text)
    assert sorted(found) == ["acme-delivery", "acme-github"]
    assert len(list(of_type(found["acme-github"], "AWS::IAM::OIDCProvider"))) == 1
    roles = {role["RoleName"] for role in of_type(found["acme-github"], "AWS::IAM::Role")}
    assert roles == {"acme-dev-github", "acme-prod-github"}
    ends = {"-".join(written(role).rsplit("-", 3)[1:]) for role in bootstrap_roles(found["acme-github"])}
    assert ends == {"eu-west-1", "eu-central-1"}


def test_a_stage_without_a_region_is_deployed_to_in_that_of_the_delivery(tmp_path: Path) -> None:
    """Whether alone in its account, or beside a stage that lives elsewhere."""
    head = DELIVERY.replace('region = "eu-central-1"\n', "").replace('account = "222222222222"\n', "")
    for number, place in enumerate(("", 'region = "eu-west-1"\n')):
        folder = tmp_path / str(number)
        folder.mkdir()
        found = synth(folder, f'region = "eu-central-1"\n{head}{place}')["acme-github"]
        (role,) = [id_ for id_, r in found["Resources"].items() if r["Properties"].get("RoleName") == "acme-dev-github"]
        assert {role.rpartition("-role-")[2][-12:] for role in assumed(found, role) if "cdk-" in role} == {
            "eu-central-1"
        }


def bootstrap_roles(template: dict[str, Any]) -> list[Any]:
    allowed = [r for s in statements(template) if s["Effect"] == "Allow" for r in listed(s["Resource"])]
    return [role for role in allowed if "cdk-hnb659fds" in written(role)]


def test_an_account_is_named_once_whether_by_the_stage_or_by_the_delivery(tmp_path: Path) -> None:
    text = f'account = "111111111111"\n{DELIVERY}'.replace("222222222222", "111111111111")
    assert "acme-github-111111111111" not in synth(tmp_path, text)


@pytest.mark.parametrize("where", ["delivery", "stage"])
def test_an_account_that_has_a_provider_gets_no_second_one(tmp_path: Path, where: str) -> None:
    setting = 'github_provider = "existing"\n'
    found = synth(tmp_path, f"{setting}{DELIVERY}" if where == "delivery" else f"{DELIVERY}{setting}")
    prod = found["acme-github-222222222222"]
    assert not list(of_type(prod, "AWS::IAM::OIDCProvider"))
    provider = written(trusted(prod)["Principal"]["Federated"])
    assert re.fullmatch(r"arn:.*:iam::.*:oidc-provider/token\.actions\.githubusercontent\.com", provider)
    assert len(list(of_type(found["acme-github"], "AWS::IAM::OIDCProvider"))) == (0 if where == "delivery" else 1)


def test_without_a_connection_there_are_github_roles_only(tmp_path: Path) -> None:
    found = synth(tmp_path, DELIVERY.replace(f'connection_arn = "{CONNECTION}"\n', ""))
    assert sorted(found) == ["acme-github", "acme-github-222222222222"]


def test_synth_warns_of_two_stages_behind_one_deploy_role(tmp_path: Path) -> None:
    text = DELIVERY.replace('account = "222222222222"\nregion = "eu-central-1"\n', "")
    synth(tmp_path, text)
    written = json.loads((tmp_path / "cdk.out" / "acme-github.metadata.json").read_text())
    (warning,) = [e["data"] for entries in written.values() for e in entries if e["type"] == "aws:cdk:warning"]
    assert warning.startswith("SG901: the stages dev and prod share the deploy role of `cdk bootstrap` in one account")
