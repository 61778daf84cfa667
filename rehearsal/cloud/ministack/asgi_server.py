"""Serve an ASGI application on an open listening socket."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config
from ministack import app as _app

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_GRACE_SECONDS = 0.3


def emulator() -> Application:
    """The ASGI application that ministack is."""
    application: Application = _app.app
    return application


async def serve(application: Application, listener: socket.socket, *, ended: asyncio.Event) -> None:
    """Serve until `ended` is set; open connections get a moment to finish."""
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.backlog = 1024
    config.keep_alive_timeout = 75
    config.graceful_timeout = config.shutdown_timeout = _GRACE_SECONDS
    config.errorlog = logging.getLogger("hypercorn")
    await hypercorn_serve(application, config, shutdown_trigger=ended.wait)  # type: ignore[arg-type]
