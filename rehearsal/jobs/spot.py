"""Spot instances, which may be interrupted: what managed spot training runs on."""

import threading
from dataclasses import dataclass, field


@dataclass
class Machine:
    """One instance, as long as a job has it."""

    taken: threading.Event = field(default_factory=threading.Event)
    _timer: threading.Timer | None = None

    def take_back_after(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self.taken.set)
        self._timer.daemon = True
        self._timer.start()

    def give_back(self) -> None:
        """The job has ended on it."""
        if self._timer is not None:
            self._timer.cancel()


class SpotMarket:
    """Which job is interrupted, when, and how long the next instance takes.

    Args:
        interrupt_after_seconds: Each spot job loses its first instance then; without it none does.
        wait_seconds: From an interruption to the next instance.
    """

    def __init__(self, *, interrupt_after_seconds: float | None = None, wait_seconds: float = 1.0) -> None:
        self.wait_seconds = wait_seconds
        self._interrupt_after = interrupt_after_seconds
        self._machines: dict[str, Machine] = {}
        self._lock = threading.Lock()

    def lend(self, job: str) -> Machine:
        """Give the job its next instance."""
        machine = Machine()
        with self._lock:
            is_first = job not in self._machines
            self._machines[job] = machine
        if is_first and self._interrupt_after is not None:
            machine.take_back_after(self._interrupt_after)
        return machine

    def take_back(self, job: str) -> None:
        """Interrupt the job now.

        Raises:
            KeyError: it has no instance of this market.
        """
        with self._lock:
            self._machines[job].taken.set()
