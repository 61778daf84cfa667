"""The embedded AWS of a test module, and the settings that several modules begin with."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.rehearsal.cloud.process import PROJECT, CloudProcess, build_image, end_cloud, start_cloud, write_steps

SHIPPED_STEPS = PROJECT / "pipeline_steps"


@pytest.fixture(scope="module")
def cloud(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudProcess]:
    """Started with the module's `CLOUD_OPTIONS`; its image is built, from the shipped steps where it says so."""
    shipped = getattr(request.module, "WITH_SHIPPED_STEPS", False)
    steps = SHIPPED_STEPS if shipped else write_steps(tmp_path_factory.mktemp("steps"))
    started = start_cloud(tmp_path_factory.mktemp("cloud"), steps, *getattr(request.module, "CLOUD_OPTIONS", ()))
    started.image = build_image(started, steps)
    yield started
    assert end_cloud(started) == 0


@pytest.fixture
def account(cloud: CloudProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients of this process have an operator's credentials, and reach the embedded AWS."""
    reached = {"AWS_ENDPOINT_URL": cloud.endpoint_url, "AWS_DEFAULT_REGION": "us-east-1", **cloud.key.environment}
    for name, value in reached.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The shipped settings of dev, as they are before they are checked."""
    found = tomllib.loads((PROJECT / "config" / "shoppers.toml").read_text(encoding="utf-8"))
    del found["stages"]
    return found | {"stage": "dev"}
