"""Linux: each container is a real one, made by `docker create` and followed by `docker start --attach`."""

import os
import secrets
import subprocess
from pathlib import Path

from rehearsal.containers.backends.protocol import Command, JobProcess
from rehearsal.containers.container import Container, Program
from rehearsal.containers.docker.arguments import container_user, create_arguments
from rehearsal.containers.docker.client import DockerClient
from rehearsal.containers.docker.ownership import FOLDER_LABEL, OWNER_LABEL, Sweeper, remove_orphans, this_process
from rehearsal.containers.lines import merge_lines
from rehearsal.process import spawn, stop


class DockerBackend:
    """Non-root containers without capabilities, whose root file system cannot be written.

    An isolated job has no network at all. The others, and model servers, share the host's: the embedded AWS and the
    router are on its loopback interface.
    """

    name = "docker"

    def __init__(self, docker: DockerClient) -> None:
        self._docker = docker
        self._processors = int(docker.ask("info", "--format", "{{.NCPU}}"))
        self._owner = f"{this_process()}/{secrets.token_hex(4)}"
        remove_orphans(docker)
        self._sweeper = Sweeper(docker, self._owner)

    def command(self, container: Container) -> Command:
        """Makes the container; the command starts it, hands its signals on and ends as it does."""
        return Command(_attach(self._create(container, network=True)), self._docker.environment)

    def start(self, container: Container, *, output: int) -> JobProcess:
        made = self._create(container, network=not container.isolated)
        pipe, environment = subprocess.PIPE, self._docker.environment
        process = spawn(_attach(made), env=environment, cwd=container.work, stdout=pipe, stderr=pipe)
        merge_lines([stream for stream in (process.stdout, process.stderr) if stream], output)
        return DockerProcess(process, self._docker, made)

    def remove(self, container: Container) -> None:
        """Remove what is left of it: something only if the command line was killed before it."""
        same = f"{FOLDER_LABEL}={container.folder}"
        mine = self._docker.containers(same, form=f'{{{{.ID}}}} {{{{.Label "{OWNER_LABEL}"}}}}')
        self._docker.remove([line.split(" ", 1)[0] for line in mine if line.endswith(f" {self._owner}")])

    def warm_up(self, program: Program) -> None:
        """Nothing: a container starts from its image alone."""

    def close(self) -> None:
        """End every container that is left."""
        self._sweeper.close()

    def _create(self, container: Container, *, network: bool) -> str:
        if not container.program.image:
            raise OSError("the program has no Docker image")
        _hand_over(container.ml)
        arguments = create_arguments(container, owner=self._owner, processors=self._processors, network=network)
        return self._docker.ask("create", *arguments).splitlines()[-1]


class DockerProcess:
    """A `JobProcess` around the command line that is attached to a container."""

    def __init__(self, process: subprocess.Popen[bytes], docker: DockerClient, container: str) -> None:
        self._process, self._docker, self._container = process, docker, container

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self, timeout: float) -> int | None:
        try:
            return self._process.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, *, grace_seconds: float) -> int:
        if (status := self._process.poll()) is not None and status >= 0:
            return status  # it ended by itself, and was removed
        status = stop(self._process, grace_seconds=grace_seconds)
        self._docker.remove([self._container])
        return status


def _attach(container: str) -> tuple[str, ...]:
    return ("docker", "start", "--attach", container)


def _hand_over(folder: Path) -> None:
    """Give the folder to the container's user; only root has to."""
    user, group = container_user()
    if os.geteuid() == user:
        return
    for path, _, files in os.walk(folder):
        os.chown(path, user, group)
        for name in files:
            os.chown(Path(path) / name, user, group, follow_symlinks=False)
