"""scripts/with-docker on machines that have a Docker, and on those that cannot have one."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "with-docker"
TOOLS = ("bash", "env", "timeout", "sh", "uname", "echo")

Machine = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Runs the script where only these commands exist; `docker` and `id` are what the test says."""

    def run(*arguments: str, docker: str, user: str = "1000") -> "subprocess.CompletedProcess[str]":
        for name in TOOLS:
            found = shutil.which(name)
            assert found
            (tmp_path / name).symlink_to(found)
        for name, script in (("docker", docker), ("id", f"echo {user}")):
            (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / name).chmod(0o755)
        environment = {**os.environ, "PATH": str(tmp_path)}
        return subprocess.run([SCRIPT, *arguments], env=environment, capture_output=True, text=True, check=False)

    return run


def test_where_a_docker_answers_the_command_is_simply_run(machine: Machine) -> None:
    done = machine("sh", "-c", "echo ran; exit 7", docker="exit 0")
    assert (done.returncode, done.stdout, done.stderr) == (7, "ran\n", "")


def test_where_none_can_be_started_that_is_told_in_one_line(machine: Machine) -> None:
    done = machine("echo", "ran", docker="exit 1")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "with-docker: no Docker answers, and starting one needs root\n"


def test_tests_that_may_be_skipped_are_skipped_in_one_line(machine: Machine) -> None:
    done = machine("--or-skip", "echo", "ran", docker="exit 1")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "with-docker: skipped, no Docker answers, and starting one needs root\n"


def test_without_a_command_the_usage_is_told(machine: Machine) -> None:
    done = machine(docker="exit 0")
    assert done.returncode == 2
    assert done.stderr.startswith("usage: scripts/with-docker")
