"""The front door: invocations go to the fleets, everything else to the emulator."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, Protocol
from urllib.parse import unquote

from blueprint.limits import MOST_REQUEST_BYTES
from rehearsal.cloud.environment import ACCOUNT, REGION
from rehearsal.cloud.ministack.server import Application, Receive, Scope, Send

_INVOCATION = re.compile(r"/endpoints/([^/]+)/invocations")
_PASSED_ON = ("Content-Type", "X-Amzn-SageMaker-Custom-Attributes")
"""Headers of the container's answer that its caller gets to see."""


class Invocation(Protocol):
    """A fleet's answer to one request."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...
    @property
    def headers(self) -> Any: ...
    @property
    def variant(self) -> str: ...


Invoke = Callable[..., Awaitable[Invocation]]

ACCESS = "/_slipway/access"
"""Where the process tells what roles did, in JSON: no part of AWS."""


class Access(Protocol):
    """Reads along what roles ask for, and tells what they lacked."""

    def over(self, scope: Scope, receive: Receive) -> Receive: ...

    def note_invocation(self, scope: Scope, endpoint: str) -> None: ...

    def report(self) -> dict[str, Any]: ...


class Gateway:
    """An ASGI application; `started` is called when the emulator behind it is up."""

    def __init__(
        self, emulator: Application, invoke: Invoke, *, started: Callable[[], None], access: Access | None = None
    ) -> None:
        self._emulator, self._invoke, self._started, self._access = emulator, invoke, started, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._emulator(scope, receive, self._watching(send))
        elif scope["type"] == "http" and (match := _INVOCATION.fullmatch(scope["path"])) and scope["method"] == "POST":
            await self._answer(unquote(match[1]), scope, receive, send)
        elif self._access is None or scope["type"] != "http":
            await self._emulator(scope, receive, send)
        elif scope["path"] == ACCESS:
            # It asks this very server, so it must not hold its loop.
            found = await asyncio.to_thread(self._access.report)
            await _respond(send, 200, {"Content-Type": "application/json"}, json.dumps(found).encode())
        else:
            await self._emulator(scope, self._access.over(scope, receive), send)

    def _watching(self, send: Send) -> Send:
        async def watched(message: dict[str, Any]) -> None:
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                self._started()

        return watched

    async def _answer(self, endpoint: str, scope: Scope, receive: Receive, send: Send) -> None:
        if self._access is not None:
            self._access.note_invocation(scope, endpoint)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            body = await _body(receive)
        except _HungUpError:
            return
        if body is None:
            message = f"the body must be at most {MOST_REQUEST_BYTES} bytes"
            await _respond(send, *_error("ValidationError", message, 413))
            return
        try:
            found = await self._invoke(
                endpoint,
                body,
                content_type=headers.get("content-type", "application/octet-stream"),
                accept=headers.get("accept", "*/*"),
                target_variant=headers.get("x-amzn-sagemaker-target-variant"),
                inference_id=headers.get("x-amzn-sagemaker-inference-id"),
                custom_attributes=headers.get("x-amzn-sagemaker-custom-attributes"),
            )
        except LookupError:
            message = f"Endpoint {endpoint} of account {ACCOUNT} not found."
            await _respond(send, *_error("ValidationError", message, 400))
            return
        await _respond(send, *_response(endpoint, found))


class _HungUpError(Exception):
    """Nobody waits for an answer any longer."""


async def _body(receive: Receive) -> bytes | None:
    """The whole body, or None when it is too large.

    Raises:
        _HungUpError: the caller has gone before the end of it.
    """
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _HungUpError
        part = message.get("body", b"")
        size += len(part)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts) if size <= MOST_REQUEST_BYTES else None


def _response(endpoint: str, found: Invocation) -> tuple[int, dict[str, str], bytes]:
    """The container's answer; one that is no success becomes SageMaker's ModelError."""
    variant = {"x-Amzn-Invoked-Production-Variant": found.variant}
    if 200 <= found.status < 300:
        said = {name.lower(): value for name, value in dict(found.headers).items()}
        own = {name: said[name.lower()] for name in _PASSED_ON if name.lower() in said}
        return found.status, {"Content-Type": "text/plain", **own, **variant}, found.body
    text = found.body.decode(errors="replace")
    side = "client" if 400 <= found.status < 500 else "server"  # 0 is a container that gave no response
    message = f'Received {side} error ({found.status}) from {found.variant} with message "{text}".'
    log = f"/aws/sagemaker/Endpoints/{endpoint}"
    more = {
        "OriginalStatusCode": found.status,
        "OriginalMessage": text,
        "LogStreamArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{log}",
    }
    status, headers, body = _error("ModelError", message, 424, **more)
    return status, {**headers, **variant}, body


def _error(code: str, message: str, status: int, **more: Any) -> tuple[int, dict[str, str], bytes]:
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code}
    return status, headers, json.dumps({"Message": message, "message": message, **more}).encode()


async def _respond(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    wire = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
    wire.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": wire})
    await send({"type": "http.response.body", "body": body})
