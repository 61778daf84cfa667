"""Bytes to requests: httptools' callbacks, with limits on what a client may make the server hold."""

from collections.abc import Callable
from http import HTTPStatus

import httptools

from pipeline_steps.server.messages import Request, Response, error_response

MAX_HEAD_BYTES = 16 * 1024
MAX_BODY_BYTES = 25 * 1024 * 1024
"""SageMaker's limit of a real-time request, see `blueprint/limits.py`, which this image does not hold."""

_KEPT_HEADERS = frozenset({b"accept", b"content-length", b"content-type", b"expect"})


class RequestReader:
    """Parses one connection's bytes; `read` gives the requests that they complete.

    A request that is refused before it is complete (too large, not HTTP) is given as its response instead, and
    nothing after it is parsed.
    """

    def __init__(self, send_continue: Callable[[], None]) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._send_continue = send_continue
        self._complete: list[Request | Response] = []
        self._request: Request | None = None
        self._url = b""
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._head_bytes = 0
        self._in_head = False
        self.refused = False

    @property
    def receiving(self) -> bool:
        """Whether a request has begun that is not complete."""
        return self._request is not None

    def read(self, data: bytes) -> list[Request | Response]:
        """Parse `data`; gives what it completes, in order."""
        head_before = self._request if self._in_head else None
        self._complete = []
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # the parser leaves such a request's body unread
            self._complete.pop()
            self._refuse(HTTPStatus.BAD_REQUEST, "the request must not ask for an upgrade to another protocol")
        except httptools.HttpParserError as exc:
            self._refuse(HTTPStatus.BAD_REQUEST, f"the request must be HTTP/1.1: {exc}")
        if self._in_head and self._request is head_before:  # a header line without an end reaches no callback
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                limit = f"{MAX_HEAD_BYTES} bytes"
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"the request's head must be at most {limit}")
        return self._complete

    def on_message_begin(self) -> None:
        """Start a request."""
        self._request, self._url, self._body, self._body_bytes = Request(), b"", [], 0
        self._in_head, self._head_bytes = True, 0

    def on_url(self, url: bytes) -> None:
        """Collect the target, which may come in pieces."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the headers that decide something."""
        name = name.lower()
        if self._request is not None and name in _KEPT_HEADERS:
            self._request.headers[name.decode("latin-1")] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Judge the request by its head, before its body is taken."""
        self._in_head = False
        request = self._request
        if request is None or self.refused:
            return
        request.method = self._parser.get_method().decode("latin-1")
        request.path = _path(self._url)
        if int(request.headers.get("content-length") or 0) > MAX_BODY_BYTES:
            self._refuse_body()
        elif expect := request.headers.get("expect"):
            if expect.lower() != "100-continue":
                self._refuse(HTTPStatus.EXPECTATION_FAILED, f"expect must be 100-continue, got {expect!r}")
            elif not self._complete:  # behind an unanswered request it would come out of order, and may be left out
                self._send_continue()

    def on_body(self, part: bytes) -> None:
        """Collect the body, whole or chunked."""
        self._body_bytes += len(part)
        if self.refused:
            return
        if self._body_bytes > MAX_BODY_BYTES:
            self._refuse_body()
        else:
            self._body.append(part)

    def on_message_complete(self) -> None:
        """Hand the request over."""
        if self._request is not None and not self.refused:
            self._request.body = b"".join(self._body)
            self._request.keep_alive = self._parser.should_keep_alive()
            self._complete.append(self._request)
        self._request, self._body = None, []

    def _refuse_body(self) -> None:
        limit = f"at most {MAX_BODY_BYTES} bytes"
        self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body must be {limit}")

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        if not self.refused:
            self.refused = True
            self._body = []
            self._complete.append(error_response(status, reason))


def _path(target: bytes) -> str:
    if not target.startswith(b"/"):
        try:
            target = httptools.parse_url(target).path or b"/"
        except httptools.HttpParserInvalidURLError:
            return target.decode("latin-1")
    return target.partition(b"?")[0].decode("latin-1")
