"""The server's life: listen, respond, drain on a signal to stop."""

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
from pipeline_steps.log import log
from pipeline_steps.server.connection import Connection, Shared
from pipeline_steps.server.listening import refuse_new_connections
from pipeline_steps.server.messages import Handler

_IDLE_SECONDS = 75.0
"""How long a connection may be silent: longer than load balancers' usual 60 s, so that they close first."""

_SWEEP_SECONDS = 5.0

_MOST_THREADS = 8
"""For large requests: they share one interpreter with the loop that responds to /ping."""

_REQUEST_SECONDS = 30.0
"""How long a request may take to arrive. SageMaker waits 60 s for the response."""

_LAST_REQUESTS_SECONDS = 0.3
"""After the signal, requests that are on their way still get their responses; so do clients that connect, as long as no
more than this passes between them."""

_LAST_CLIENTS_SECONDS = 5.0
"""How long clients that go on connecting are accepted after the signal."""

_HANDSHAKE_SECONDS = 0.05
"""For connections that have begun when the kernel stops completing new ones."""

_SWITCH_SECONDS = 0.0005
"""How long a thread with a large request keeps the interpreter from the loop, which responds to /ping; Python's own
default is ten times as long."""

_DRAIN_SECONDS = 23.0
"""SageMaker kills a container 30 s after SIGTERM."""


@dataclass(frozen=True)
class PeriodicTask:
    """What the server does at an interval, and once more after its last response."""

    action: Callable[[], None]
    seconds: float


def run_server(
    handler: Handler,
    *,
    host: str,
    port: int,
    name: str,
    max_body_bytes: int,
    tasks: Sequence[PeriodicTask] = (),
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
                handler,
                host=host,
                port=port,
                name=name,
                max_body_bytes=max_body_bytes,
                tasks=tasks,
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
    handler: Handler,
    *,
    host: str,
    port: int,
    name: str,
    max_body_bytes: int,
    tasks: Sequence[PeriodicTask],
    lifeline: int | None,
) -> None:
    loop = asyncio.get_running_loop()
    stop = _stop_event(loop, lifeline)
    threads = min(os.cpu_count() or 1, _MOST_THREADS)
    with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="handler") as executor:
        shared = Shared(handler, executor, max_body_bytes)
        try:
            server = await loop.create_server(lambda: Connection(shared), host, port, backlog=1024)
        except OSError as exc:
            raise StepError(f"{host}:{port} must be an address to listen on: {exc.strerror or exc}") from exc
        log(f"serving {name} on {host}:{server.sockets[0].getsockname()[1]}")
        repeating = [asyncio.create_task(_repeat(task)) for task in tasks]
        while not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), _SWEEP_SECONDS)
            except TimeoutError:
                _sweep(shared, loop.time())
        log("draining")
        shared.draining = True  # from now on each response ends its connection
        await _take_last_clients(shared, loop, [listener.fileno() for listener in server.sockets])
        server.close()
        await _drain(shared, loop)
        for running in repeating:
            running.cancel()
    for task in tasks:
        _run(task)  # the threads have ended too: every response is counted
    log("stopped")


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


async def _repeat(task: PeriodicTask) -> None:
    while True:
        await asyncio.sleep(task.seconds)
        _run(task)


def _run(task: PeriodicTask) -> None:
    try:
        task.action()
    except Exception:  # noqa: BLE001 (requests are still to be handled)
        traceback.print_exc(file=sys.stderr)


def _sweep(shared: Shared, now: float) -> None:
    """Refuse requests that take too long to arrive; close connections that are silent for too long between two."""
    for connection in list(shared.connections):
        if connection.handling:
            continue
        since = connection.receiving_since
        if since is not None and now - since > _REQUEST_SECONDS:
            connection.time_out()
        elif now - connection.last_active > _IDLE_SECONDS:
            connection.abort()


async def _take_last_clients(shared: Shared, loop: asyncio.AbstractEventLoop, listeners: Sequence[int]) -> None:
    """Accept until no more clients come; those whose connection the kernel has completed by then are all accepted."""
    end, seen = loop.time() + _LAST_CLIENTS_SECONDS, -1
    busy = shared.connections or loop.time() - shared.last_accepted < _LAST_REQUESTS_SECONDS
    while busy and seen != shared.accepted and loop.time() < end:
        seen = shared.accepted
        await asyncio.sleep(_LAST_REQUESTS_SECONDS)
    for listener in listeners:
        refuse_new_connections(listener)
    await asyncio.sleep(_HANDSHAKE_SECONDS if busy else 0)
    while select.select(listeners, [], [], 0)[0] and loop.time() < end + _LAST_REQUESTS_SECONDS:
        await asyncio.sleep(0.002)
    await asyncio.sleep(0)  # a connection accepted just now reaches the server before it closes


async def _drain(shared: Shared, loop: asyncio.AbstractEventLoop) -> None:
    end = loop.time() + _DRAIN_SECONDS
    while shared.connections and loop.time() < end:
        for connection in list(shared.connections):
            if connection.idle:
                connection.close()
        await asyncio.sleep(0.02)
    for connection in list(shared.connections):
        connection.abort()
