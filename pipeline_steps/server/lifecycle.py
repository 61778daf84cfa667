"""The server's life: listen, answer, drain when told to stop."""

import asyncio
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pipeline_steps.errors import StepError
from pipeline_steps.server.connection import Connection, Shared
from pipeline_steps.server.listening import let_no_more_connect
from pipeline_steps.server.messages import Request, Response

_IDLE_SECONDS = 75.0
"""How long a connection may be silent: longer than the load balancers' usual 60 s, so that it is they who close."""

_SWEEP_SECONDS = 5.0

_MOST_THREADS = 8
"""For large requests: they share one interpreter, and so does the loop that answers /ping."""

_REQUEST_SECONDS = 30.0
"""How long a request may take to arrive. SageMaker waits 60 s for its answer."""

_LAST_REQUESTS_SECONDS = 0.3
"""After the signal, requests that are on their way are still answered; so are clients that connect, as long as no more
than this passes between them."""

_LAST_CLIENTS_SECONDS = 5.0
"""How long clients that go on connecting are taken after the signal."""

_HANDSHAKE_SECONDS = 0.05
"""For connections that have begun when the kernel is asked for no more."""

_SWITCH_SECONDS = 0.0005
"""How long a thread with a large request keeps the interpreter from the loop, which answers /ping; Python's own is ten
times as long."""

_DRAIN_SECONDS = 23.0
"""SageMaker kills a container 30 s after SIGTERM."""


@dataclass(frozen=True)
class Chore:
    """What the server does every so often, and once more when it has answered its last request."""

    act: Callable[[], None]
    seconds: float


def run_server(
    answer: Callable[[Request], Response],
    *,
    host: str,
    port: int,
    name: str,
    max_body_bytes: int,
    chores: Sequence[Chore] = (),
    lifeline: int | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, or until the descriptor `lifeline`, a pipe, has no writer any more.

    Raises:
        StepError: the address cannot be listened on.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(
            _serve(
                answer,
                host=host,
                port=port,
                name=name,
                max_body_bytes=max_body_bytes,
                chores=chores,
                lifeline=lifeline,
            )
        )


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415 (there is none for Windows)
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


async def _serve(
    answer: Callable[[Request], Response],
    *,
    host: str,
    port: int,
    name: str,
    max_body_bytes: int,
    chores: Sequence[Chore],
    lifeline: int | None,
) -> None:
    loop = asyncio.get_running_loop()
    stop = _stop_event(loop, lifeline)
    threads = min(os.cpu_count() or 1, _MOST_THREADS)
    with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="answer") as executor:
        shared = Shared(answer, executor, max_body_bytes)
        try:
            server = await loop.create_server(lambda: Connection(shared), host, port, backlog=1024)
        except OSError as exc:
            raise StepError(f"{host}:{port} must be an address to listen on: {exc.strerror or exc}") from exc
        _say(f"serving {name} on {host}:{server.sockets[0].getsockname()[1]}")
        repeating = [asyncio.create_task(_repeat(chore)) for chore in chores]
        while not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), _SWEEP_SECONDS)
            except TimeoutError:
                _sweep(shared, loop.time())
        _say("draining")
        shared.draining = True  # from now on each answer ends its connection
        await _take_last_clients(shared, loop, [listener.fileno() for listener in server.sockets])
        server.close()
        await _drain(shared, loop)
        for task in repeating:
            task.cancel()
    for chore in chores:
        _do(chore)  # the threads have ended too: everything that was answered is there
    _say("stopped")


def _stop_event(loop: asyncio.AbstractEventLoop, lifeline: int | None) -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if lifeline is not None:
        loop.add_reader(lifeline, _read_lifeline, lifeline, stop, loop)
    return stop


def _read_lifeline(lifeline: int, stop: asyncio.Event, loop: asyncio.AbstractEventLoop) -> None:
    if not os.read(lifeline, 4096):
        loop.remove_reader(lifeline)
        stop.set()


async def _repeat(chore: Chore) -> None:
    while True:
        await asyncio.sleep(chore.seconds)
        _do(chore)


def _do(chore: Chore) -> None:
    try:
        chore.act()
    except Exception:  # noqa: BLE001 (whatever it was, users are still to be answered)
        traceback.print_exc(file=sys.stderr)


def _sweep(shared: Shared, now: float) -> None:
    """Refuse requests that take too long to arrive; close what is silent for too long between two."""
    for connection in list(shared.connections):
        if connection.answering:
            continue
        since = connection.receiving_since
        if since is not None and now - since > _REQUEST_SECONDS:
            connection.give_up()
        elif now - connection.last_active > _IDLE_SECONDS:
            connection.abort()


async def _take_last_clients(shared: Shared, loop: asyncio.AbstractEventLoop, listeners: Sequence[int]) -> None:
    """Accept until no more clients come; those whom the kernel has let connect by then are all accepted."""
    end, seen = loop.time() + _LAST_CLIENTS_SECONDS, -1
    busy = shared.connections or loop.time() - shared.last_accepted < _LAST_REQUESTS_SECONDS
    while busy and seen != shared.accepted and loop.time() < end:
        seen = shared.accepted
        await asyncio.sleep(_LAST_REQUESTS_SECONDS)
    for listener in listeners:
        let_no_more_connect(listener)
    await asyncio.sleep(_HANDSHAKE_SECONDS if busy else 0)
    while select.select(listeners, [], [], 0)[0] and loop.time() < end + _LAST_REQUESTS_SECONDS:
        await asyncio.sleep(0.002)
    await asyncio.sleep(0)  # whoever was accepted just now is given to the server before it closes


async def _drain(shared: Shared, loop: asyncio.AbstractEventLoop) -> None:
    end = loop.time() + _DRAIN_SECONDS
    while shared.connections and loop.time() < end:
        for connection in list(shared.connections):
            if connection.idle:
                connection.close()
        await asyncio.sleep(0.02)
    for connection in list(shared.connections):
        connection.abort()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
