"""Poll until something has happened: often at first, less often later."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from slipway.errors import LaunchError

_SHORTEST_SECONDS = 0.25
_GROWTH = 1.5

Found = TypeVar("Found")


def backoff(*, longest: float) -> Iterator[float]:
    """Seconds to wait between two polls, without end: they grow up to `longest`."""
    seconds = _SHORTEST_SECONDS
    while True:
        yield min(seconds, longest)
        seconds = min(seconds * _GROWTH, longest)


@dataclass(frozen=True)
class Polling:
    """How often to poll, and for how long; the clock and the sleep are for tests."""

    longest_wait_seconds: float = 10.0
    timeout_seconds: float = math.inf
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def until(self, poll: Callable[[], Found | None], *, late: str) -> Found:
        """The first result of `poll` that is not None.

        Raises:
            LaunchError: with `late`, if there is none in time.
        """
        deadline = self.clock() + self.timeout_seconds
        waits = backoff(longest=self.longest_wait_seconds)
        while (found := poll()) is None:
            if self.clock() > deadline:
                raise LaunchError(late)
            self.sleep(next(waits))
        return found
