"""The real server of one model, as a local process."""

import http.client
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pipeline_steps.artifact.reading import Artifact
from pipeline_steps.errors import StepError
from pipeline_steps.gates.recent_requests import CapturedRequest
from pipeline_steps.server.request_formats import JSON

HOST = "127.0.0.1"
RESPONSE_SECONDS = 60.0
"""What SageMaker gives a container for an invocation."""

_PACKAGES = Path(__file__).resolve().parents[2]
_START_SECONDS = 60.0
_POLL_SECONDS = 0.02
_END_SECONDS = 5.0
_ADDRESS = re.compile(rf"^serving .* on {re.escape(HOST)}:(\d+)$", re.MULTILINE)


class ServerError(StepError):
    """A model's server does not start, or does not respond."""


@dataclass(frozen=True, slots=True)
class ServerResponse:
    status: int
    body: bytes
    seconds: float


class Server:
    """A server that listens; `send` reuses its connection, as an endpoint's router does."""

    def __init__(self, port: int, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._connection = http.client.HTTPConnection(HOST, port, timeout=RESPONSE_SECONDS)

    def send(self, request: CapturedRequest) -> ServerResponse:
        """Send one request, and wait for the response.

        Raises:
            ServerError: there is none.
        """
        headers = {"Content-Type": request.content_type, "Accept": JSON}
        started = time.perf_counter()
        try:
            self._connection.request("POST", "/invocations", request.body, headers)
            response = self._connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as exc:
            state = self._process.poll()
            ended = f", the server ended with status {state}" if state is not None else ""
            raise ServerError(f"a request got no response: {type(exc).__name__} {exc}{ended}") from exc
        return ServerResponse(response.status, body, time.perf_counter() - started)

    def close(self) -> None:
        self._connection.close()


@contextmanager
def serving(model: Artifact) -> Iterator[Server]:
    """Start the image's own server with `model`; it has ended when the block is left.

    Raises:
        ServerError: it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="replay-") as folder:
        base = Path(folder)
        model.write(base / "model")
        with (base / "log").open("wb") as log:
            process = _start(base, log)
        try:
            server = Server(_port(process, base / "log"), process)
            try:
                yield server
            finally:
                server.close()
        finally:
            _end(process)


def _start(base: Path, log: IO[bytes]) -> "subprocess.Popen[bytes]":
    """The server ends with this process, also when that is killed: it closes the pipe between them."""
    # the replay must not be published as an endpoint's metrics
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SLIPWAY_")}
    own = {
        "SM_BASE_DIR": str(base),
        "SAGEMAKER_BIND_TO_HOST": HOST,
        "SAGEMAKER_BIND_TO_PORT": "0",
        "PYTHONPATH": str(_PACKAGES),
        "PYTHONUNBUFFERED": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline_steps", "serve", "--until-input-ends"],
        cwd=base,
        env={**inherited, **own},
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=subprocess.STDOUT,
    )


def _port(process: "subprocess.Popen[bytes]", log: Path) -> int:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        ended = process.poll() is not None
        output = log.read_text(encoding="utf-8", errors="replace")
        if found := _ADDRESS.search(output):
            return int(found[1])
        if ended:
            raise ServerError(f"the server ended with status {process.returncode}: {' '.join(output.split())[-300:]}")
        time.sleep(_POLL_SECONDS)
    raise ServerError(f"the server must listen within {_START_SECONDS:g} s")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(timeout=_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
