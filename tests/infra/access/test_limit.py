"""A limit that every role of the app stays within, whatever its policies say; and the one that comes with it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.delivery.delivery_stacks import delivery_stacks
from infra.stages import use_cases
from rehearsal.cloud.iam import AccessOutcome, AccessRequest, Policy, Principal, decide, parse_policy
from slipway.errors import InputError
from slipway.settings import Settings, load_settings, parse_settings
from tests.infra.access.account import ACCOUNT, ALLOWS_EVERYTHING, Accounts, Resource
from tests.infra.access.expected import DELIVERY_ROLES, ROLES
from tests.infra.access.world import World
from tests.infra.cdk_app import PROJECT, app_at
from tests.infra.delivery.test_delivery import DELIVERY, delivery_of, project_of
from tests.infra.review.test_review import EVERYTHING

LIMIT_FILE = PROJECT / "infra" / "slipway-limit.json"
NAME = LIMIT_FILE.stem
HERE = f"arn:aws:iam::{ACCOUNT}"


def settings_of(name: str, stage: str) -> Settings:
    """With all that can be switched on in prod, and as shipped in dev."""
    document = load_settings(PROJECT / "config" / "shoppers.toml", stage).model_dump() | {"name": name}
    for section, given in (EVERYTHING if stage == "prod" else {}).items():
        document[section] = (document[section] or {}) | given
    document["access"] = (document["access"] or {}) | {"permission_boundary": NAME}
    return parse_settings(document, source="test")


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory: pytest.TempPathFactory, steps_folder: Path) -> Accounts:
    """Two use cases in two stages, with the dashboard over them, and their delivery both ways."""
    folder = project_of(tmp_path_factory.mktemp("bounded"), "one", "two")
    for name in ("one", "two"):
        with (folder / "config" / f"{name}.toml").open("a") as file:
            file.write(f'[access]\npermission_boundary = "{NAME}"\n')
    for stage in ("dev", "prod"):
        app = app_at(folder / stage)
        use_cases(app, [settings_of(name, stage) for name in ("one", "two")], steps_folder=steps_folder)
        app.synth()
    (folder / "delivery.toml").write_text(f'permission_boundary = "{NAME}"\n{delivery_of("one", "two")}')
    app = app_at(folder / "delivery")
    delivery_stacks(app, folder / "delivery.toml", project=folder)
    app.synth()
    return Accounts(folder / "dev", folder / "prod", folder / "delivery")


def boundary_of(role: Resource) -> Any:
    return role.stack.resolved(role.properties.get("PermissionsBoundary"))


def test_every_role_of_every_stack_stays_within_the_limit(everywhere: Accounts) -> None:
    roles = everywhere.of_type("AWS::IAM::Role")
    assert [r.label for r in roles if boundary_of(r) != f"arn:aws:iam::{r.stack.account}:policy/{NAME}"] == []
    assert {"slipway-fleet-dev", "acme-delivery", "acme-github", "one-prod-network"} <= everywhere.stacks.keys()
    assert {r.stack.kind for r in roles} >= {"training", "endpoint", "rollout", "monitoring", "image", "delivery"}
    assert len(roles) > 4 * 15 + len(DELIVERY_ROLES)


def test_without_a_limit_the_delivery_has_none(delivery_accounts: Accounts) -> None:
    assert {boundary_of(role) for role in delivery_accounts.of_type("AWS::IAM::Role")} == {None}


@pytest.fixture(scope="module")
def limit() -> Policy:
    return parse_policy(json.loads(LIMIT_FILE.read_text()))


def test_within_the_limit_each_role_may_do_what_its_work_needs(
    world: World, accounts: Accounts, delivery_world: World, delivery_accounts: Accounts, limit: Policy
) -> None:
    def requests() -> Iterator[tuple[str, bool]]:
        for place, roles, expected in (
            (world, accounts.roles, ROLES),
            (delivery_world, delivery_accounts.roles, DELIVERY_ROLES),
        ):
            for label, each in expected.items():
                for line in each.allowed:
                    yield f"{label}: {line}", place.decision(roles[label], line, within=limit).allowed

    answers = list(requests())
    assert len(answers) > 200
    assert [line for line, allowed in answers if not allowed] == []


ADMINISTRATOR = Principal("AWS", f"{HERE}:role/administrator")
PACKAGE = f"arn:aws:sagemaker:eu-central-1:{ACCOUNT}:model-package/shoppers-dev/3"
ROLE, POLICY = f"{HERE}:role/new", f"{HERE}:policy/{NAME}"
STATUS, BOUNDARY = "sagemaker:ModelApprovalStatus", "iam:PermissionsBoundary"


def outcome(limit: Policy, action: str, resource: str, **context: str) -> AccessOutcome:
    request = AccessRequest(action, resource, {key.replace("__", ":"): value for key, value in context.items()})
    return decide(request, principal=ADMINISTRATOR, identity=[ALLOWS_EVERYTHING], boundary=[limit]).outcome


@pytest.mark.parametrize("action", ["UpdateModelPackage", "CreateModelPackage"])
def test_within_the_limit_an_administrator_approves_no_model(limit: Policy, action: str) -> None:
    def with_status(status: str) -> AccessOutcome:
        return outcome(limit, f"sagemaker:{action}", PACKAGE, **{STATUS: status})

    assert with_status("Approved") is AccessOutcome.DENIED
    assert with_status("Rejected") is with_status("PendingManualApproval") is AccessOutcome.ALLOWED


@pytest.mark.parametrize(
    "action", ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy", "iam:AttachRolePolicy"]
)
def test_within_the_limit_an_administrator_makes_and_changes_roles_within_it_alone(limit: Policy, action: str) -> None:
    assert outcome(limit, action, ROLE, **{BOUNDARY: POLICY}) is AccessOutcome.ALLOWED
    for other in ({}, {BOUNDARY: f"{POLICY}-2"}, {BOUNDARY: "arn:aws:iam::aws:policy/AdministratorAccess"}):
        assert outcome(limit, action, ROLE, **other) is AccessOutcome.DENIED


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:DeleteRolePermissionsBoundary", ROLE),
        ("iam:CreateUser", f"{HERE}:user/new"),
        ("iam:CreateAccessKey", f"{HERE}:user/there"),
        ("iam:CreateLoginProfile", f"{HERE}:user/there"),
        ("iam:UpdateLoginProfile", f"{HERE}:user/there"),
        *((f"iam:{verb}", POLICY) for verb in ("CreatePolicyVersion", "SetDefaultPolicyVersion")),
        *((f"iam:{verb}", POLICY) for verb in ("DeletePolicyVersion", "DeletePolicy")),
    ],
)
def test_within_the_limit_no_role_can_remove_or_change_the_limit(limit: Policy, action: str, resource: str) -> None:
    assert outcome(limit, action, resource) is AccessOutcome.DENIED


def test_other_policies_may_change(limit: Policy) -> None:
    assert outcome(limit, "iam:CreatePolicyVersion", f"{HERE}:policy/another") is AccessOutcome.ALLOWED


def test_the_limit_fits_a_managed_policy_and_names_itself() -> None:
    text = LIMIT_FILE.read_text()
    assert len("".join(text.split())) <= 6144
    assert text.count(f"arn:*:iam::*:policy/{NAME}") == text.count("arn:") == 2
    documented = (PROJECT / "docs" / "how-to" / "restrict-access.md").read_text()
    assert f"--policy-name {NAME} --policy-document file://infra/{NAME}.json" in documented
    assert f"cdk bootstrap --custom-permissions-boundary {NAME}" in documented


def test_a_delivery_with_a_limit_refuses_a_use_case_without_one(tmp_path: Path) -> None:
    file = tmp_path / "delivery.toml"
    file.write_text(f'permission_boundary = "{NAME}"\n{DELIVERY}')
    message = "stage dev: access.permission_boundary of shoppers must be given where the delivery has one, got none"
    with pytest.raises(InputError, match=message):
        delivery_stacks(app_at(tmp_path / "cdk.out"), file, project=PROJECT)
