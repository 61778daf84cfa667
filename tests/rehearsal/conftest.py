"""A tiny image, and every backend that can run it."""

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.containers.backends.backend import Backend
from rehearsal.containers.backends.namespace import find_powers
from rehearsal.containers.backends.warm import WarmBackend
from rehearsal.containers.choice import choose_backend
from rehearsal.containers.container import Program


def _backends(kind: str) -> Iterator[Backend]:
    cold, _, warm = kind.partition(" ")
    if cold == "namespace" and find_powers() is None:
        pytest.skip("this system allows no mount namespaces")
    chosen = choose_backend(cold)
    assert isinstance(chosen, WarmBackend)
    yield chosen if warm else chosen.cold
    chosen.close()


@pytest.fixture(params=["namespace", "namespace warm", "prefix", "prefix warm"])
def every_backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    yield from _backends(request.param)


@pytest.fixture(params=["namespace warm", "prefix"])
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """One warm, one cold; one of each kind of path."""
    yield from _backends(request.param)


@pytest.fixture
def image(tmp_path: Path) -> Callable[[str], Program]:
    """Makes an image whose `python -m steps` is the given code."""

    def build(code: str, **options: Any) -> Program:
        folder = tmp_path / "image"
        (folder / "steps").mkdir(parents=True, exist_ok=True)
        (folder / "steps" / "__init__.py").touch()
        prelude = (
            "import os, sys, time\nfrom pathlib import Path\nML = Path(os.environ.get('SM_BASE_DIR', '/opt/ml'))\n"
        )
        (folder / "steps" / "__main__.py").write_text(prelude + textwrap.dedent(code), encoding="utf-8")
        return Program(folder, ("python", "-m", "steps"), **{"preload": ("json", "csv"), **options})

    return build
