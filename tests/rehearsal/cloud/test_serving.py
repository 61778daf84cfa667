"""The embedded AWS does not go on without its alarms."""

import asyncio
import socket
from types import SimpleNamespace
from typing import Any

import pytest

from rehearsal.access_key import AccessKey
from rehearsal.cloud import serving


class Clock:
    """An alarm clock that ends with a defect, or never."""

    def __init__(self, failure: Exception | None) -> None:
        self._failure = failure

    async def run(self) -> None:
        if self._failure:
            raise self._failure
        await asyncio.Event().wait()


@pytest.fixture
def closed() -> list[str]:
    return []


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, closed: list[str]) -> Any:
    """Serve with such a clock; `told` ends it by the end of its input."""

    async def until_ended(*_: Any, ended: asyncio.Event) -> None:
        await ended.wait()

    def run(failure: Exception | None, *, told: bool) -> None:
        cloud = SimpleNamespace(
            loop=SimpleNamespace(attach=lambda: None),
            alarms=Clock(failure),
            fleets=SimpleNamespace(invoke=None),
            access=SimpleNamespace(secret_of=lambda _: None),
            closing=[lambda: closed.append("jobs")],
        )
        monkeypatch.setattr(serving, "assemble", lambda *_, **__: cloud)
        monkeypatch.setattr(serving, "serve", until_ended)
        monkeypatch.setattr(serving, "_end_with_stdin", lambda end: end() if told else None)
        monkeypatch.setattr(serving, "_end_anyway", lambda: None)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            served = serving.serve_until_told(None, None, listener, AccessKey.random(), lambda: None)  # type: ignore[arg-type]
            asyncio.run(asyncio.wait_for(served, 20))

    return run


def test_it_ends_with_an_error_when_its_alarm_clock_dies(serve: Any, closed: list[str]) -> None:
    with pytest.raises(ZeroDivisionError):
        serve(ZeroDivisionError("a defect"), told=False)
    assert closed == ["jobs"]


def test_it_ends_in_peace_when_it_is_told_to(serve: Any, closed: list[str]) -> None:
    serve(None, told=True)
    assert closed == ["jobs"]
