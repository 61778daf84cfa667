"""The HTTP client of the router."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from rehearsal.endpoints.http import HttpClient, Message, NoAnswerError, read_message

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def with_server(serve: Serve, ask: Callable[[HttpClient], Coroutine[Any, Any, Any]]) -> Any:
    async def run() -> Any:
        listener = await asyncio.start_server(serve, "127.0.0.1", 0)
        client = HttpClient("127.0.0.1", listener.sockets[0].getsockname()[1])
        try:
            return await ask(client)
        finally:
            await client.close()
            listener.close()
            handlers = asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.gather(*handlers, return_exceptions=True)
            await asyncio.sleep(0.01)  # closed transports report on the next turn

    return asyncio.run(run())


async def post(client: HttpClient, body: bytes = b"1", seconds: float = 5.0) -> Message:
    return await client.request("POST", "/invocations", headers={}, body=body, timeout_seconds=seconds)


def answering(answer: bytes, *, close: bool = False) -> tuple[Serve, list[int]]:
    """A server that gives each request the same answer; counts its connections."""
    connections: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine = len(connections)
        connections.append(0)
        try:
            while True:
                await read_message(reader)
                connections[mine] += 1
                writer.write(answer)
                if close:
                    break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    return serve, connections


def test_one_connection_serves_many_requests() -> None:
    serve, connections = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Test: yes\r\n\r\nhi")

    async def ask(client: HttpClient) -> Message:
        for _ in range(9):
            await post(client)
        return await post(client)

    answer = with_server(serve, ask)
    assert (answer.status, answer.headers["x-test"], answer.body) == (200, "yes", b"hi")
    assert connections == [10]


def test_simultaneous_requests_use_connections_of_their_own() -> None:
    serve, connections = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async def ask(client: HttpClient) -> None:
        await asyncio.gather(*(post(client) for _ in range(5)))

    with_server(serve, ask)
    assert connections == [1] * 5


def test_a_kept_connection_that_was_closed_is_replaced_without_an_error() -> None:
    serve, connections = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", close=True)

    async def ask(client: HttpClient) -> list[bytes]:
        return [(await post(client)).body for _ in range(3)]

    assert with_server(serve, ask) == [b"hi"] * 3
    assert connections == [1] * 3


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=1\r\nde\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcde",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nabcde",
    ],
)
def test_every_framing_of_a_body_is_understood(answer: bytes) -> None:
    serve, _ = answering(answer, close=True)
    assert with_server(serve, post).body == b"abcde"


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"", b"nonsense\r\n\r\n"])
def test_half_an_answer_is_no_answer(answer: bytes) -> None:
    serve, _ = answering(answer, close=True)
    with pytest.raises(NoAnswerError):
        with_server(serve, post)


def test_an_answer_that_comes_too_late_is_no_answer() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        await asyncio.sleep(0.3)
        writer.close()

    with pytest.raises(NoAnswerError, match=r"no answer within 0\.05 s"):
        with_server(serve, lambda client: post(client, seconds=0.05))


def test_nobody_listening_is_no_answer() -> None:
    async def ask() -> None:
        await post(HttpClient("127.0.0.1", 1))

    with pytest.raises(NoAnswerError):
        asyncio.run(ask())


@pytest.mark.parametrize(
    "begun", [b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"], ids=["in its head", "after its head"]
)
@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_a_request_is_not_sent_again_once_its_answer_had_begun(begun: bytes, *, reset: bool) -> None:
    asked = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                asked.append(await read_message(reader))
                if len(asked) > 1:
                    break
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
            writer.write(begun)
            await writer.drain()
            await asyncio.sleep(0.05)  # it arrives before the reset
        if reset:  # a socket that does not linger is not closed in an orderly way
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.close()

    async def ask(client: HttpClient) -> None:
        assert (await post(client)).body == b"hi"
        with pytest.raises(NoAnswerError):
            await post(client)

    with_server(serve, ask)
    assert len(asked) == 2


def test_a_request_is_sent_twice_at_most() -> None:
    asked = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                asked.append(await read_message(reader))
                if len(asked) > 5:
                    break
                while len(asked) < 5:  # each of the first gets a connection of its own
                    await asyncio.sleep(0)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        writer.close()

    async def ask(client: HttpClient) -> None:
        await asyncio.gather(*(post(client) for _ in range(5)))
        with pytest.raises(NoAnswerError):
            await post(client)

    with_server(serve, ask)
    assert len(asked) == 5 + 2
