"""Containers are labelled with the process that started them, so that none outlives it, however it ends."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from rehearsal.containers.docker.client import DockerClient

OWNER_LABEL = "slipway.owner"
FOLDER_LABEL = "slipway.folder"
"""The job's folder on this machine: by which one container of an owner is found."""

_SWEEPER = Path(__file__).with_name("sweeper.py")
_SWEEP_SECONDS = 30.0


def this_process() -> str:
    """A name that no other process of this machine has had or will have: process ids are used again."""
    return f"{_pid_namespace()}/{os.getpid()}/{_start_time(os.getpid())}"


def is_dead(owner: str) -> bool:
    """Whether `owner` has ended; always False for processes of another PID namespace, which are not visible."""
    match owner.split("/"):
        case [namespace, pid, started, *_] if namespace == _pid_namespace() and pid.isdigit():
            return _start_time(int(pid)) != started
    return False


def remove_orphans(docker: DockerClient) -> None:
    """Remove the containers whose owner ended together with its sweeper, as in a crash or by a kill -9 of both."""
    found = docker.containers(OWNER_LABEL, form=f'{{{{.ID}}}} {{{{.Label "{OWNER_LABEL}"}}}}')
    pairs = (line.split(" ", 1) for line in found)
    docker.remove([container for container, owner in pairs if is_dead(owner)])


class Sweeper:
    """A process that outlives this one by a moment, and removes the containers with its label."""

    def __init__(self, docker: DockerClient, owner: str, *, files_go_to: str) -> None:
        # Not by `process.spawn`: the kernel would kill it together with this process.
        self._process = subprocess.Popen(
            (sys.executable, "-I", "-S", str(_SWEEPER), f"{OWNER_LABEL}={owner}", FOLDER_LABEL, files_go_to),
            env=docker.environment,
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def close(self) -> None:
        """Let it sweep now, and wait for it."""
        with contextlib.suppress(BrokenPipeError, subprocess.TimeoutExpired):
            self._process.communicate(b"orderly", timeout=_SWEEP_SECONDS)


def _pid_namespace() -> str:
    return Path("/proc/self/ns/pid").readlink().name


def _start_time(pid: int) -> str:
    """When the process was started, in clock ticks since the machine was; empty when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rsplit(")", 1)[1].split()
    return "" if fields[0] in {"Z", "X"} else fields[19]
