"""A service that acts for another account takes on none of the roles: the confused deputy."""

import pytest

from tests.infra.access.account import Accounts
from tests.infra.access.expected import ROLES
from tests.infra.access.world import World

WITHOUT_A_SOURCE = ("lambda.amazonaws.com", "codebuild.amazonaws.com", "{")
"""Services that give none for these roles; and roles that are no service's."""

FOR_OWN = [label for label, expected in ROLES.items() if not expected.trusts.startswith(WITHOUT_A_SOURCE)]


def test_most_roles_are_for_the_accounts_own_resources() -> None:
    services = {ROLES[label].trusts.split(".")[0] for label in FOR_OWN}
    assert services == {"sagemaker", "states", "events", "scheduler"}


@pytest.mark.parametrize("label", FOR_OWN)
def test_a_service_that_acts_for_another_or_no_account_is_refused(world: World, accounts: Accounts, label: str) -> None:
    role, trusted = accounts.roles[label], ROLES[label].trusts.format(**world.names)
    own = f"aws:SourceAccount={world.names['account']}"
    assert world.trusts(role, trusted).allowed
    assert not world.trusts(role, trusted.replace(own, "aws:SourceAccount=999999999999")).allowed
    assert not world.trusts(role, trusted.split(" | ")[0]).allowed


@pytest.mark.parametrize("label", [label for label in FOR_OWN if "SourceArn" in ROLES[label].trusts])
def test_a_role_of_a_state_machine_or_rule_is_for_no_other_kind_of_resource(
    world: World, accounts: Accounts, label: str
) -> None:
    service = ROLES[label].trusts.split(" | ")[0]
    other = f"{service} | aws:SourceAccount={{account}} | aws:SourceArn=arn:aws:s3:::bucket"
    assert not world.trusts(accounts.roles[label], other).allowed
