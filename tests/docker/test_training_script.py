"""The image with a training script of one's own, and with the packages that it needs."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from rehearsal.containers.docker.client import DockerClient

ROOT = Path(__file__).parents[2]
SETTINGS = """
name = "own"
[data]
target = "y"
positive_label = "1"
[data.columns]
x = "number"
[training]
script = "fit.py"
requirements = "pins.txt"
[tuning.ranges]
units = { type = "integer", min = 1, max = 9 }
"""

Build = Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.fixture
def build(tmp_path: Path, docker: DockerClient) -> Build:
    """Build the image with a script that has these requirements."""

    def run(requirements: str) -> "subprocess.CompletedProcess[str]":
        (tmp_path / "own.toml").write_text(SETTINGS)
        (tmp_path / "fit.py").write_text("import six\n")
        (tmp_path / "pins.txt").write_text(requirements)
        environment = {**docker.environment, "CONFIG": str(tmp_path / "own.toml")}
        command = [str(ROOT / "scripts/build-image")]
        return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)

    return run


def test_it_has_the_script_and_its_packages_and_the_steps_versions(docker: DockerClient, build: Build) -> None:
    ended = build("pluggy==1.5.0\n")
    assert ended.returncode == 0, ended.stderr
    image = ended.stdout.strip()
    code = "import pluggy, numpy, pipeline_steps.train; print(pluggy.__version__, numpy.__version__)"
    versions = docker.run("run", "--rm", "--network", "none", "--entrypoint", "python", image, "-c", code)
    lock = (ROOT / "pipeline_steps/requirements.lock").read_text().splitlines()
    pinned = next(line for line in lock if line.startswith("numpy=="))
    assert versions == f"1.5.0 {pinned.removeprefix('numpy==').split()[0]}"
    at = "/opt/program/pipeline_steps/user_code"
    assert docker.run("run", "--rm", "--entrypoint", "cat", image, f"{at}/files/fit.py") == "import six"


def test_packages_may_not_change_the_versions_of_the_steps(build: Build) -> None:
    ended = build("numpy==1.26.4\n")
    assert ended.returncode != 0
    assert "numpy==1.26.4" in ended.stderr
    assert "conflicting dependencies" in ended.stderr
