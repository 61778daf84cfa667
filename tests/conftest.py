"""What holds for every test."""

import functools
import gc
import os

import botocore.loaders
import pytest
from hypothesis import settings

import infra  # noqa: F401 — it chooses the node that CDK starts, also for tests that import CDK before it

# A shared machine may be slow at any moment: how long an example takes proves nothing.
settings.register_profile("slipway", settings.get_profile(settings.get_current_profile_name()), deadline=None)
settings.load_profile("slipway")

# Its thread would be one more thing that each test process leaves to chance; the image switches it off too.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# Each session of botocore reads its services' models again, a tenth of a second a client: here they are read once.
botocore.loaders.create_loader = functools.cache(botocore.loaders.create_loader)

# What is collected lives to the end: to look through it for garbage again and again is a quarter of a worker's start.
gc.disable()

_LONGEST = "tests/e2e/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, then by the file's name: what computes and what waits is mixed, so that no processor idles."""
    items.sort(key=lambda item: (item.nodeid.startswith(_LONGEST), item.path.name), reverse=True)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
