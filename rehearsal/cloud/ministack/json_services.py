"""Further services behind ministack's router."""

from collections.abc import Awaitable, Callable
from typing import Any

from botocore.exceptions import UnknownServiceError
from botocore.model import ServiceModel
from ministack import app as _app
from ministack.core import responses as _responses
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


def share_models(model_of: Callable[[str], ServiceModel]) -> None:
    """Let ministack take its services' descriptions from `model_of`; it would search and read them again for each."""

    def service_model(service: str) -> ServiceModel | None:
        try:
            return model_of(_responses._BOTOCORE_NAME.get(service, service))
        except UnknownServiceError:
            return None

    _responses._service_model = service_model
