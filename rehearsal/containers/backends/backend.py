"""The contract every job backend keeps."""

import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rehearsal.containers.container import Container, Program
from rehearsal.process import signal_group, stop


@dataclass(frozen=True)
class ProcessCommand:
    """A container as one ordinary process: what to execute, and with which variables."""

    argv: tuple[str, ...]
    environment: dict[str, str]


@dataclass(frozen=True)
class Mount:
    """What must be mounted, in a namespace of its own, before a container's first instruction."""

    ml: Path
    """Becomes /opt/ml."""
    old: Path
    """An empty folder in which the earlier content of /opt appears."""
    user_namespace: bool
    network: bool
    """False cuts the container off from every network."""


class JobProcess(Protocol):
    """A container that was started; it leads a process group of its own and dies with us."""

    @property
    def pid(self) -> int: ...

    def wait(self, timeout: float) -> int | None:
        """The exit status (negative for a signal), or None when it still runs after `timeout` seconds."""

    def stop(self, *, grace_seconds: float) -> int:
        """SIGTERM to the group, SIGKILL after the grace; everything it has started is gone afterwards."""


class Backend(Protocol):
    @property
    def name(self) -> str: ...

    def command(self, container: Container) -> ProcessCommand:
        """The container as a command for `rehearsal.process.spawn`, for callers that wait for it themselves."""

    def start(self, container: Container, *, output: int) -> JobProcess:
        """Start it with stdout and stderr going to the descriptor `output`, which the caller closes."""

    def remove(self, container: Container) -> None:
        """Remove what `command` may have left outside its process group, should that have been killed."""

    def close(self) -> None:
        """Release the backend's own resources; running jobs are not ended."""


class JobBackend(Backend, Protocol):
    def warm_up(self, program: Program) -> None:
        """Prepare for jobs of the image where that is possible; returns at once."""


class ColdBackend(Backend, Protocol):
    """A backend whose containers another process can also set up; see `warm`."""

    def bare_command(self, container: Container) -> ProcessCommand:
        """What runs once `mount` has been mounted."""

    def mount(self, container: Container) -> Mount | None: ...


class SpawnedProcess:
    """A `JobProcess` around a child of ours."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self, timeout: float) -> int | None:
        if (status := self._process.returncode) is not None:
            return status
        try:
            status = self._process.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            return None
        signal_group(self._process.pid, signal.SIGKILL)  # what it left behind ends with it, as in a container
        return status

    def stop(self, *, grace_seconds: float) -> int:
        return stop(self._process, grace_seconds=grace_seconds)
