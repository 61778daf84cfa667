"""Linux: jobs of an image that declares `preload` are forked from a process that has imported those modules already."""

import contextlib
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rehearsal.containers.backends.backend import ColdBackend, JobProcess, ProcessCommand
from rehearsal.containers.backends.fork_client import ForkRefusedError, ForkServer
from rehearsal.containers.container import Container, Program

# Read once, when the interpreter or a native library starts: a job with other values than its server's starts cold.
_READ_AT_START = ("PYTHON", "LD_", "OMP_", "GOMP_", "KMP_", "OPENBLAS_", "MKL_", "BLIS_", "NUMEXPR_", "MALLOC_")

MakeForkServer = Callable[[str, Sequence[str], Mapping[str, str]], ForkServer]


class WarmBackend:
    """A cold backend with a faster start where the image allows one; the contract is the same.

    A job is forked, so it has its own memory, files, variables, namespace and end, but shares the hash seed and what
    importing the preloaded modules leaves behind. Jobs that cannot be started so start cold: another entry point than
    `python -m module`, other start-up variables than the image's, a preloaded module that keeps threads.
    """

    def __init__(self, cold: ColdBackend, fork_server: MakeForkServer = ForkServer) -> None:
        self.cold, self._fork_server = cold, fork_server
        self._servers: dict[object, ForkServer] = {}
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return self.cold.name

    def command(self, container: Container) -> ProcessCommand:
        return self.cold.command(container)

    def start(self, container: Container, *, output: int) -> JobProcess:
        command = self.cold.bare_command(container)
        if _can_be_forked(container.program, command):
            with contextlib.suppress(ForkRefusedError):
                return self._server(container.program, command.argv[0]).start(self._order(container, command), output)
        return self.cold.start(container, output=output)

    def remove(self, container: Container) -> None:
        self.cold.remove(container)

    def warm_up(self, program: Program) -> None:
        """Let the image's server import its modules now; returns at once."""
        if sys.platform == "linux" and program.preload and program.entrypoint[1:2] == ("-m",):
            self._server(program, program.entrypoint[0])

    def close(self) -> None:
        """End the fork servers, and with them every job they have started."""
        with self._lock:
            servers, self._servers = list(self._servers.values()), {}
        for server in servers:
            server.close()
        self.cold.close()

    def _server(self, program: Program, interpreter: str) -> ForkServer:
        environment = image_environment(program)
        key = (interpreter, program.folder, program.preload, tuple(sorted(environment.items())))
        with self._lock:
            server = self._servers.get(key)
            if server is None or not server.alive:
                server = self._servers[key] = self._fork_server(interpreter, program.preload, environment)
            return server

    def _order(self, container: Container, command: ProcessCommand) -> dict[str, Any]:
        mount = self.cold.mount(container)
        _, _, module, *arguments = command.argv
        program = container.program
        return {
            "module": module,
            "needs": program.waits_for.get(next(iter(arguments), ""), len(program.preload)),
            "arguments": arguments,
            "environment": command.environment,
            "folder": str(container.work),
            "mount": {key: str(value) if isinstance(value, Path) else value for key, value in asdict(mount).items()}
            if mount
            else None,
        }


def image_environment(program: Program) -> dict[str, str]:
    """What every container of the image has, whatever its job."""
    return Container(program, (), {}, Path("/")).full_environment() | {"TMPDIR": "/tmp"}  # noqa: S108 -- not used


def _can_be_forked(program: Program, command: ProcessCommand) -> bool:
    if sys.platform != "linux" or not program.preload:
        return False
    match command.argv:
        case (interpreter, "-m", _, *_) if Path(interpreter).name.startswith("python"):
            return _read_at_start(command.environment) == _read_at_start(image_environment(program))
    return False


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_READ_AT_START)}
