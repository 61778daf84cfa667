"""Serve, and end with everything that was started."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from rehearsal.access_key import AccessKey
from rehearsal.cloud.admission import Admission
from rehearsal.cloud.assembly import assemble
from rehearsal.cloud.cloud_options import CloudOptions
from rehearsal.cloud.gateway import Gateway
from rehearsal.cloud.job_environment import JobEnvironment
from rehearsal.cloud.ministack.asgi_server import emulator, serve

_CLOSE_SECONDS = 8.0
_log = logging.getLogger(__name__)


async def serve_until_stopped(
    options: CloudOptions,
    environment: JobEnvironment,
    listener: socket.socket,
    key: AccessKey,
    ready: Callable[[], None],
) -> None:
    """Serve until a signal or the end of standard input; `ready` is called when requests are answered.

    The end of the server or of the alarm clock is the end of all, and its error is raised: without alarms a bad model
    would be promoted.
    """
    loop = asyncio.get_running_loop()
    stop, ended = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    _end_with_stdin(lambda: loop.call_soon_threadsafe(stop.set))
    port = listener.getsockname()[1]
    cloud = assemble(options, environment, port=port, key=key)
    cloud.loop.attach()
    admission = Admission(key, cloud.access.secret_of, port=port)
    gateway = Gateway(
        emulator(), cloud.fleets.invoke, cloud.fleets.enqueue, admission=admission, started=ready, access=cloud.access
    )
    server = serve(gateway, listener, ended=ended)
    await run_until_stopped(server, cloud.alarms.run(), cloud.closing, stop=stop, ended=ended, stopping=_end_anyway)


async def run_until_stopped(
    server: Coroutine[Any, Any, None],
    clock: Coroutine[Any, Any, None],
    closing: Iterable[Callable[[], object]],
    *,
    stop: asyncio.Event,
    ended: asyncio.Event,
    stopping: Callable[[], None],
) -> None:
    """Run server and alarm clock until `stop` or the end of one of them; then close the rest, and set `ended`."""
    serving, ticking = asyncio.create_task(server), asyncio.create_task(clock)
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, waiting, ticking}, return_when=asyncio.FIRST_COMPLETED)
    _log.info("ending")
    stopping()
    waiting.cancel()
    ticking.cancel()
    # The server answers until the jobs have ended: they call it.
    await asyncio.to_thread(_close, closing)
    ended.set()
    await serving
    with contextlib.suppress(asyncio.CancelledError):
        await ticking


def _close(closing: Iterable[Callable[[], object]]) -> None:
    for close in closing:
        try:
            close()
        except Exception:  # noqa: BLE001 -- the others must be closed all the same
            _log.exception("ending %s failed", close)


def _end_with_stdin(end: Callable[[], object]) -> None:
    """The parent has the other end of standard input: when the parent ends, so does this process."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        end()

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


def _end_anyway() -> None:
    """Should closing hang, exit; the kernel ends what was spawned."""
    timer = threading.Timer(_CLOSE_SECONDS, os._exit, args=(1,))
    timer.daemon = True
    timer.start()
