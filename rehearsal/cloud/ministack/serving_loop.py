"""The event loop that serves requests, as other threads may use it."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")


class ServingLoop:
    """ministack's stores are plain dicts that its event loop changes; other threads change them through here."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: int | None = None

    def attach(self) -> None:
        """Take the running loop; called once, on it."""
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()

    def post(self, act: Callable[[], object]) -> None:
        """Do `act` soon, in the order of the calls; dropped when the server has ended."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(act)

    def call(self, act: Callable[[], Result]) -> Result:
        """Do `act` on the loop and wait for what it returns; directly when we are on the loop already."""
        if self._loop is None or threading.get_ident() == self._thread:
            return act()
        answer: Future[Result] = Future()
        self._loop.call_soon_threadsafe(_settle, answer, act)
        return answer.result()


def _settle(answer: Future[Result], act: Callable[[], Result]) -> None:
    try:
        answer.set_result(act())
    except BaseException as exc:  # noqa: BLE001 -- handed to the caller, who waits for it
        answer.set_exception(exc)
