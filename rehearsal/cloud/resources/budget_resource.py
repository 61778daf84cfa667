"""AWS::Budgets::Budget."""

from rehearsal.cloud.environment import ACCOUNT
from rehearsal.cloud.ministack.cloudformation import Properties, Provisioned
from rehearsal.cloud.resources.handler import generated_name
from rehearsal.cloud.resources.sdk import ClientFactory, Sdk


class BudgetResource:
    """An update makes the budget anew under its name: the API cannot exchange the notifications at once."""

    name = "AWS::Budgets::Budget"
    create_only = ()

    def __init__(self, client: ClientFactory) -> None:
        self._budgets = Sdk(client, "budgets")

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        return self._create(properties["Budget"].get("BudgetName") or generated_name(stack, logical_id), properties)

    def _create(self, name: str, properties: Properties) -> Provisioned:
        request = {
            "AccountId": ACCOUNT,
            "Budget": {**properties["Budget"], "BudgetName": name},
            "NotificationsWithSubscribers": properties.get("NotificationsWithSubscribers") or [],
        }
        if tags := properties.get("ResourceTags"):
            request["ResourceTags"] = tags
        self._budgets.call("CreateBudget", **request)
        return name, {}

    def update(self, physical_id: str, old: Properties, new: Properties, _stack: str) -> Provisioned:
        self.delete(physical_id, old)
        return self._create(new["Budget"].get("BudgetName") or physical_id, new)

    def delete(self, physical_id: str, _properties: Properties) -> None:
        self._budgets.gone("DeleteBudget", "NotFoundException", AccountId=ACCOUNT, BudgetName=physical_id)
