"""Whether what was deployed stands: every stack settled, and the endpoint in service if it has a model."""

from botocore.exceptions import BotoCoreError, ClientError

from blueprint.names import STACK_KINDS
from rehearsal.operations.account import Account

_SETTLED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")
_WORKING = ("InService", "Updating", "SystemUpdating", "RollingBack")


def smoke(account: Account) -> tuple[list[str], list[str]]:
    """What was found in order, and what was found wrong, a sentence each."""
    good: list[str] = []
    bad: list[str] = []
    for kind in STACK_KINDS:
        status = _stack_status(account, account.settings.names.stack(kind))
        in_order = status in _SETTLED or (status == "UPDATE_IN_PROGRESS" and kind == "endpoint")
        (good if in_order else bad).append(f"stack {account.settings.names.stack(kind)} is {status}")
    name = account.settings.names.endpoint
    endpoint = _endpoint_status(account, name)
    if endpoint is None:
        good.append(f"endpoint {name} waits for its first approved model")
    else:
        (good if endpoint in _WORKING else bad).append(f"endpoint {name} is {endpoint}")
    return good, bad


def _stack_status(account: Account, name: str) -> str:
    try:
        found = account.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except (BotoCoreError, ClientError) as exc:
        return f"unreadable: {exc}"
    return str(found["StackStatus"])


def _endpoint_status(account: Account, name: str) -> str | None:
    """None where there is no such endpoint."""
    try:
        return str(account.client("sagemaker").describe_endpoint(EndpointName=name)["EndpointStatus"])
    except ClientError as exc:
        return None if "Could not find" in str(exc) else f"unreadable: {exc}"
    except BotoCoreError as exc:
        return f"unreadable: {exc}"
