"""Linux: each container is a real one, made by `docker create` and followed by `docker start --attach`."""

import secrets
import subprocess
from collections.abc import Callable

from rehearsal.containers.backends.backend import JobProcess, ProcessCommand
from rehearsal.containers.container import Container, Program
from rehearsal.containers.docker.client import DockerClient
from rehearsal.containers.docker.create_arguments import create_arguments, secret_variables
from rehearsal.containers.docker.mounts import Mounts
from rehearsal.containers.docker.ownership import FOLDER_LABEL, OWNER_LABEL, Sweeper, remove_orphans, this_process
from rehearsal.containers.lines import merge_lines
from rehearsal.process import spawn, stop


class DockerBackend:
    """Containers without capabilities, of the image's own user, whose root file system cannot be written.

    /opt/ml belongs to root, as on SageMaker: an image of another user cannot write there.
    An isolated job has no network at all. The others, and model servers, share the host's: the embedded AWS and the
    router are on its loopback interface.
    """

    name = "docker"

    def __init__(self, docker: DockerClient) -> None:
        self._docker = docker
        self._processors = int(docker.run("info", "--format", "{{.NCPU}}"))
        self._owner = f"{this_process()}/{secrets.token_hex(4)}"
        remove_orphans(docker)
        self._mounts = Mounts(docker)
        self._sweeper = Sweeper(docker, self._owner, files_go_to=self._mounts.caller)

    def command(self, container: Container) -> ProcessCommand:
        """Makes the container; the command starts it, hands its signals on and ends as it does."""
        return ProcessCommand(_attach(self._create(container, network=True)), self._docker.environment)

    def start(self, container: Container, *, output: int) -> JobProcess:
        made = self._create(container, network=not container.isolated)
        pipe, environment = subprocess.PIPE, self._docker.environment
        process = spawn(_attach(made), env=environment, cwd=container.work, stdout=pipe, stderr=pipe)
        merge_lines([stream for stream in (process.stdout, process.stderr) if stream], output)
        return DockerProcess(process, self._docker, made, on_end=lambda: self._mounts.give_back(container))

    def remove(self, container: Container) -> None:
        """Remove what is left of it, if the command line was killed before it; its files are the caller's again."""
        same = f"{FOLDER_LABEL}={container.folder}"
        mine = self._docker.containers(same, form=f'{{{{.ID}}}} {{{{.Label "{OWNER_LABEL}"}}}}')
        self._docker.remove([line.split(" ", 1)[0] for line in mine if line.endswith(f" {self._owner}")])
        self._mounts.give_back(container)

    def warm_up(self, program: Program) -> None:
        """Nothing: a container starts from its image alone."""

    def close(self) -> None:
        """End every container that is left."""
        self._sweeper.close()

    def _create(self, container: Container, *, network: bool) -> str:
        if not container.program.image:
            raise OSError("the program has no Docker image")
        self._mounts.give_to_root(container)
        arguments = create_arguments(container, owner=self._owner, processors=self._processors, network=network)
        return self._docker.run("create", *arguments, variables=secret_variables(container)).splitlines()[-1]


class DockerProcess:
    """A `JobProcess` around the command line that is attached to a container. `stop` calls `on_end`."""

    def __init__(
        self, process: subprocess.Popen[bytes], docker: DockerClient, container: str, *, on_end: Callable[[], None]
    ) -> None:
        self._process, self._docker, self._container, self._on_end = process, docker, container, on_end

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self, timeout: float) -> int | None:
        try:
            return self._process.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, *, grace_seconds: float) -> int:
        status = self._process.poll()
        if status is None or status < 0:  # else it ended by itself, and was removed
            status = stop(self._process, grace_seconds=grace_seconds)
            self._docker.remove([self._container])
        self._on_end()
        return status


def _attach(container: str) -> tuple[str, ...]:
    return ("docker", "start", "--attach", container)
