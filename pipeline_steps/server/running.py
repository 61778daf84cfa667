"""The server's life: listen, answer, drain when told to stop."""

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pipeline_steps.errors import StepError
from pipeline_steps.server.connection import Connection, Shared
from pipeline_steps.server.messages import Request, Response

_IDLE_SECONDS = 75.0
"""How long a connection may be silent: longer than the load balancers' usual 60 s, so that it is they who close."""

_SWEEP_SECONDS = 5.0

_LAST_REQUESTS_SECONDS = 0.3
"""After the signal, requests that are on their way are still answered on the connections that are open."""

_DRAIN_SECONDS = 25.0
"""SageMaker kills a container 30 s after SIGTERM."""


@dataclass(frozen=True)
class Chore:
    """What the server does every so often, and once more when it has answered its last request."""

    act: Callable[[], None]
    seconds: float


def run_server(
    answer: Callable[[Request], Response], *, host: str, port: int, name: str, chores: Sequence[Chore] = ()
) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        StepError: the address cannot be listened on.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(answer, host, port, name, chores))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415 (there is none for Windows)
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


async def _serve(
    answer: Callable[[Request], Response], host: str, port: int, name: str, chores: Sequence[Chore]
) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="answer") as executor:
        shared = Shared(answer, executor)
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
        server.close()
        await _drain(shared, loop)
        for task in repeating:
            task.cancel()
    for chore in chores:
        _do(chore)  # the threads have ended too: everything that was answered is there
    _say("stopped")


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
    """Close what has been silent for too long, in the middle of a request or between two."""
    for connection in list(shared.connections):
        if not connection.answering and now - connection.last_active > _IDLE_SECONDS:
            connection.abort()


async def _drain(shared: Shared, loop: asyncio.AbstractEventLoop) -> None:
    shared.draining = True  # from now on each answer ends its connection
    end = loop.time() + _DRAIN_SECONDS
    await asyncio.sleep(_LAST_REQUESTS_SECONDS if shared.connections else 0)
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
