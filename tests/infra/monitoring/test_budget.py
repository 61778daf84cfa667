"""The monthly budget, its notifications, and the tag that its costs are found by."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Template

from infra.stages import UseCaseStacks
from slipway.settings import Settings
from slipway.settings.budget import Budget
from slipway.settings.names import COST_TAG

Resources = Callable[..., list[dict[str, Any]]]
Synth = Callable[..., tuple[UseCaseStacks, Path]]
Templates = dict[str, dict[str, Any]]

BILLED = (
    "AWS::CloudWatch::Alarm",
    "AWS::CodeBuild::Project",
    "AWS::ECR::Repository",
    "AWS::KMS::Key",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SageMaker::Endpoint",
    "AWS::SageMaker::EndpointConfig",
    "AWS::SageMaker::Model",
    "AWS::SageMaker::ModelPackageGroup",
    "AWS::SageMaker::Pipeline",
)


@pytest.fixture(scope="module")
def budgeted(synth: Synth, settings: Settings) -> Templates:
    budget = Budget(monthly_usd=120, notify_at_percent=(80, 100))
    stacks, _ = synth(settings.model_copy(update={"budget": budget}))
    return {kind: dict(Template.from_stack(stack).to_json()) for kind, stack in vars(stacks).items()}


def one(template: dict[str, Any], type_: str) -> dict[str, Any]:
    found: dict[str, Any]
    (found,) = [resource for resource in template["Resources"].values() if resource["Type"] == type_]
    return found


def publishers(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Which service may publish to the topic, and under what conditions."""
    policy = one(template, "AWS::SNS::TopicPolicy")["Properties"]["PolicyDocument"]["Statement"]
    return {
        statement["Principal"]["Service"]: statement.get("Condition", {})
        for statement in policy
        if statement["Effect"] == "Allow" and "Service" in statement["Principal"]
    }


def key_users(template: dict[str, Any]) -> set[str]:
    statements = one(template, "AWS::KMS::Key")["Properties"]["KeyPolicy"]["Statement"]
    services = [statement["Principal"].get("Service", []) for statement in statements]
    return {name for listed in services for name in ([listed] if isinstance(listed, str) else listed)}


def test_without_the_section_there_is_no_budget(resources: Resources, templates: Templates) -> None:
    assert resources("AWS::Budgets::Budget") == []
    assert "budgets.amazonaws.com" not in publishers(templates["monitoring"])
    assert "budgets.amazonaws.com" not in key_users(templates["storage"])


def test_a_budget_counts_what_has_the_use_cases_tag(budgeted: Templates, settings: Settings) -> None:
    budget = one(budgeted["monitoring"], "AWS::Budgets::Budget")["Properties"]["Budget"]
    assert budget == {
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": 120, "Unit": "USD"},
        "CostFilters": {"TagKeyValue": [f"user:{COST_TAG}${settings.names.prefix}"]},
    }


def test_each_part_and_the_forecast_are_published_to_the_topic(budgeted: Templates) -> None:
    template = budgeted["monitoring"]
    (topic,) = [id_ for id_, resource in template["Resources"].items() if resource["Type"] == "AWS::SNS::Topic"]
    subscribed = one(template, "AWS::Budgets::Budget")["Properties"]["NotificationsWithSubscribers"]
    assert [(each["Notification"]["NotificationType"], each["Notification"]["Threshold"]) for each in subscribed] == [
        ("ACTUAL", 80),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    ]
    for each in subscribed:
        assert each["Subscribers"] == [{"SubscriptionType": "SNS", "Address": {"Ref": topic}}]


def test_budgets_may_publish_for_this_account_before_the_budget_is_made(budgeted: Templates) -> None:
    template = budgeted["monitoring"]
    condition = publishers(template)["budgets.amazonaws.com"]
    assert condition["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert json.dumps(condition["ArnLike"]["aws:SourceArn"]).count(":budgets::") == 1
    (policy,) = [id_ for id_, r in template["Resources"].items() if r["Type"] == "AWS::SNS::TopicPolicy"]
    assert policy in one(template, "AWS::Budgets::Budget")["DependsOn"]
    assert "budgets.amazonaws.com" in key_users(budgeted["storage"])


def test_alarms_may_publish_to_the_topic(templates: Templates) -> None:
    assert publishers(templates["monitoring"])["cloudwatch.amazonaws.com"]["StringEquals"] == {
        "aws:SourceAccount": {"Ref": "AWS::AccountId"}
    }


def test_a_type_that_is_tagged_somewhere_is_tagged_everywhere(templates: Templates, settings: Settings) -> None:
    tag = (COST_TAG, settings.names.prefix)
    every = [resource for template in templates.values() for resource in template["Resources"].values()]
    types = {resource["Type"] for resource in every if tag in tags(resource)}
    assert types >= set(BILLED)
    assert [resource for resource in every if resource["Type"] in types and tag not in tags(resource)] == []


def tags(resource: dict[str, Any]) -> Iterator[tuple[str, str]]:
    given = resource.get("Properties", {}).get("Tags", [])
    pairs = given.items() if isinstance(given, dict) else ((tag["Key"], tag["Value"]) for tag in given)
    yield from pairs
