import socket
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline_steps.server.event_loop import _IDLE_SECONDS, _REQUEST_SECONDS, _sweep
from pipeline_steps.server.listening import refuse_new_connections


class Connection:
    def __init__(self, last_active: float, *, handling: bool = False, receiving_since: float | None = None) -> None:
        self.last_active, self.handling, self.receiving_since = last_active, handling, receiving_since
        self.done = ""

    def abort(self) -> None:
        self.done = "aborted"

    def time_out(self) -> None:
        self.done = "timed out"


def test_connections_that_are_silent_or_send_for_too_long_are_closed() -> None:
    now = 1000.0
    connections = {
        "silent": Connection(now - _IDLE_SECONDS - 1),
        "fresh": Connection(now - _IDLE_SECONDS + 1),
        "handled": Connection(now - _IDLE_SECONDS - 1, handling=True),
        "dripping": Connection(now, receiving_since=now - _REQUEST_SECONDS - 1),
        "sending": Connection(now, receiving_since=now - _REQUEST_SECONDS + 1),
    }
    shared: Any = SimpleNamespace(connections=set(connections.values()))
    _sweep(shared, now)
    found = {name: connection.done for name, connection in connections.items() if connection.done}
    assert found == {"silent": "aborted", "dripping": "timed out"}


@pytest.mark.skipif(sys.platform != "linux", reason="the filter is Linux's")
def test_completed_connections_are_accepted_and_no_later_ones() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        waiting = socket.create_connection(listener.getsockname())
        waiting.sendall(b"hello")
        assert refuse_new_connections(listener.fileno())
        with pytest.raises(TimeoutError):
            socket.create_connection(listener.getsockname(), timeout=0.2)
        waiting.sendall(b", again")
        accepted, _ = listener.accept()
        with accepted, waiting:
            assert accepted.recv(100) == b"hello, again"
            listener.settimeout(0)
            with pytest.raises(BlockingIOError):
                listener.accept()
