from types import SimpleNamespace
from typing import Any

from pipeline_steps.server.running import _IDLE_SECONDS, _sweep


class Connection:
    def __init__(self, last_active: float, *, answering: bool = False) -> None:
        self.last_active = last_active
        self.answering = answering
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True


def test_only_connections_that_are_silent_for_too_long_are_cut() -> None:
    now = 1000.0
    silent, fresh = Connection(now - _IDLE_SECONDS - 1), Connection(now - _IDLE_SECONDS + 1)
    busy = Connection(now - _IDLE_SECONDS - 1, answering=True)
    shared: Any = SimpleNamespace(connections={silent, fresh, busy})
    _sweep(shared, now)
    assert [connection.aborted for connection in (silent, fresh, busy)] == [True, False, False]
