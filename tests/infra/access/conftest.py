"""The stacks of a use case and of a delivery as accounts have them, with everything switched on that makes a role."""

from collections.abc import Callable
from pathlib import Path

import pytest

from infra.delivery.delivery_stacks import delivery_stacks
from infra.stages import UseCaseStacks
from slipway.settings import Settings, parse_settings
from tests.infra.access.account import Accounts
from tests.infra.access.world import World
from tests.infra.cdk_app import PROJECT, app_at
from tests.infra.delivery.test_delivery import DELIVERY


@pytest.fixture(scope="session")
def full_settings(settings: Settings) -> Settings:
    document = settings.model_dump()
    document["rollout"]["canary_analysis"] |= {"enabled": True, "value": True, "value_horizon_seconds": 60}
    document["monitoring"] |= {"retrain": True, "schedule": "cron(0 * ? * * *)"}
    document["endpoint"]["schedule"] = {"start": "cron(0 7 ? * MON-FRI *)", "stop": "cron(0 19 ? * MON-FRI *)"}
    document["experiment"] = {"expected": 0.1, "effect": 0.02}
    document["batch"] = {
        "schedule": "cron(0 6 * * ? *)",
        "query": {
            "sql": "SELECT * FROM sessions JOIN crm.customers USING (customer)",
            "database": "shop",
            "tables": ["sessions", "crm.customers"],
            "locations": ["s3://shop-lake/sessions/"],
            "kms_keys": ["arn:aws:kms:eu-central-1:111111111111:key/lake"],
        },
    }
    return parse_settings(document, source="test")


@pytest.fixture(scope="session")
def accounts(synth: Callable[..., tuple[UseCaseStacks, Path]], full_settings: Settings) -> Accounts:
    return Accounts(synth(full_settings)[1])


@pytest.fixture(scope="session")
def delivery_accounts(tmp_path_factory: pytest.TempPathFactory, accounts: Accounts) -> Accounts:
    folder = tmp_path_factory.mktemp("delivery")
    (folder / "delivery.toml").write_text(DELIVERY)
    app = app_at(folder / "cdk.out")
    delivery_stacks(app, folder / "delivery.toml", project=PROJECT)
    app.synth()
    return Accounts(folder / "cdk.out")


@pytest.fixture(scope="session")
def world(accounts: Accounts) -> World:
    return World(accounts)


@pytest.fixture(scope="session")
def delivery_world(accounts: Accounts, delivery_accounts: Accounts) -> World:
    return World(accounts, delivery_accounts)
