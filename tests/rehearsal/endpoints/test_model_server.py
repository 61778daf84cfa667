"""A model server that cannot be started again at once."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from rehearsal.containers.backends.backend import ProcessCommand
from rehearsal.containers.backends.prefix import PrefixBackend
from rehearsal.containers.container import Container
from rehearsal.endpoints.model_server import ModelServer
from tests.rehearsal.endpoints.account import until


class Backend(PrefixBackend):
    """The machine has no room for another process, so many times."""

    refusals = 0

    def command(self, container: Container) -> ProcessCommand:
        if self.refusals:
            self.refusals -= 1
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return super().command(container)


@pytest.fixture
def backend() -> Backend:
    return Backend()


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def server(account: Any, backend: Backend, lines: list[str], tmp_path: Path) -> Iterator[ModelServer]:
    program = account.program("repo:good")
    container = Container(program, (*program.entrypoint, "serve"), {}, tmp_path / "server")
    container.make_folders()
    (container.ml / "model").mkdir(exist_ok=True)
    (container.ml / "model/model.json").write_text(json.dumps({"name": "blue"}))
    made = ModelServer(container, backend, lines.append)
    made.start(startup_seconds=20, cancelled=Event())
    yield made
    made.stop()


def kill(server: ModelServer) -> None:
    assert server.pid
    os.kill(server.pid, signal.SIGKILL)


def test_a_server_that_cannot_be_started_again_is_told_and_tried_again(
    server: ModelServer, backend: Backend, lines: list[str]
) -> None:
    killed, backend.refusals = server.pid, 2
    kill(server)
    until(lambda: server.pid != killed and server.is_healthy() and lines.count("serving blue") == 2)
    refused = "the model server could not be started again: [Errno 11] Resource temporarily unavailable"
    # Its own lines come by another thread than these.
    assert [line for line in lines if line != "serving blue"] == [
        "the model server ended with status -9; it is started again",
        refused,
        refused,
    ]


def test_a_server_that_cannot_be_started_again_can_be_stopped(
    server: ModelServer, backend: Backend, lines: list[str]
) -> None:
    backend.refusals = 1_000_000
    kill(server)
    until(lambda: any("could not be started again" in line for line in lines))
    server.stop()
    assert server._keeper is not None
    assert not server._keeper.is_alive()
