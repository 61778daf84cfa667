"""HTTP/1.1 over asyncio: a client that keeps its connections, and what a small proxy needs."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import SupportsIndex

_MOST_IDLE = 64
_HEAD_LIMIT = 64 * 1024


class NoAnswerError(Exception):
    """The server gave no complete answer: refused, reset, malformed, or too late."""


class _UnansweredError(Exception):
    """The connection was closed before the first byte of an answer."""


class _Reader(asyncio.StreamReader):
    """Remembers whether anything has come: what a reset connection had brought cannot be read any more."""

    has_come = False

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        self.has_come = True
        super().feed_data(data)


@dataclass(frozen=True)
class Message:
    """A request or an answer: its first line, its headers (names in lower case) and its body."""

    start: tuple[str, str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def status(self) -> int:
        return int(self.start[1])

    @property
    def keeps_alive(self) -> bool:
        """Whether the connection may be used again."""
        said = self.headers.get("connection", "").lower()
        return said == "keep-alive" if "HTTP/1.0" in self.start else said != "close"


async def read_message(reader: asyncio.StreamReader) -> Message:
    """Read one request or answer.

    Raises:
        asyncio.IncompleteReadError: the connection ended; `partial` is empty if nothing had come.
        ValueError: this is not HTTP.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as exc:
        raise ValueError(f"the head of a message must have at most {_HEAD_LIMIT} bytes") from exc
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if len(words) < 2:
        raise ValueError(f"a message must begin with a request or status line, got {first!r}")
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    body = await _read_body(reader, headers, is_answer=first.startswith("HTTP/"), status=words[1])
    return Message((words[0], words[1], words[2] if len(words) > 2 else ""), headers, body)


async def _read_body(
    reader: asyncio.StreamReader, headers: Mapping[str, str], *, is_answer: bool, status: str
) -> bytes:
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return await _read_chunks(reader)
    without_body = not is_answer or status in ("204", "304")
    return b"" if without_body else await reader.read()


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    chunks = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        chunks.append(await reader.readexactly(size))
        await reader.readexactly(2)
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass  # trailers
    return b"".join(chunks)


def head(first: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """The bytes before the body."""
    fields = {**headers, "content-length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{first}\r\n{lines}\r\n".encode("latin-1")


_Connection = tuple[_Reader, asyncio.StreamWriter]


async def _connect(host: str, port: int) -> _Connection:
    """As `asyncio.open_connection`, with a reader of ours."""
    loop = asyncio.get_running_loop()
    reader = _Reader(limit=_HEAD_LIMIT, loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport, _ = await loop.create_connection(lambda: protocol, host, port)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


class HttpClient:
    """Requests to one server; used from one event loop only."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._idle: list[_Connection] = []
        self._closed = False

    async def request(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes, timeout_seconds: float
    ) -> Message:
        """Send a request and read its answer.

        A kept connection that the server had closed meanwhile is replaced once: nothing was answered on it.

        Raises:
            NoAnswerError: there was no complete answer within the time.
        """
        request_head = head(f"{method} {path} HTTP/1.1", {"host": f"{self._host}:{self._port}", **headers}, body)
        try:
            async with asyncio.timeout(timeout_seconds):
                if self._idle:
                    with contextlib.suppress(_UnansweredError):
                        return await self._exchange(self._idle.pop(), request_head + body)
                return await self._exchange(await _connect(self._host, self._port), request_head + body)
        except TimeoutError as exc:
            raise NoAnswerError(f"no answer within {timeout_seconds:g} s") from exc
        except (OSError, asyncio.IncompleteReadError, ValueError, _UnansweredError) as exc:
            raise NoAnswerError(str(exc) or type(exc).__name__) from exc

    async def _exchange(self, connection: _Connection, data: bytes) -> Message:
        reader, writer = connection
        kept, reader.has_come = False, False
        try:
            writer.write(data)
            await writer.drain()
            answer = await read_message(reader)
            kept = answer.keeps_alive and len(self._idle) < _MOST_IDLE and not self._closed
        except (ConnectionError, asyncio.IncompleteReadError) as exc:
            if reader.has_come:
                raise
            raise _UnansweredError(f"the server closed the connection without an answer: {exc}") from exc
        finally:
            if kept:
                self._idle.append(connection)
            else:
                writer.close()
        return answer

    async def close(self) -> None:
        """Close what is idle; connections in use are closed after their answer."""
        self._closed = True
        while self._idle:
            _, writer = self._idle.pop()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
