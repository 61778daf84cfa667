"""One HTTP/1.1 connection: responses in the order of the requests, back-pressure, and an orderly close."""

import asyncio
import math
from collections import deque
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import cast

from pipeline_steps.artifact.contract import MAX_PAYLOAD_BYTES
from pipeline_steps.server.body_budget import MAX_BUFFERED_BYTES, BodyBudget
from pipeline_steps.server.messages import Handler, HttpRequest, Response, response_bytes
from pipeline_steps.server.request_parser import RequestParser

_INLINE_BODY_BYTES = 16 * 1024
"""Smaller bodies are handled on the event loop, in microseconds; larger ones, and those whose predictions are to be
explained, must not delay other clients."""

_FIRST_BYTE_SECONDS = 1.0
"""A client that has just connected is about to send, also while the server drains."""

_LINGER_SECONDS = 1.0
"""How long a refused client may go on sending before its connection is closed: at once, it would miss the reason."""


@dataclass
class Shared:
    """What the connections of one server have in common."""

    handler: Handler
    executor: Executor
    max_body_bytes: int = MAX_PAYLOAD_BYTES
    connections: "set[Connection]" = field(default_factory=set)
    draining: bool = False
    accepted: int = 0
    """How many clients have connected."""
    last_accepted: float = -math.inf
    max_buffered_bytes: int = MAX_BUFFERED_BYTES
    """Of all bodies together; one of `max_body_bytes` is always taken."""

    def __post_init__(self) -> None:
        self.budget = BodyBudget(max(self.max_buffered_bytes, self.max_body_bytes))


class Connection(asyncio.Protocol):
    """Reading pauses while a worker thread handles a request, and while the client does not read its responses.

    So the end of the client's bytes is seen when every request before it has its response, and may close the
    connection.
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._loop = asyncio.get_running_loop()
        self._budget = shared.budget
        self._reader = RequestParser(
            self._send_continue, shared.budget, max_body_bytes=shared.max_body_bytes, clock=self._loop.time
        )
        self._queue: deque[HttpRequest | Response] = deque()
        self._transport: asyncio.Transport | None = None
        self._handling = self._write_paused = False
        self._reading = True
        self._received = False
        self.last_active = self._loop.time()

    @property
    def idle(self) -> bool:
        """Whether every request has its response, no other has begun, and none is just about to."""
        fresh = not self._received and self._loop.time() - self.last_active < _FIRST_BYTE_SECONDS
        return not (fresh or self._handling or self._queue or self._reader.receiving)

    @property
    def receiving_since(self) -> float | None:
        """When the incomplete request began."""
        return self._reader.receiving_since

    @property
    def handling(self) -> bool:
        return self._handling

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._shared.connections.add(self)
        self._shared.accepted += 1
        self._shared.last_accepted = self.last_active

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio's signature)
        """End, by either side."""
        self._transport = None
        self._drop_queue()
        self._reader.drop()
        self._shared.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes, and handle the requests that they complete."""
        self.last_active = self._loop.time()
        self._received = True
        if not self._reader.refused:
            self._queue.extend(self._reader.read(data))
            self._pump()

    def pause_writing(self) -> None:
        """The client does not read its responses at the moment."""
        self._write_paused = True
        self._adjust_reading()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._write_paused = False
        self._pump()

    def time_out(self) -> None:
        """Refuse a request that does not become complete."""
        if not self._reader.refused:
            self._queue.append(self._reader.time_out())
            self._pump()

    def close(self) -> None:
        """Close when what is written has been sent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def _pump(self) -> None:
        while self._queue and not (self._handling or self._write_paused):
            item = self._queue.popleft()
            if isinstance(item, Response):
                self._send(response_bytes(item, keep_alive=False))
                self._linger()
            elif len(item.body) <= _INLINE_BODY_BYTES and not item.takes_long:
                self._budget.used -= len(item.body)
                self._finish(item, self._shared.handler(item))
            else:
                self._handle_on_thread(item)
        self._adjust_reading()

    def _handle_on_thread(self, request: HttpRequest) -> None:
        self._handling = True

        def done(future: "asyncio.Future[Response]") -> None:
            self._handling = False
            self._budget.used -= len(request.body)  # only now: the thread used it, even if the client has left
            if not future.cancelled():
                self._finish(request, future.result())
                self._pump()

        self._loop.run_in_executor(self._shared.executor, self._shared.handler, request).add_done_callback(done)

    def _finish(self, request: HttpRequest, response: Response) -> None:
        keep_alive = request.keep_alive and not self._shared.draining
        self._send(response_bytes(response, keep_alive=keep_alive, head=request.method == "HEAD"))
        if not keep_alive:
            self._drop_queue()
            self.close()

    def _drop_queue(self) -> None:
        self._budget.used -= sum(len(item.body) for item in self._queue if isinstance(item, HttpRequest))
        self._queue.clear()

    def _send(self, data: bytes) -> None:
        self.last_active = self._loop.time()
        if self._transport is not None:
            self._transport.write(data)

    def _send_continue(self) -> None:
        if not (self._handling or self._queue):
            self._send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _linger(self) -> None:
        self._drop_queue()
        if self._transport is not None:
            if self._transport.can_write_eof():
                self._transport.write_eof()
            self._loop.call_later(_LINGER_SECONDS, self.close)

    def _adjust_reading(self) -> None:
        reading = not (self._handling or self._write_paused)
        if self._transport is not None and not self._transport.is_closing() and reading != self._reading:
            self._reading = reading
            (self._transport.resume_reading if reading else self._transport.pause_reading)()
