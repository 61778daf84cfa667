"""A use case's budget on the embedded AWS, and the tag by which it counts on what its pipeline starts."""

from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template

from infra.monitoring.budget import UseCaseBudget
from infra.shared.notifications import NotificationTopic
from slipway.settings import Settings, load_settings
from slipway.settings.budget import Budget
from slipway.settings.names import COST_TAG
from tests.rehearsal.cloud.process import CloudProcess
from tests.rehearsal.cloud.stacks import deploy, outputs

ACCOUNT = "000000000000"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/12345678-1234-1234-1234-123456789012"


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(Path(__file__).parents[2] / "config" / "shoppers.toml", "dev")


def resources(settings: Settings, budget: Budget) -> dict[str, object]:
    app = cdk.App(analytics_reporting=False, builtin_cloud_formation_validation=False)
    stack = cdk.Stack(app, "Money")
    notifications = NotificationTopic(
        stack,
        "Notifications",
        key=kms.Key.from_key_arn(stack, "Key", KEY),
        pipeline_name=settings.names.pipeline,
        addresses=(),
    )
    made = UseCaseBudget(stack, "Budget", names=settings.names, budget=budget, notifications=notifications)
    made.override_logical_id("Budget")
    found: dict[str, object] = Template.from_stack(stack).to_json()["Resources"]
    return found


def test_a_budget_tells_the_topic_of_spending_and_of_what_is_forecast(cloud: CloudProcess, settings: Settings) -> None:
    made = deploy(cloud, "money", resources(settings, Budget(monthly_usd=75)), Name={"Ref": "Budget"})
    name = outputs(made)["Name"]
    client = cloud("budgets")
    found = client.describe_budget(AccountId=ACCOUNT, BudgetName=name)["Budget"]
    assert float(found["BudgetLimit"]["Amount"]) == 75
    assert found["CostFilters"] == {"TagKeyValue": [f"user:{COST_TAG}${settings.names.prefix}"]}
    reported = client.describe_notifications_for_budget(AccountId=ACCOUNT, BudgetName=name)["Notifications"]
    assert sorted((each["NotificationType"], each["Threshold"]) for each in reported) == [
        ("ACTUAL", 50.0),
        ("ACTUAL", 80.0),
        ("ACTUAL", 100.0),
        ("FORECASTED", 100.0),
    ]
    (topic,) = [each["TopicArn"] for each in cloud("sns").list_topics()["Topics"] if "money" in each["TopicArn"]]
    for each in reported:
        heard = client.describe_subscribers_for_notification(AccountId=ACCOUNT, BudgetName=name, Notification=each)
        assert heard["Subscribers"] == [{"SubscriptionType": "SNS", "Address": topic}]
