"""Reads the requests of roles as they pass the gateway."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from rehearsal.cloud.access.calls import Call, CallLog, call
from rehearsal.cloud.access.identities import Identities
from rehearsal.cloud.access.sagemaker_calls import Tags, sagemaker_calls
from rehearsal.cloud.environment import ACCOUNT, REGION
from rehearsal.cloud.ministack.asgi_server import Receive, Scope
from rehearsal.cloud.ministack.authorization import AuthorizedRequest, required_actions

_SAGEMAKER = "SageMaker."
_log = logging.getLogger(__name__)


class RequestReader:
    """Records what each request of a role needs, whatever the response; other requests pass unread."""

    def __init__(self, identities: Identities, ledger: CallLog, tags: Tags) -> None:
        self._identities, self._ledger, self._tags = identities, ledger, tags

    def over(self, scope: Scope, receive: Receive) -> Receive:
        """`receive`, recorded where a role has signed the request in `scope`."""
        role = self._identities.role_of(scope["headers"])
        if role is None:
            return receive
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        request = _request(scope, headers)
        if "/s3/aws4_request" in headers.get("authorization", ""):
            self._note(role, request)
            return receive
        return self._along(receive, lambda body: self._note(role, _request(scope, headers, body)))

    def note_invocation(self, scope: Scope, endpoint: str, *, operation: str) -> None:
        """A request for a prediction; its body is not read."""
        if role := self._identities.role_of(scope["headers"]):
            where = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{endpoint.lower()}"
            self._ledger.note(role, [call(f"sagemaker:{operation}", where)])

    @staticmethod
    def _along(receive: Receive, then: Callable[[bytes], None]) -> Receive:
        parts: list[bytes] = []

        async def read() -> dict[str, Any]:
            message = await receive()
            if message["type"] == "http.request":
                parts.append(message.get("body", b""))
                if not message.get("more_body", False):
                    then(b"".join(parts))
            return message

        return read

    def _note(self, role: str, request: AuthorizedRequest) -> None:
        try:
            found = list(self._calls(request))
        except Exception:  # noqa: BLE001 -- an unreadable request must not end
            _log.exception("the request %s %s was not read", request.method, request.path)
            found = []
        if found:
            self._ledger.note(role, found)
        else:
            self._ledger.note_unread(role, f"{request.method} {request.path} {request.target}".strip())

    def _calls(self, request: AuthorizedRequest) -> Iterable[Call]:
        if request.target.startswith(_SAGEMAKER):
            yield from sagemaker_calls(request.target.removeprefix(_SAGEMAKER), request.json(), self._tags)
            return
        for each in required_actions(request):
            yield Call(each.action, each.resource, frozenset(each.context.items()))


def _request(scope: Scope, headers: Mapping[str, str], body: bytes = b"") -> AuthorizedRequest:
    query = scope.get("query_string", b"").decode("latin-1")
    return AuthorizedRequest(scope["method"], unquote(scope["path"]), query, headers, body)
