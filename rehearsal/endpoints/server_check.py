"""Whether a container keeps SageMaker's contract for model servers: one finding for each rule of it."""

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from rehearsal.containers.container_finding import ContainerFinding
from rehearsal.endpoints.model_server import HOST, ModelServer
from slipway.errors import LaunchError
from slipway.settings.limits import MOST_REQUEST_BYTES

PING_SECONDS = 2.0
"""SageMaker's limit for a response to /ping."""
RESPONSE_SECONDS = 60.0
"""SageMaker's limit for a response to /invocations."""
STOP_SECONDS = 10.0
"""After which a rehearsal kills what ignores SIGTERM; SageMaker gives 30 s."""

_SHOWN_CHARACTERS = 80


@dataclass(frozen=True)
class SampleRequest:
    """A request as a caller would send it."""

    body: bytes
    content_type: str


@dataclass(frozen=True)
class _Response:
    """`status` is 0 where there was none; then `reason` says why."""

    seconds: float
    status: int = 0
    content_type: str = ""
    body: bytes = b""
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.status} in {self.seconds * 1000:.0f} ms" if self.status else self.reason


def check_server(
    server: ModelServer, request: SampleRequest, *, model: Path, startup_seconds: float
) -> Iterator[ContainerFinding]:
    """Start the server, send it requests, and stop it; `model` is its /opt/ml/model on this machine."""
    before, started = _files(model), time.monotonic()
    try:
        server.start(startup_seconds=startup_seconds, cancelled=Event())
    except LaunchError as exc:
        words = f"{exc}; it must answer GET /ping on the port that SAGEMAKER_BIND_TO_PORT names, 8080 where none is set"
        yield ContainerFinding("start", kept=False, words=words)
        return
    try:
        yield ContainerFinding(
            "start", kept=True, words=f"`serve` passes the first ping after {time.monotonic() - started:.1f} s"
        )
        first = server.pid
        yield _ping(server.port)
        yield from _valid(server.port, request)
        yield _invalid(server.port, request)
        yield _large(server.port, request)
        alive = server.pid == first and server.is_healthy()
        words = "serves after all of these requests" if alive else "must serve after these requests, and does not"
        yield ContainerFinding("survival", kept=alive, words=words)
        changed = sorted(before ^ _files(model))
        words = f"must leave /opt/ml/model as it is, where it may only read, and changed {', '.join(changed)}"
        yield ContainerFinding(
            "model folder", kept=not changed, words=words if changed else "nothing was written to it"
        )
    finally:
        stopping = time.monotonic()
        server.stop()
        seconds = time.monotonic() - stopping
    words = f"ended {seconds:.1f} s after SIGTERM"
    late = f"must end within {STOP_SECONDS:g} s after SIGTERM, and had to be killed"
    yield ContainerFinding("stop", kept=seconds < STOP_SECONDS, words=words if seconds < STOP_SECONDS else late)


def _ping(port: int) -> ContainerFinding:
    found = _send(port, "GET", "/ping", timeout=PING_SECONDS)
    kept = found.status == 200
    return ContainerFinding(
        "ping", kept=kept, words=str(found) if kept else f"must be 200 within {PING_SECONDS:g} s, got {found}"
    )


def _valid(port: int, request: SampleRequest) -> Iterator[ContainerFinding]:
    found = _post(port, request.body, request.content_type)
    if found.status != 200:
        words = f"must be 200 within {RESPONSE_SECONDS:g} s for the request, got {found} {_shown(found.body)}"
        yield ContainerFinding("invocations", kept=False, words=words.rstrip())
        return
    yield ContainerFinding("invocations", kept=True, words=str(found))
    wrong = _unlike(found)
    shape = f"{len(found.body)} bytes of {found.content_type or 'no content type'}: {_shown(found.body)}"
    yield ContainerFinding("response", kept=not wrong, words=f"{wrong}, got {shape}" if wrong else shape)


def _invalid(port: int, request: SampleRequest) -> ContainerFinding:
    """A caller's error that looks like the server's own sets off the alarms of a rollout, which then ends."""
    found = _post(port, b"\x00 this is no request", request.content_type)
    kept = 400 <= found.status < 500
    words = f"must be 4xx, for 5xx counts as the model's own fault, got {found}"
    return ContainerFinding("invalid request", kept=kept, words=str(found) if kept else words)


def _large(port: int, request: SampleRequest) -> ContainerFinding:
    found = _post(port, b"0" * MOST_REQUEST_BYTES, request.content_type)
    size = f"{MOST_REQUEST_BYTES // 1024 // 1024} MB"
    kept = found.status != 0
    words = f"{found} for {size}" if kept else f"must have a response of any status for {size}, got {found}"
    return ContainerFinding("large request", kept=kept, words=words)


def _unlike(response: _Response) -> str:
    """What is wrong with the body as its content type has it."""
    kind = response.content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        try:
            json.loads(response.body)
        except ValueError:
            return "must be JSON, as its content type says"
    if kind == "text/csv" and not response.body.strip():
        return "must have a line for each row"
    return "" if kind else "must name its content type"


def _post(port: int, body: bytes, content_type: str) -> _Response:
    return _send(port, "POST", "/invocations", body, {"Content-Type": content_type}, timeout=RESPONSE_SECONDS)


def _send(
    port: int, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None, *, timeout: float
) -> _Response:
    connection, started = http.client.HTTPConnection(HOST, port, timeout=timeout), time.monotonic()
    try:
        connection.request(method, path, body or None, dict(headers or {}))
        got = connection.getresponse()
        content = got.read()
    except (OSError, http.client.HTTPException) as exc:
        return _Response(time.monotonic() - started, reason=f"no response ({exc or type(exc).__name__})")
    finally:
        connection.close()
    return _Response(time.monotonic() - started, got.status, got.getheader("Content-Type") or "", content)


def _shown(body: bytes) -> str:
    text = body.decode("utf-8", "replace").strip()
    return repr(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…")


def _files(folder: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {f"{path.relative_to(folder)} ({path.stat().st_size} bytes)" for path in found}
