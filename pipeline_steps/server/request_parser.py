"""Bytes to requests: httptools' callbacks, with limits on what a client may make the server keep."""

import time
from collections.abc import Callable
from http import HTTPStatus

import httptools

from pipeline_steps.artifact.contract import MAX_PAYLOAD_BYTES
from pipeline_steps.server.body_budget import BodyBudget
from pipeline_steps.server.messages import HttpRequest, Response, error_response

MAX_HEAD_BYTES = 16 * 1024
"""From the first byte of a request to the blank line; as much again may be trailers, or one chunk's extensions."""

_BLANK_LINE = b"\r\n\r\n"
_KEPT_HEADERS = frozenset(
    {b"accept", b"content-length", b"content-type", b"expect", b"x-amzn-sagemaker-custom-attributes"}
)


class RequestParser:
    """Parses one connection's bytes; `read` gives the requests that they complete.

    A request that is refused before it is complete (too large, not HTTP) is given as its response instead, and
    nothing after it is parsed. The bytes of a body count in `budget`: until the request is refused or dropped here,
    and once it is given, until its caller subtracts them.

    The parser gets a head and what follows it apart, so that the size of each head is known however packets fall.
    """

    def __init__(
        self,
        send_continue: Callable[[], None],
        budget: BodyBudget,
        *,
        max_body_bytes: int = MAX_PAYLOAD_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._send_continue, self._budget = send_continue, budget
        self._max_body_bytes, self._clock = max_body_bytes, clock
        self._complete: list[HttpRequest | Response] = []
        self._request: HttpRequest | None = None
        self._url = b""
        self._body: bytes | bytearray = b""
        self._left = 0
        """Bytes of a body of known length that have not arrived."""
        self._in_head = True
        self._unparsed_bytes = 0
        """Of the head, or since the parser last gave a part of the body: chunk sizes, extensions, trailers."""
        self._before = b""
        """The last bytes of the piece before, which may begin a blank line."""
        self.receiving_since: float | None = None
        """When the incomplete request began."""
        self.refused = False

    @property
    def receiving(self) -> bool:
        """Whether a request has begun and is incomplete."""
        return self._request is not None

    def read(self, data: bytes) -> list[HttpRequest | Response]:
        """Parse `data`; gives what it completes, in order."""
        self._complete = []
        start, size = 0, len(data)
        while start < size and not self.refused:
            end = start + self._left if self._left else self._end_of_piece(data, start)
            piece = data if start == 0 and end >= size else data[start:end]
            if self._left:
                self._left -= len(piece)
                self._feed(piece)
            else:
                self._unparsed_bytes += len(piece)
                if self._in_head and self._unparsed_bytes > MAX_HEAD_BYTES:
                    self._refuse_fields("head")
                    break
                self._feed(piece)
                if self._unparsed_bytes > MAX_HEAD_BYTES:
                    self._refuse_fields("chunk extensions and trailers")
            start = end
        return self._complete

    def _end_of_piece(self, data: bytes, start: int) -> int:
        """Behind the next blank line, which ends every head and chunked body, or the most that fields may have."""
        before, self._before = self._before, b""
        if before and (place := (before + data[start : start + 3]).find(_BLANK_LINE)) >= 0:
            return start + place + len(_BLANK_LINE) - len(before)
        most = min(len(data), start + MAX_HEAD_BYTES + 1)
        if (place := data.find(_BLANK_LINE, start, most)) >= 0:
            return place + len(_BLANK_LINE)
        self._before = (before + data[max(start, most - 3) : most])[-3:]
        return most

    def _feed(self, piece: bytes) -> None:
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade:  # the parser leaves such a request's body unread
            if not self.refused:
                self._complete.pop()
            self._refuse(HTTPStatus.BAD_REQUEST, "the request must not ask for an upgrade to another protocol")
        except httptools.HttpParserError as exc:
            self._refuse(HTTPStatus.BAD_REQUEST, f"the request must be HTTP/1.1: {exc}")

    def time_out(self) -> Response:
        """Refuse the incomplete request."""
        self._complete = []
        self._refuse(HTTPStatus.REQUEST_TIMEOUT, "the request must be complete sooner: its time is up")
        self._request, self.receiving_since = None, None
        return error_response(HTTPStatus.REQUEST_TIMEOUT, "the request must be complete sooner: its time is up")

    def drop(self) -> None:
        """Drop the incomplete body."""
        self._budget.used -= len(self._body)
        self._body = b""

    def on_message_begin(self) -> None:
        """Start a request."""
        self._request, self._url, self._body = HttpRequest(), b"", b""
        self.receiving_since = self._clock()

    def on_url(self, url: bytes) -> None:
        """Collect the target, which may come in pieces."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the headers that are used; a trailer is none."""
        if not self._in_head:
            self._unparsed_bytes += len(name) + len(value)
            return
        name = name.lower()
        if self._request is not None and name in _KEPT_HEADERS:
            headers, key = self._request.headers, name.decode("latin-1")
            text = value.decode("latin-1")
            headers[key] = f"{headers[key]}, {text}" if key in headers else text

    def on_headers_complete(self) -> None:
        """Check the request's head, before its body is read."""
        self._in_head, self._unparsed_bytes = False, 0
        request = self._request
        if request is None or self.refused:
            return
        request.method = self._parser.get_method().decode("latin-1")
        request.path, request.query = _path_and_query(self._url)
        self._left = int(request.headers.get("content-length") or 0)
        if self._left > self._max_body_bytes:
            self._refuse_body()
        elif self._budget.used + self._left > self._budget.limit:
            self._refuse_for_now()
        elif expect := request.headers.get("expect"):
            if expect.lower() != "100-continue":
                self._refuse(HTTPStatus.EXPECTATION_FAILED, f"expect must be 100-continue, got {expect!r}")
            elif not self._complete:  # behind another request it would come out of order, and may be left out
                self._send_continue()

    def on_body(self, part: bytes) -> None:
        """Collect the body, whole or chunked."""
        self._unparsed_bytes = 0
        if self.refused:
            return
        size = len(part)
        if len(self._body) + size > self._max_body_bytes:
            self._refuse_body()
            return
        if self._budget.used + size > self._budget.limit:
            self._refuse_for_now()
            return
        self._budget.used += size
        if not self._body:
            self._body = part
        else:
            if isinstance(self._body, bytes):
                self._body = bytearray(self._body)  # many small parts, kept apart, would take many times the memory
            self._body += part

    def on_message_complete(self) -> None:
        """Hand the request over."""
        if self._request is not None and not self.refused:
            self._request.body = self._body
            self._request.keep_alive = self._parser.should_keep_alive()
            self._complete.append(self._request)
        self._request, self._body, self.receiving_since = None, b"", None
        self._in_head, self._unparsed_bytes, self._before = True, 0, b""

    def _refuse_body(self) -> None:
        limit = f"at most {self._max_body_bytes} bytes"
        self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body must be {limit}")

    def _refuse_for_now(self) -> None:
        limit = f"at most {self._budget.limit} bytes together"
        reason = f"the bodies of all requests that are not answered must be {limit}: send this one again in a second"
        self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, reason, extra="Retry-After: 1\r\n")

    def _refuse_fields(self, what: str) -> None:
        limit = f"at most {MAX_HEAD_BYTES} bytes"
        self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"the request's {what} must be {limit}")

    def _refuse(self, status: HTTPStatus, reason: str, *, extra: str = "") -> None:
        if not self.refused:
            self.refused = True
            self.drop()
            self._complete.append(error_response(status, reason, extra=extra))


def _path_and_query(target: bytes) -> tuple[str, str]:
    if not target.startswith(b"/"):
        try:
            parsed = httptools.parse_url(target)
        except httptools.HttpParserInvalidURLError:
            return target.decode("latin-1"), ""
        return (parsed.path or b"/").decode("latin-1"), (parsed.query or b"").decode("latin-1")
    path, _, query = target.decode("latin-1").partition("?")
    return path, query
