"""The gateway: rejects unsigned requests; invocations go to the endpoints, everything else to the emulator."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from rehearsal.cloud.access.recorder import AccessRecorder
from rehearsal.cloud.admission import Admission, Entry, named, signed_request
from rehearsal.cloud.async_invocation import MOST_INLINE_BYTES, asynchronous_request
from rehearsal.cloud.environment import ACCOUNT, REGION
from rehearsal.cloud.ministack.asgi_server import Application, Receive, Scope, Send
from rehearsal.cloud.ministack.signature_claims import rejection
from rehearsal.cloud.rejected_requests import RejectedRequestError
from rehearsal.cloud.sagemaker.shapes import violations
from rehearsal.cloud.service_models import service_model
from rehearsal.cloud.signatures import SignedRequest
from rehearsal.endpoints.invocation import Invocation
from rehearsal.endpoints.queued_request import QueuedRequest
from rehearsal.endpoints.request_queue import AsyncRequest
from rehearsal.endpoints.router import ThrottledError
from slipway.settings.limits import MOST_REQUEST_BYTES

_INVOCATION = re.compile(r"/endpoints/([^/]+)/(async-)?invocations")
_SIGNING_NAME = "sagemaker"
_PASSED_ON = ("Content-Type", "X-Amzn-SageMaker-Custom-Attributes")
"""Headers of the container's response that its caller gets."""


Invoke = Callable[..., Awaitable[Invocation]]
Enqueue = Callable[[str, AsyncRequest], QueuedRequest]

ACCESS = "/_slipway/access"
"""The path of the access report, in JSON: no part of AWS."""

HOSTS = "/_slipway/hosts/"
"""Followed by a name and a port: one more Host that requests may have, for a relay in front of the process."""


class Gateway:
    """An ASGI application; `started` is called when the emulator behind it is up."""

    def __init__(
        self,
        emulator: Application,
        invoke: Invoke,
        enqueue: Enqueue,
        *,
        admission: Admission,
        started: Callable[[], None],
        access: AccessRecorder | None = None,
    ) -> None:
        self._emulator, self._invoke, self._enqueue, self._admission = emulator, invoke, enqueue, admission
        self._started, self._access = started, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._emulator(scope, receive, self._watching(send))
        elif scope["type"] == "http":
            await self._admit(scope, receive, _without_cors(send))
        else:  # no client here uses WebSocket, and web pages may open one anywhere
            await send({"type": "websocket.close", "code": 1008})

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = signed_request(scope)
        match = _INVOCATION.fullmatch(scope["path"]) if scope["method"] == "POST" else None
        try:
            entry = self._admission.enter(request)
            most = _most_bytes(match) or entry.most_bytes
            body = await _body(receive, most=most)
            if body is None:
                message = f"the body must be at most {most} bytes"
                await _respond(send, *_error("ValidationError", message, 413))
                return
            entry.verify(body)
        except RejectedRequestError as exc:
            await _respond(send, *_rejected(exc, request))
            return
        except _HungUpError:
            return
        if match:
            await self._answer(unquote(match[1]), scope, body, entry, send, waits=bool(match[2]))
        else:
            await self._pass_on(scope, _again(body, receive), send)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(HOSTS):
            self._admission.also_as(scope["path"].removeprefix(HOSTS))
            await _respond(send, 204, {}, b"")
        elif self._access is None:
            await self._emulator(scope, receive, send)
        elif scope["path"] == ACCESS:
            # It calls this very server, so it must not block its loop.
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

    async def _answer(self, endpoint: str, scope: Scope, body: bytes, entry: Entry, send: Send, *, waits: bool) -> None:
        if entry.claim is None or entry.claim.service != _SIGNING_NAME:
            message = f"Credential should be scoped to correct service: '{_SIGNING_NAME}'. "
            await _respond(send, *_error("InvalidSignatureException", message, 403))
            return
        operation = "InvokeEndpointAsync" if waits else "InvokeEndpoint"
        if self._access is not None:
            self._access.note_invocation(scope, endpoint, operation=operation)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if wrong := next(_header_violations(headers, operation), None):
            await _respond(send, *_error("ValidationError", f"1 validation error detected: {wrong}", 400))
            return
        try:
            if waits:
                response = _accepted(self._enqueue(endpoint, asynchronous_request(headers, body)))
            else:
                response = _response(endpoint, await self._invoke(endpoint, body, **_invocation(headers)))
        except LookupError:
            message = f"Endpoint {endpoint} of account {ACCOUNT} not found."
            response = _error("ValidationError", message, 400)
        except ValueError as exc:
            response = _error("ValidationError", str(exc), 400)
        except ThrottledError:
            response = _error("ThrottlingException", "Rate exceeded", 429)
        await _respond(send, *response)


def _most_bytes(match: "re.Match[str] | None") -> int | None:
    if match is None:
        return None
    return MOST_INLINE_BYTES if match[2] else MOST_REQUEST_BYTES


def _invocation(headers: Mapping[str, str]) -> dict[str, str | None]:
    return {
        "content_type": headers.get("content-type", "application/octet-stream"),
        "accept": headers.get("accept", "*/*"),
        "target_variant": headers.get("x-amzn-sagemaker-target-variant"),
        "inference_id": headers.get("x-amzn-sagemaker-inference-id"),
        "custom_attributes": headers.get("x-amzn-sagemaker-custom-attributes"),
    }


def _accepted(request: QueuedRequest) -> tuple[int, dict[str, str], bytes]:
    places = {
        "X-Amzn-SageMaker-OutputLocation": request.output_location,
        **({"X-Amzn-SageMaker-FailureLocation": request.failure_location} if request.failure_location else {}),
    }
    body = json.dumps({"InferenceId": request.inference_id}).encode()
    return 202, {"Content-Type": "application/json", **places}, body


class _HungUpError(Exception):
    """The caller has gone."""


async def _body(receive: Receive, *, most: int | None) -> bytes | None:
    """The whole body, or None when it has more than `most` bytes.

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
        if most is None or size <= most:
            parts.append(part)
        else:  # read to its end, so that the caller reads the rejection, and not kept
            parts.clear()
        if not message.get("more_body", False):
            return b"".join(parts) if most is None or size <= most else None


def _response(endpoint: str, found: Invocation) -> tuple[int, dict[str, str], bytes]:
    """The container's response; one that is no success becomes SageMaker's ModelError."""
    variant = {"x-Amzn-Invoked-Production-Variant": found.variant}
    if 200 <= found.status < 300:
        given = {name.lower(): value for name, value in dict(found.headers).items()}
        own = {name: given[name.lower()] for name in _PASSED_ON if name.lower() in given}
        return found.status, {"Content-Type": "text/plain", **own, **variant}, found.body
    log = f"/aws/sagemaker/Endpoints/{endpoint}"
    more = {
        "OriginalStatusCode": found.status,
        "OriginalMessage": found.body.decode(errors="replace"),
        "LogStreamArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{log}",
    }
    status, headers, body = _error("ModelError", found.error_text(), 424, **more)
    return status, {**headers, **variant}, body


def _again(body: bytes, receive: Receive) -> Receive:
    """A body that was read already, then the later messages."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def read() -> dict[str, Any]:
        return waiting.pop() if waiting else await receive()

    return read


def _without_cors(send: Send) -> Send:
    """The emulator allows every web page to read its responses; the gateway allows none."""

    async def sent(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            kept = [row for row in message.get("headers", ()) if not row[0].lower().startswith(b"access-control-")]
            message = {**message, "headers": kept}
        await send(message)

    return sent


def _rejected(error: RejectedRequestError, request: SignedRequest) -> tuple[int, dict[str, str], bytes]:
    return rejection(
        error, method=request.method, path=request.path, headers=named(request), parameters=request.parameters
    )


def _header_violations(headers: Mapping[str, str], operation: str) -> Iterator[str]:
    """What is wrong with the headers of an invocation: the SDKs send those that are too long as they are."""
    shape = service_model("sagemaker-runtime").operation_model(operation).input_shape
    for name, member in shape.members.items():
        value = headers.get(member.serialization.get("name", "").lower())
        if value is not None:
            yield from violations(
                int(value) if _is_count(value, member) else value, member, name[:1].lower() + name[1:]
            )


def _is_count(value: str, member: Any) -> bool:
    return member.type_name == "integer" and value.isascii() and value.isdigit()


def _error(code: str, message: str, status: int, **more: Any) -> tuple[int, dict[str, str], bytes]:
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code}
    return status, headers, json.dumps({"Message": message, "message": message, **more}).encode()


async def _respond(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    wire = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
    wire.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": wire})
    await send({"type": "http.response.body", "body": body})
