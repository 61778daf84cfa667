"""The folder that becomes /opt/ml: root's while a container has it, as on SageMaker, and the caller's afterwards."""

import os
from pathlib import Path

from rehearsal.containers.container import ML_ROOT, Container
from rehearsal.containers.docker.client import DockerClient
from rehearsal.containers.docker.sweeper import chown_arguments


class Mounts:
    """Changes owners in a container of its own, where the caller is not root and Docker's root is not the caller."""

    def __init__(self, docker: DockerClient) -> None:
        self._docker = docker
        self.caller = "" if _is_containers_root(docker) else f"{os.geteuid()}:{os.getegid()}"
        """User and group, as `chown` takes them; empty where no owner has to be changed."""

    def give_to_root(self, container: Container) -> None:
        """Do it before the container is made.

        Raises:
            OSError: Docker refuses, or the image has no `chown`.
        """
        if self.caller and container.ml.stat().st_uid != 0:
            self._chown(container, "0:0")

    def give_back(self, container: Container) -> None:
        """Do it when the container has ended: what it wrote is root's."""
        if self.caller and container.ml.exists():
            self._chown(container, self.caller)

    def _chown(self, container: Container, owner: str) -> None:
        self._docker.run(*chown_arguments(owner, bind_mount(container.ml, ML_ROOT), container.program.image))


def bind_mount(source: Path, target: str, *, readonly: bool = False) -> str:
    """The value of `--mount`."""
    words = ["type=bind", f"source={source}", f"target={target}", *(["readonly"] if readonly else [])]
    return ",".join(f'"{word}"' if "," in word else word for word in words)


def _is_containers_root(docker: DockerClient) -> bool:
    """Whether a container's root is this process's user on this machine: root, or one with a rootless Docker."""
    return os.geteuid() == 0 or "name=rootless" in docker.run("info", "--format", "{{json .SecurityOptions}}")
