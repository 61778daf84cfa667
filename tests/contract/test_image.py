"""The image as its Dockerfile makes it, against what the two engines take it for."""

import re
import subprocess
from pathlib import Path

import pytest

from rehearsal.cloud.images import ImageTable
from rehearsal.containers.container import Program
from rehearsal.containers.docker.readiness import REPOSITORY
from slipway.training.image import base_image, image_tag

PROJECT = Path(__file__).resolve().parents[2]
DOCKERFILE = (PROJECT / "pipeline_steps" / "Dockerfile").read_text()


@pytest.fixture
def program(tmp_path: Path) -> Program:
    built: list[Program] = []
    table = ImageTable(PROJECT / "pipeline_steps", tmp_path, on_built=built.append)
    assert table.build(image_tag(PROJECT / "pipeline_steps")).accepted
    return built[0]


def test_without_docker_the_image_has_the_same_entry_point(program: Program) -> None:
    words = re.search(r"^ENTRYPOINT \[(.*)\]$", DOCKERFILE, re.MULTILINE)
    assert words is not None
    assert program.entrypoint == tuple(word.strip(' "') for word in words[1].split(","))


def test_without_docker_the_image_has_the_same_variables_for_threads_and_telemetry(program: Program) -> None:
    variables = dict(re.findall(r"^(?:ENV|   ) (\w+)=(\S+)", DOCKERFILE, re.MULTILINE))
    assert {name: variables.get(name) for name in program.environment} == program.environment
    assert {name for name in variables if name.endswith(("_THREADS", "_TELEMETRY"))} <= program.environment.keys()


def test_the_laptop_uses_the_name_that_the_image_is_built_with() -> None:
    assert f"image={REPOSITORY}:$tag" in (PROJECT / "scripts" / "build-image").read_text()


def test_both_engines_find_the_dockerfiles_own_base() -> None:
    """AWS by `base_image`, `scripts/build-image` by its own reading."""
    command = re.search(r"named=\$\((sed .*)\)", (PROJECT / "scripts" / "build-image").read_text())
    assert command is not None
    read = subprocess.run(["bash", "-c", command[1]], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    assert read.strip() == base_image(PROJECT / "pipeline_steps")
