"""Connections of one server, over real sockets: what their bodies may take together."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from pipeline_steps.server.connection import Connection, Shared
from pipeline_steps.server.messages import Handler, HttpRequest, Response

BODY = 100_000
Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[bytes], Awaitable[Client]]


def _post(body: bytes) -> bytes:
    return b"POST /invocations HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body


WHOLE = _post(b"x" * BODY)
CHUNKED = b"POST /invocations HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % BODY + b"x" * BODY + b"\r\n"


@asynccontextmanager
async def _serving(shared: Shared) -> Any:
    server = await asyncio.get_running_loop().create_server(lambda: Connection(shared), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    writers = []

    async def connect(data: bytes) -> Client:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        writer.write(data)
        await writer.drain()
        return reader, writer

    yield connect
    for writer in writers:
        writer.transport.abort()
    server.close()
    await _until(lambda: not shared.connections)


async def _until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not reached():
            await asyncio.sleep(0.001)


@contextmanager
def _shared(handler: Handler) -> Iterator[Shared]:
    with ThreadPoolExecutor(1) as executor:
        yield Shared(handler, executor, BODY, max_buffered_bytes=3 * BODY)


def _length(request: HttpRequest) -> Response:
    return Response(200, str(len(request.body)).encode())


@pytest.mark.parametrize("wire", [WHOLE[:-BODY], WHOLE[:-1], CHUNKED])
def test_a_body_beyond_the_budget_is_refused_and_the_others_get_responses(wire: bytes) -> None:
    async def check(shared: Shared) -> None:
        async with _serving(shared) as connect:
            unfinished = [await connect(WHOLE[:-1]) for _ in range(3)]
            await _until(lambda: shared.budget.used == 3 * (BODY - 1))
            reader, _ = await connect(wire)
            async with asyncio.timeout(10):
                response = await reader.read()
            assert response.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
            assert {b"Retry-After: 1", b"Connection: close"} <= set(response.split(b"\r\n"))
            assert response.endswith(b'bytes together: send this one again in a second"}\n')
            for client, writer in unfinished:
                writer.write(b"x")
                assert (await client.readuntil(b"\r\n\r\n100000")).startswith(b"HTTP/1.1 200 OK\r\n")
            assert shared.budget.used == 0
            again, _ = await connect(WHOLE)
            assert (await again.readuntil(b"\r\n\r\n100000")).startswith(b"HTTP/1.1 200 OK\r\n")

    with _shared(_length) as shared:
        asyncio.run(check(shared))


def test_many_clients_with_bodies_that_never_end_stay_within_the_budget() -> None:
    async def check(shared: Shared) -> None:
        async with _serving(shared) as connect:
            most = 0

            def are_refused() -> bool:
                nonlocal most
                most = max(most, shared.budget.used)
                return shared.accepted == 30 and sum(not each._reader.refused for each in shared.connections) == 3

            await asyncio.gather(*(connect(WHOLE[:-1]) for _ in range(30)))
            await _until(are_refused)
            await _until(lambda: shared.budget.used == 3 * (BODY - 1))
            assert most <= 3 * BODY

    with _shared(_length) as shared:
        asyncio.run(check(shared))


@pytest.mark.parametrize("wire", [WHOLE[:-1], CHUNKED, CHUNKED + b"x" * 20, _post(b"1") * 9 + WHOLE[:-1]])
def test_a_client_that_vanishes_or_is_refused_gives_back_what_its_body_took(wire: bytes) -> None:
    async def check(shared: Shared) -> None:
        async with _serving(shared) as connect:
            _, writer = await connect(wire)
            await _until(lambda: shared.budget.used >= BODY - 1 or any(c._reader.refused for c in shared.connections))
            writer.transport.abort()
            await _until(lambda: not shared.connections)
            assert shared.budget.used == 0
            await connect(wire)
            await _until(lambda: shared.budget.used >= BODY - 1 or any(c._reader.refused for c in shared.connections))
            for connection in shared.connections:
                connection.time_out()
            assert shared.budget.used == 0

    with _shared(_length) as shared:
        asyncio.run(check(shared))


def test_a_body_on_a_thread_counts_until_it_is_handled_though_its_client_has_left() -> None:
    may_end = threading.Event()

    def handler(request: HttpRequest) -> Response:
        may_end.wait(10)
        return _length(request)

    async def check(shared: Shared) -> None:
        async with _serving(shared) as connect:
            _, writer = await connect(WHOLE + _post(b"1") * 3 + WHOLE[:50_000])
            await _until(lambda: any(connection.handling for connection in shared.connections))
            for connection in list(shared.connections):
                connection.abort()
            await _until(lambda: not shared.connections)
            assert shared.budget.used == BODY
            may_end.set()
            await _until(lambda: shared.budget.used == 0)
            writer.close()

    with _shared(handler) as shared:
        asyncio.run(check(shared))


@pytest.mark.parametrize("begin", [b"\x1f\x8b", b"PAR1"])
def test_a_small_body_that_takes_long_keeps_nobody_else_waiting(begin: bytes) -> None:
    may_end = threading.Event()

    def handler(request: HttpRequest) -> Response:
        if request.body:
            may_end.wait(10)
        return _length(request)

    async def check(shared: Shared) -> None:
        async with _serving(shared) as connect:
            _, slow = await connect(_post(begin))
            reader, writer = await connect(b"GET /ping HTTP/1.1\r\n\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            assert not may_end.is_set()
            may_end.set()
            slow.close()
            writer.close()

    with _shared(handler) as shared:
        asyncio.run(check(shared))
