"""The phases of a rehearsal: how each reports to the user, how long it may take, how long it took."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rehearsal.journey.time_limits import limited


class PhaseLog(Protocol):
    """One phase of the launch as the user sees it."""

    def log(self, text: str) -> None:
        """Report an event; plain output keeps every such line."""

    def show(self, text: str) -> None:
        """Replace the live detail; plain output has it only after some seconds without a line."""


class Display(Protocol):
    def phase(self, name: str) -> AbstractContextManager[PhaseLog]: ...


class Phases:
    """Runs phases one after the other; `current` is the newest, `seconds` has what each took."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self.current = ""
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str, limit_seconds: float) -> Iterator[PhaseLog]:
        """Run the body as a phase.

        Raises:
            LaunchError: it took longer than `limit_seconds`.
        """
        self.current, started = name, time.monotonic()
        try:
            with self._display.phase(name) as phase, limited(limit_seconds, name):
                yield phase
        finally:
            self.seconds[name.replace(" ", "_")] = round(time.monotonic() - started, 3)
