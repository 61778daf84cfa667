"""The HTTP client of the router and the load generator: a complete response in time, or none."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from rehearsal.endpoints.http_client import HttpClient, HttpResponse, NoResponseError
from rehearsal.process import free_port

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Post = Callable[..., Coroutine[Any, Any, HttpResponse]]


def with_server(serve: Serve, use: Callable[[Post], Coroutine[Any, Any, Any]]) -> Any:
    async def run() -> Any:
        listener, client = await asyncio.start_server(serve, "127.0.0.1", 0), HttpClient()
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/invocations"

        def post(seconds: float = 5.0) -> Coroutine[Any, Any, HttpResponse]:
            return client.request("POST", url, headers={"content-type": "text/csv"}, body=b"1", timeout_seconds=seconds)

        try:
            return await use(post)
        finally:
            await client.close()
            listener.close()
            await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)
            await asyncio.sleep(0.01)  # closed transports report on the next turn

    return asyncio.run(run())


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """The head of a request, whose body of one byte is read too."""
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(1)
    return head


def responding(response: bytes, *, close: bool = False) -> tuple[Serve, list[int]]:
    """A server that gives each request the same response; counts its connections' requests."""
    connections: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine = len(connections)
        connections.append(0)
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                await read_request(reader)
                connections[mine] += 1
                writer.write(response)
                if close:
                    break
        writer.close()

    return serve, connections


def test_one_connection_serves_many_requests() -> None:
    serve, connections = responding(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Test: yes\r\n\r\nhi")

    async def use(post: Post) -> HttpResponse:
        for _ in range(9):
            await post()
        return await post()

    response = with_server(serve, use)
    assert (response.status, response.headers["x-test"], response.body) == (200, "yes", b"hi")
    assert connections == [10]


def test_simultaneous_requests_use_connections_of_their_own() -> None:
    serve, connections = responding(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async def use(post: Post) -> None:
        await asyncio.gather(*(post() for _ in range(5)))

    with_server(serve, use)
    assert connections == [1] * 5


def test_a_container_gets_the_headers_of_the_request_and_no_others() -> None:
    heads = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await read_request(reader))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    with_server(serve, lambda post: post())
    _, *fields = heads[0].decode().lower().strip().split("\r\n")
    assert {field.partition(":")[0] for field in fields} == {"host", "content-type", "content-length"}


def test_an_encoded_body_stays_as_it_is() -> None:
    serve, _ = responding(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi")
    assert with_server(serve, lambda post: post()).body == b"hi"


def test_a_redirect_is_a_response_as_any_other() -> None:
    serve, connections = responding(b"HTTP/1.1 307 Moved\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n")
    assert with_server(serve, lambda post: post()).status == 307
    assert connections == [1]


def test_a_kept_connection_that_was_closed_is_replaced_without_an_error() -> None:
    serve, connections = responding(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", close=True)

    async def use(post: Post) -> list[bytes]:
        bodies = []
        for _ in range(3):
            bodies.append((await post()).body)
            await asyncio.sleep(0.02)  # the end of the connection arrives
        return bodies

    assert with_server(serve, use) == [b"hi"] * 3
    assert connections == [1] * 3


@pytest.mark.parametrize("response", [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"", b"nonsense\r\n\r\n"])
def test_half_a_response_is_none(response: bytes) -> None:
    serve, _ = responding(response, close=True)
    with pytest.raises(NoResponseError):
        with_server(serve, lambda post: post())


def test_a_response_that_comes_too_late_is_none() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
        for _ in range(20):  # it never stops for long
            writer.write(b".")
            await asyncio.sleep(0.01)
        writer.close()

    with pytest.raises(NoResponseError, match=r"no response within 0\.1 s"):
        with_server(serve, lambda post: post(0.1))


def test_a_port_that_nobody_listens_on_gives_no_response() -> None:
    async def use() -> None:
        client = HttpClient()
        try:
            await client.request("GET", f"http://127.0.0.1:{free_port()}/", headers={}, body=b"", timeout_seconds=5)
        finally:
            await client.close()

    with pytest.raises(NoResponseError):
        asyncio.run(use())


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
    ],
    ids=["before its first byte", "in its status line", "in its head", "after its head"],
)
@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_a_request_whose_response_is_cut_off_is_not_sent_again(begun: bytes, *, reset: bool) -> None:
    received = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                received.append(await read_request(reader))
                if len(received) > 1:
                    break
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
            writer.write(begun)
            await writer.drain()
            await asyncio.sleep(0.05)  # it arrives before the reset
        if reset:  # a socket that does not linger is not closed in an orderly way
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.close()

    async def use(post: Post) -> None:
        assert (await post()).body == b"hi"
        with pytest.raises(NoResponseError):
            await post()

    with_server(serve, use)
    assert len(received) == 2
