import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rehearsal.cloud.fakes import Bench
from tests.rehearsal.cloud.process import CloudProcess, build_image, end_cloud, start_cloud, write_steps

# ministack makes a key in this folder when it is imported, which by default is one that all processes share.
os.environ["STATE_DIR"] = tempfile.mkdtemp(prefix="ministack-test-")
atexit.register(shutil.rmtree, os.environ["STATE_DIR"], ignore_errors=True)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.plane.close()


@pytest.fixture(scope="session")
def steps_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_steps(tmp_path_factory.mktemp("steps"))


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory, steps_folder: Path) -> Iterator[CloudProcess]:
    started = start_cloud(tmp_path_factory.mktemp("cloud"), steps_folder, "--speed", "60")
    yield started
    assert end_cloud(started) == 0


@pytest.fixture(scope="session")
def image(cloud: CloudProcess, steps_folder: Path) -> str:
    """The URI of the built image."""
    return build_image(cloud, steps_folder)
