"""A monthly budget of a use case, with notifications at parts of it."""

import aws_cdk as cdk
from aws_cdk import aws_budgets as budgets
from constructs import Construct

from infra.shared.notifications import NotificationTopic, grant_publish_to_service
from slipway.settings.budget import Budget
from slipway.settings.names import COST_TAG, Names


class UseCaseBudget(budgets.CfnBudget):
    """Counts the cost of the resources with the use case's tag.

    The tag has no effect before the paying account has activated it for cost allocation, once for all use cases;
    no CloudFormation resource can. The budget has no name of its own: changed thresholds replace it.
    """

    def __init__(
        self, scope: Construct, id_: str, *, names: Names, budget: Budget, notifications: NotificationTopic
    ) -> None:
        subscribed = [_notification("ACTUAL", percent, notifications) for percent in budget.notify_at_percent]
        if budget.forecast:
            subscribed.append(_notification("FORECASTED", 100, notifications))
        super().__init__(
            scope,
            id_,
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=budget.monthly_usd, unit="USD"),
                cost_filters={"TagKeyValue": [f"user:{COST_TAG}${names.prefix}"]},
            ),
            notifications_with_subscribers=subscribed,
        )
        # Budgets checks that it may publish while it creates the budget.
        self.node.add_dependency(grant_publish_to_service(notifications, "budgets", _source(self)))


def _notification(
    kind: str, percent: int, notifications: NotificationTopic
) -> budgets.CfnBudget.NotificationWithSubscribersProperty:
    return budgets.CfnBudget.NotificationWithSubscribersProperty(
        notification=budgets.CfnBudget.NotificationProperty(
            notification_type=kind, comparison_operator="GREATER_THAN", threshold=percent, threshold_type="PERCENTAGE"
        ),
        subscribers=[budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=notifications.topic_arn)],
    )


def _source(scope: Construct) -> str:
    """Every budget of the account: this one has no fixed name."""
    return cdk.Stack.of(scope).format_arn(service="budgets", region="", resource="*")
