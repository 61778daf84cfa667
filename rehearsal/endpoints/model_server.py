"""One model server: a process from its image, its model, its log; restarted when it dies."""

import http.client
import itertools
import shutil
import subprocess
import tarfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rehearsal.containers.backends.backend import Backend
from rehearsal.containers.container import Container, Program
from rehearsal.process import free_port, spawn, stop
from slipway.errors import LaunchError

HOST = "127.0.0.1"
STARTUP_SECONDS = 480.0
SERVERLESS_STARTUP_SECONDS = 180.0
"""Until /ping must succeed, where the variant gives no limit: SageMaker's own."""

_PING_SECONDS = 0.05
_GRACE_SECONDS = 10.0
_TAIL_LINES = 10
_RESTART_SECONDS = (0.1, 0.5, 2.0, 5.0)
_STARTS = 3

FetchArtifact = Callable[[str, Path], None]
"""Writes the object at a model's S3 address to a file."""
WriteLine = Callable[[str], None]


class ModelServer:
    """A container that serves, on a free port of the loopback interface."""

    def __init__(self, container: Container, backend: Backend, write_line: WriteLine) -> None:
        self._container, self._backend, self._write_line = container, backend, write_line
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False
        self._stopping = threading.Event()
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._lock = threading.Lock()
        self._keeper: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self, *, startup_seconds: float, cancelled: threading.Event) -> None:
        """Start it and wait until /ping returns 200; no user comes before that.

        Raises:
            LaunchError: it ended, or did not respond in time; its last lines are in the message.
        """
        for attempt in range(_STARTS):
            try:
                self._launch()
                self._await_ping(startup_seconds, cancelled)
            except LaunchError:
                self.stop()
                # Between the choice of a free port and the server's bind, another process may have taken it.
                if attempt + 1 < _STARTS and any("ddress already in use" in line for line in self._tail):
                    continue
                raise
            self._ready = True
            return

    def is_healthy(self) -> bool:
        """Whether /ping returns 200 now."""
        return _ping_succeeds(self.port)

    def stop(self) -> None:
        """End it with everything it started."""
        with self._lock:
            self._stopping.set()
            process = self._process
        if process is not None:
            stop(process, grace_seconds=_GRACE_SECONDS)
            self._backend.remove(self._container)
        if self._keeper is not None:
            self._keeper.join()

    def discard(self) -> None:
        """End it, and remove its files."""
        self.stop()
        shutil.rmtree(self._container.folder, ignore_errors=True)

    def _launch(self) -> None:
        self.port = free_port()
        self._ready = False
        self._stopping.clear()
        self._tail.clear()
        try:
            self._spawn()
        except OSError as exc:
            raise LaunchError(f"the model server could not be started: {exc}") from exc
        self._keeper = threading.Thread(target=self._keep, name=f"model-server-{self.port}", daemon=True)
        self._keeper.start()

    def _spawn(self) -> None:
        bound = {"SAGEMAKER_BIND_TO_HOST": HOST, "SAGEMAKER_BIND_TO_PORT": str(self.port)}
        command = self._backend.command(self._container.with_environment(bound))
        self._process = spawn(
            command.argv,
            env=command.environment,
            cwd=self._container.work,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def _keep(self) -> None:
        """Read its log to the end; start it again if it died after it had been ready."""
        pauses = itertools.chain(_RESTART_SECONDS, itertools.repeat(_RESTART_SECONDS[-1]))
        self._read_log()
        while self._ready and not self._stopping.is_set():
            self._write_line(f"the model server ended with status {self._wait()}; it is started again")
            if self._start_again(pauses):
                self._read_log()

    def _start_again(self, pauses: Iterator[float]) -> bool:
        """Try after each pause until it runs; False when it is to be stopped instead."""
        while True:
            self._stopping.wait(next(pauses))
            try:
                with self._lock:
                    if self._stopping.is_set():
                        return False
                    self._spawn()
                    return True
            except OSError as exc:
                self._write_line(f"the model server could not be started again: {exc}")

    def _read_log(self) -> None:
        if self._process is None or self._process.stdout is None:
            return
        with self._process.stdout as lines:
            for raw in lines:
                line = raw.decode("utf-8", "replace").rstrip("\r\n")
                self._tail.append(line)
                self._write_line(line)

    def _wait(self) -> int | None:
        return self._process.wait() if self._process else None

    def _await_ping(self, startup_seconds: float, cancelled: threading.Event) -> None:
        deadline = time.monotonic() + startup_seconds
        while not _ping_succeeds(self.port):
            if cancelled.is_set():
                raise LaunchError("the start was cancelled")
            if self._process is None or self._process.poll() is not None:
                raise LaunchError(f"the model server ended with status {self._wait()} {self._last_words()}")
            if time.monotonic() > deadline:
                raise LaunchError(
                    f"the model server did not pass the ping health check in {startup_seconds:g} s {self._last_words()}"
                )
            time.sleep(_PING_SECONDS)

    def _last_words(self) -> str:
        if self._keeper is not None:
            self._keeper.join(timeout=0.5)
        return "(its last lines: " + " | ".join(self._tail) + ")" if self._tail else "(it wrote nothing)"


def _ping_succeeds(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def prepare_container(
    model: Mapping[str, Any],
    program: Program,
    folder: Path,
    fetch_artifact: FetchArtifact,
    *,
    instance_type: str = "",
) -> Container:
    """Lay out a model's container in `folder`: its artifact unpacked in /opt/ml/model.

    Raises:
        LaunchError: the artifact could not be fetched or is no tar archive.
    """
    # SageMaker runs an image that serves as `docker run <image> serve`.
    environment = dict(model.get("Environment") or {})
    argv = (*program.entrypoint, "serve")
    container = Container(program, argv, environment, folder, instance_type=instance_type, read_only=("model",))
    container.make_folders()
    (container.ml / "model").mkdir()
    if url := model.get("ModelDataUrl"):
        archive = folder / "model.tar.gz"
        try:
            fetch_artifact(url, archive)
            with tarfile.open(archive) as tar:
                tar.extractall(container.ml / "model", filter="data")
        except (OSError, tarfile.TarError, LookupError) as exc:
            raise LaunchError(f"the model data at {url} could not be used: {exc}") from exc
        archive.unlink()
    container.set_modes()
    return container
