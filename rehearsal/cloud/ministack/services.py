"""Further services behind ministack's router."""

from collections.abc import Awaitable, Callable
from typing import Any

from ministack import app as _app
from ministack.core import router as _router

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, bytes], Response]
"""Takes the X-Amz-Target header and the body; runs on the serving loop, so it must not block."""


def add_json_service(name: str, *, target_prefix: str, handle: Handler) -> None:
    """Route every request whose X-Amz-Target starts with `target_prefix` to `handle`."""

    async def on_request(_method: str, _path: str, headers: dict[str, str], body: bytes, _query: Any) -> Response:
        return handle(headers.get("x-amz-target", ""), body)

    answer: Callable[..., Awaitable[Response]] = on_request
    _app.SERVICE_HANDLERS[name] = answer
    _router.SERVICE_PATTERNS[name] = {"target_prefixes": [target_prefix]}
