"""Requests and responses as the server passes them around, and their bytes on the wire."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from pipeline_steps.server.compression import MAGIC

_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
_COSTLY = (MAGIC, b"PAR1")
"""How bodies begin that are packed, or are files of Parquet."""
_DEFAULT_TYPE = "text/plain; charset=utf-8"


@dataclass(slots=True)
class HttpRequest:
    """One parsed request; header names are lower case, `query` is what follows the path's question mark."""

    method: str = ""
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | bytearray = b""
    keep_alive: bool = True
    query: str = ""

    @property
    def is_explained(self) -> bool:
        """Whether the query or a custom attribute is `explain`: InvokeEndpoint passes attributes on, and no query."""
        if not self.query and _ATTRIBUTES not in self.headers:  # as nearly all requests
            return False
        asked = self.query.split("&") + re.split("[,;]", self.headers.get(_ATTRIBUTES, ""))
        return any(each.strip() == "explain" for each in asked)

    @property
    def takes_long(self) -> bool:
        """Whether it takes more time than the size of its body says."""
        return self.body.startswith(_COSTLY) or self.is_explained


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes = b""
    content_type: str = _DEFAULT_TYPE
    extra: str = ""
    """More header lines, each ended by a line break."""


Handler = Callable[[HttpRequest], Response]


class HttpError(Exception):
    """A request whose response is an error status and one line of text."""

    def __init__(self, status: HTTPStatus, reason: str, *, extra: str = "") -> None:
        super().__init__(reason)
        self.response = error_response(status, reason, extra=extra)


def error_response(status: HTTPStatus, reason: str, *, extra: str = "") -> Response:
    """Report what was wrong, as JSON in one line."""
    body = json.dumps({"error": " ".join(reason.split())}, ensure_ascii=False) + "\n"
    return Response(status, body.encode("utf-8", "replace"), "application/json", extra)


_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}


def response_bytes(response: Response, *, keep_alive: bool, head: bool = False) -> bytes:
    """Write `response`; to a HEAD request without its body."""
    connection = "keep-alive" if keep_alive else "close"
    headers = (
        f"{_STATUS_LINES[response.status]}Content-Type: {response.content_type}\r\n"
        f"Content-Length: {len(response.body)}\r\nConnection: {connection}\r\n{response.extra}\r\n"
    )
    return headers.encode("latin-1") + (b"" if head else response.body)
