"""Run one container to its end: stream its lines, obey a stop, keep to its time."""

import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from rehearsal.containers.backends.backend import Backend, JobProcess
from rehearsal.containers.container import Container
from rehearsal.containers.lines import MAX_LINE_BYTES
from rehearsal.jobs.job_outcomes import JobError, LogSink

_POLL_SECONDS = 0.05
_TAIL_LINES = 10
_LAST_WORDS_SECONDS = 5.0  # for a process that left the group with the pipe open


@dataclass(frozen=True)
class Exit:
    code: int
    """As Docker reports it: 128 + n for signal n."""
    ended_by: str | None
    """None when it ended by itself, else `Stopped`, `Interrupted`, `MaxRuntimeExceeded` or `MaxWaitTimeExceeded`."""
    tail: tuple[str, ...]
    """The last lines that are not blank."""


@dataclass(frozen=True)
class RunLimits:
    max_runtime_seconds: float
    stop_grace_seconds: float
    stopped: threading.Event
    max_wait_seconds: float = math.inf
    """What is left of the time that a spot job may take with all its waiting."""
    taken: threading.Event | None = None
    """Set when its spot instance is interrupted."""


def run_container(backend: Backend, container: Container, limits: RunLimits, on_line: LogSink) -> Exit:
    """Run `container`; `on_line` gets stdout and stderr line by line, from one thread."""
    source, sink = os.pipe()
    try:
        container.set_modes()
        process = backend.start(container, output=sink)
    except OSError as exc:
        os.close(source)
        raise JobError(f"ClientError: the container could not be started: {exc}") from exc
    finally:
        os.close(sink)
    reader = _LogReader(source, on_line)
    reader.start()
    try:
        ended_by = _watch(process, limits)
    finally:
        status = process.stop(grace_seconds=limits.stop_grace_seconds)
        reader.join(_LAST_WORDS_SECONDS)
    return Exit(128 - status if status < 0 else status, ended_by, tuple(reader.tail))


def _watch(process: JobProcess, limits: RunLimits) -> str | None:
    started = time.monotonic()
    while process.wait(_POLL_SECONDS) is None:
        if limits.stopped.is_set():
            return "Stopped"
        if limits.taken is not None and limits.taken.is_set():
            return "Interrupted"
        if (seconds := time.monotonic() - started) >= limits.max_runtime_seconds:
            return "MaxRuntimeExceeded"
        if seconds >= limits.max_wait_seconds:
            return "MaxWaitTimeExceeded"
    return None


class _LogReader(threading.Thread):
    def __init__(self, source: int, on_line: Callable[[str], None]) -> None:
        super().__init__(name="container-log", daemon=True)
        self._source = source
        self._on_line = on_line
        self.tail: deque[str] = deque(maxlen=_TAIL_LINES)

    def run(self) -> None:
        with os.fdopen(self._source, "rb") as stream:
            while raw := stream.readline(MAX_LINE_BYTES):
                line = raw.decode("utf-8", "replace").rstrip("\r\n")
                if line.strip():
                    self.tail.append(line)
                self._on_line(line)
