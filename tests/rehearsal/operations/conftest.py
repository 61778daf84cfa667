from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rehearsal.cloud.process import CloudProcess, end_cloud, start_cloud, write_steps


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudProcess]:
    steps = write_steps(tmp_path_factory.mktemp("steps"))
    started = start_cloud(tmp_path_factory.mktemp("cloud"), steps, "--speed", "60")
    yield started
    assert end_cloud(started) == 0


@pytest.fixture
def aws(cloud: CloudProcess, monkeypatch: pytest.MonkeyPatch) -> CloudProcess:
    """The embedded AWS, and an environment that points at it."""
    for name, value in {
        "AWS_ENDPOINT_URL": cloud.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    return cloud


@pytest.fixture(scope="session")
def project() -> Path:
    return Path(__file__).resolve().parents[3]
