"""Without SageMaker's SDK these tests are skipped in one line; those with containers where Docker is not ready, too."""

import os
import shutil
from pathlib import Path

import pytest

from rehearsal.containers.docker.readiness import require_image
from slipway.errors import InputError
from tests.sdk.environment import PROJECT, why_absent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ours = [item for item in items if Path(__file__).parent in item.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.sdk)
    if reason := why_absent():
        _skip_as_one(config, items, ours, reason)
        return
    in_containers = [item for item in ours if item.get_closest_marker("docker")]
    if in_containers and (reason := _why_no_containers()):
        _skip_as_one(config, items, in_containers, reason)


def _why_no_containers() -> str | None:
    if shutil.which("docker-compose") is None:
        return "they need docker-compose, by which the SDK starts containers: `make test-sdk` installs Debian's"
    try:
        require_image(PROJECT / "pipeline_steps", host=os.environ.get("DOCKER_HOST"))
    except InputError as exc:
        return f"they need Docker and the image, see `make test-sdk`: {exc}"
    return None


def _skip_as_one(config: pytest.Config, items: list[pytest.Item], ours: list[pytest.Item], reason: str) -> None:
    """One stands for all: pytest would tell the same reason once a test."""
    if not ours:
        return
    spokesman, *others = ours
    spokesman.add_marker(pytest.mark.skip(reason=f"{len(ours)} tests are left out: {reason}"))
    items[:] = [item for item in items if item not in others]
    config.hook.pytest_deselected(items=others)
