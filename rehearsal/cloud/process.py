"""The life of the process: assemble, serve, and end with everything that was started."""

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable

from blueprint.errors import SlipwayError
from rehearsal.cloud.assembly import Cloud, assemble
from rehearsal.cloud.gateway import Gateway
from rehearsal.cloud.ministack.server import emulator, serve
from rehearsal.cloud.options import CloudOptions

_HURRY_SECONDS = 8.0
_log = logging.getLogger(__name__)


def run(options: CloudOptions, listener: socket.socket, *, ready: Callable[[], None]) -> None:
    """Serve until a signal or the end of standard input; does not return, because pools would hold the process."""
    code = 0
    try:
        asyncio.run(_serve(options, listener, ready))
    except SlipwayError as exc:
        sys.stderr.write(f"{exc}\n")
        code = exc.exit_code
    except Exception:  # noqa: BLE001 -- the last chance to tell it
        _log.exception("the embedded AWS ends")
        sys.stderr.write(f"the embedded AWS ended with an error; see {options.log}\n")
        code = 1
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


async def _serve(options: CloudOptions, listener: socket.socket, ready: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    told_to_end, ended = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told_to_end.set)
    _end_with_stdin(lambda: loop.call_soon_threadsafe(told_to_end.set))
    cloud = assemble(options, port=listener.getsockname()[1])
    cloud.loop.attach()
    clock = asyncio.create_task(cloud.alarms.run())
    gateway = Gateway(emulator(), cloud.fleets.invoke, started=ready, access=cloud.access)
    server = asyncio.create_task(serve(gateway, listener, ended=ended))
    waiting = asyncio.create_task(told_to_end.wait())
    await asyncio.wait({server, waiting}, return_when=asyncio.FIRST_COMPLETED)
    _log.info("ending")
    _end_anyway()
    clock.cancel()
    # The server answers until the jobs have ended: they speak to it.
    await asyncio.to_thread(_close, cloud)
    ended.set()
    await server


def _close(cloud: Cloud) -> None:
    for close in cloud.closing:
        try:
            close()
        except Exception:  # noqa: BLE001 -- the others must be closed all the same
            _log.exception("ending %s failed", close)


def _end_with_stdin(end: Callable[[], object]) -> None:
    """The parent holds the other end of our standard input: when it is gone, so are we."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        end()

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


def _end_anyway() -> None:
    """Should the end get stuck, leave; the kernel ends what was spawned."""
    timer = threading.Timer(_HURRY_SECONDS, os._exit, args=(1,))
    timer.daemon = True
    timer.start()
