from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rehearsal.endpoints.account import Account


@pytest.fixture
def account(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Account]:
    """Indirect parameters are how many seconds a controller may be silent."""
    made = Account(tmp_path, silent_seconds=getattr(request, "param", 60.0))
    yield made
    made.fleets.close()
