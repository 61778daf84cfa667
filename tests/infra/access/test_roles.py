"""Every role of every stack: what it may, what it may not, and who may take it on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from infra.stages import UseCaseStacks
from rehearsal.cloud.iam import AccessOutcome
from slipway.settings import Settings
from tests.infra.access.account import Accounts, Role
from tests.infra.access.expected import DELIVERY_ROLES, ROLES, Expected, github
from tests.infra.access.world import World

EVERY_ROLE = {**ROLES, **DELIVERY_ROLES}
SERVICES = ("sagemaker", "lambda", "states", "events", "scheduler", "codebuild", "codepipeline", "ec2", "ecs-tasks")
STRANGER = "arn:aws:iam::999999999999:role/stranger"
MAKERS = (
    "Jobs",
    "TrainingRole",
    "TrainingStarter",
    "ReplayRole",
    "GuardedRole",
    "MonitorRole",
    "Build",
    "Deploy",
    "devStart",
    "prodStart",
    "SelfMutation",
)
"""Parts of the labels of roles under which models are made, tested, served or delivered."""


def test_every_role_has_its_expectations(accounts: Accounts, delivery_accounts: Accounts) -> None:
    assert (set(accounts.roles), set(delivery_accounts.roles)) == (set(ROLES), set(DELIVERY_ROLES))


@pytest.fixture
def place(request: pytest.FixtureRequest, label: str, world: World, accounts: Accounts) -> tuple[World, Role]:
    """The role of `label`, and the world of its stack."""
    if label in ROLES:
        return world, accounts.roles[label]
    delivery: Accounts = request.getfixturevalue("delivery_accounts")
    return request.getfixturevalue("delivery_world"), delivery.roles[label]


@pytest.mark.parametrize("label", EVERY_ROLE)
def test_a_role_may_do_what_its_work_needs(place: tuple[World, Role], label: str) -> None:
    world, role = place
    assert [line for line in EVERY_ROLE[label].allowed if not world.decision(role, line).allowed] == []


@pytest.mark.parametrize("label", EVERY_ROLE)
def test_a_role_may_do_nothing_else(place: tuple[World, Role], label: str) -> None:
    world, role = place
    assert [line for line in EVERY_ROLE[label].denied if world.decision(role, line).allowed] == []


@pytest.mark.parametrize("label", EVERY_ROLE)
def test_a_role_is_assumed_by_its_own_principals_only(place: tuple[World, Role], label: str) -> None:
    world, role = place
    assert takers(world, role, EVERY_ROLE[label]) == [EVERY_ROLE[label].trusts]


@pytest.mark.parametrize("subject", ["acme/models", "acme@17/models@4"])
def test_a_workflow_may_assume_its_role_with_tokens_that_have_numbers_and_without(
    delivery_world: World, delivery_accounts: Accounts, subject: str
) -> None:
    role = delivery_accounts.roles["github/DeployDev"]
    assert delivery_world.trusts(role, github("111111111111", "dev", subject=subject)).allowed


@pytest.mark.parametrize(
    "others",
    [
        {"subject": "acme/other", "repository": "acme/other"},
        {"subject": "acme@17/other@5", "repository": "acme/other"},
        {"subject": "acme@17/models-too@5", "repository": "acme/models-too"},
        {"subject": "acme-too@18/models@6", "repository": "acme-too/models"},
        {"subject": "acme@17/other@5:workflow:x/models@4", "repository": "acme/other"},
        {"subject": "acme@17/models@4:workflow:x", "environment": "somewhere"},
        {"environment": "prod"},
        {"audience": "https://github.com/acme"},
        {"stage": "prod"},
    ],
)
def test_no_other_repository_and_no_other_environment_may_assume_a_role(
    delivery_world: World, delivery_accounts: Accounts, others: dict[str, str]
) -> None:
    """Whatever stands in a subject: a repository may choose which claims make it up, a workflow's name among them."""
    role = delivery_accounts.roles["github/DeployDev"]
    claims = {"stage": "dev"} | others
    assert not delivery_world.trusts(role, github("111111111111", **claims)).allowed


def test_a_stage_in_another_account_is_started_by_its_own_workflows_too(
    synth: Callable[..., tuple[UseCaseStacks, Path]], full_settings: Settings
) -> None:
    """And by no other principal there, whatever its policies allow."""
    apart = full_settings.model_copy(update={"delivery_account": "333333333333"})
    accounts = Accounts(synth(apart)[1])
    world, role = World(accounts), accounts.roles["training/TrainingStarter"]
    here = "arn:aws:iam::111111111111:role/{}"

    def trusted(arn: str) -> bool:
        return world.trusts(role, f"{arn} | aws:PrincipalArn={arn}").allowed

    assert trusted("arn:aws:iam::333333333333:role/builds")
    assert trusted(here.format("slipway-dev-github"))
    strangers = [here.format("slipway-prod-github"), here.format("anybody"), STRANGER]
    assert [each for each in strangers if trusted(each)] == []


def takers(world: World, role: Role, expected: Expected) -> list[str]:
    service = expected.trusts.split(" | ")[0]
    here = [f"{each}.amazonaws.com | aws:SourceAccount={{account}}" for each in SERVICES]
    elsewhere = ["sagemaker.amazonaws.com | aws:SourceAccount=999999999999", STRANGER, "{training_role}"]
    others = [github("111111111111", "dev", branch="main"), github("222222222222", "prod", branch="feature")]
    # The confused deputy: the service acts for another account, for none, or for another kind of resource.
    confused = [service, expected.trusts.replace("{account}", "999999999999")]
    own = f"{service} | aws:SourceAccount={{account}}"
    if "SourceArn" in expected.trusts:
        confused.append(f"{own} | aws:SourceArn=arn:aws:s3:::bucket")
    elif own in here:
        here.remove(own)
    if expected.trusts == "{anybody_here}":  # each of whom needs a permission as well
        elsewhere.remove("{training_role}")
    candidates = dict.fromkeys([expected.trusts, *here, *elsewhere, *others, *confused])
    return [each for each in candidates if world.trusts(role, each).allowed]


def test_every_role_that_makes_a_model_is_denied_to_approve_it(
    world: World, accounts: Accounts, delivery_world: World, delivery_accounts: Accounts
) -> None:
    approve = "sagemaker:UpdateModelPackage {package} | sagemaker:ModelApprovalStatus=Approved"
    found = {
        label: place.decision(role, approve).outcome
        for place, roles in ((world, accounts.roles), (delivery_world, delivery_accounts.roles))
        for label, role in roles.items()
        if any(part in label for part in MAKERS) and "Action" not in label and "StepImage" not in label
    }
    assert len(found) >= 14
    assert {label for label, outcome in found.items() if outcome is not AccessOutcome.DENIED} == set()


def test_no_pipeline_run_registers_a_model_that_is_approved_already(world: World, accounts: Accounts) -> None:
    """Whoever starts it may set its parameter ModelApprovalStatus."""
    role = accounts.roles["training/TrainingRole"]
    approved = "sagemaker:CreateModelPackage {package} | sagemaker:ModelApprovalStatus=Approved"
    assert world.decision(role, approved).outcome is AccessOutcome.DENIED


def test_a_rollout_rejects_and_never_approves(world: World, accounts: Accounts) -> None:
    role = accounts.roles["rollout/RolloutFunctionRole"]
    line = "sagemaker:UpdateModelPackage {{package}} | sagemaker:ModelApprovalStatus={}".format
    assert world.decision(role, line("Rejected")).allowed
    assert world.decision(role, line("Approved")).outcome is AccessOutcome.DENIED
