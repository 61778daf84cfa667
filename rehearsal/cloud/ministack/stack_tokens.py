"""A ClientRequestToken that a stack's operation has used begins no second one; ministack would begin it."""

from typing import Any
from urllib.parse import parse_qs

from ministack import app as _app
from ministack.services import cloudformation as _cloudformation
from ministack.services.cloudformation import handlers as _handlers
from ministack.services.cloudformation import helpers as _helpers

_ACTIONS = ("UpdateStack", "ExecuteChangeSet", "ContinueUpdateRollback", "RollbackStack")
"""Those that change a stack which is there, and whose errors in CloudFormation's model have this one."""


def refuse_used_tokens() -> None:
    """Answer `TokenAlreadyExistsException`: AWS does not document whether it does, or repeats the first response."""
    known = _app.SERVICE_HANDLERS["cloudformation"]

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
        given = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        token = given.get("ClientRequestToken")
        if token and given.get("Action") in _ACTIONS and _is_used(given.get("StackName", ""), token):
            message = f"There is an operation with the client request token {token} already"
            return _helpers._error("TokenAlreadyExistsException", message)
        return await known(method, path, headers, body, query)

    _app.SERVICE_HANDLERS["cloudformation"] = handle


def _is_used(stack_name: str, token: str) -> bool:
    """Every event of an operation has its token."""
    stack = _handlers._resolve_stack(stack_name) or {}
    events = _cloudformation._stack_events.get(stack.get("StackId"), ())
    return any(event.get("ClientRequestToken") == token for event in events)
