"""A running Docker with the image of the steps as they are now; without them the tests are skipped in one line."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.cloud.images import ImageTable
from rehearsal.containers.backends.backend import JobBackend
from rehearsal.containers.choice import choose_backend
from rehearsal.containers.container import Program
from rehearsal.containers.docker.client import DockerClient
from rehearsal.containers.docker.readiness import require_image
from slipway.errors import InputError
from slipway.training.image import image_tag

STEPS = Path(__file__).parents[2] / "pipeline_steps"


HOST = os.environ.get("DOCKER_HOST")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ours = [item for item in items if Path(__file__).parent in item.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.docker)
    if not ours:
        return
    try:
        require_image(STEPS, host=HOST)
    except InputError as exc:
        # One stands for all: pytest would tell the same reason once a test.
        spokesman, *others = ours
        reason = f"{len(ours)} tests need Docker and the image, see `make test-docker`: {exc}"
        spokesman.add_marker(pytest.mark.skip(reason=reason))
        items[:] = [item for item in items if item not in others]
        config.hook.pytest_deselected(items=others)


@pytest.fixture(scope="session")
def image() -> str:
    """The image's name."""
    return require_image(STEPS, host=HOST)


@pytest.fixture(scope="session")
def docker(image: str) -> DockerClient:
    return DockerClient(HOST)


@pytest.fixture(scope="session")
def program(image: str, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The image as a rehearsal has it, for every backend."""
    built: list[Program] = []
    table = ImageTable(STEPS, tmp_path_factory.mktemp("images"), on_built=built.append)
    assert table.build(image_tag(STEPS)).accepted
    return built[0]


@pytest.fixture(scope="session")
def backend(docker: DockerClient) -> Iterator[JobBackend]:
    made = choose_backend("docker", docker_host=docker.host)
    yield made
    made.close()
