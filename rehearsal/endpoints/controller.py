"""The controller, a process: `python -m rehearsal.endpoints.controller JOURNAL` follows one rollout to its end.

It changes no fleet itself: it sends requests to the process that runs the fleets, a line of JSON each way on its
standard output and input. It may be killed at any moment; the next one continues from the journal.
"""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rehearsal.endpoints.deployment_loop import run_deployment
from rehearsal.endpoints.journal import Journal, JournalError, read, state_of
from slipway.rollout.plan import RolloutState


class DataPlaneGoneError(Exception):
    """Standard input has ended: the process that runs the fleets is gone."""


class DataPlane:
    """The ports of a rollout, at the other end of a pair of pipes."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def intend(self, state: RolloutState) -> None:
        self._journal.intend(state)

    def enter(self, state: RolloutState) -> str | None:
        failure: str | None = _request({"enter": asdict(state)})["failure"]
        return failure

    def entered(self) -> RolloutState | None:
        row = _request({"poll": True})["entered"]
        return state_of(row) if row is not None else None

    def alarm(self) -> str | None:
        name: str | None = _request({"poll": True})["alarm"]
        return name

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def _request(message: dict[str, Any]) -> dict[str, Any]:
    try:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
        line = sys.stdin.readline()
    except BrokenPipeError as exc:
        raise DataPlaneGoneError from exc
    if not line:
        raise DataPlaneGoneError
    response: dict[str, Any] = json.loads(line)
    return response


def main() -> int:
    """Follow the journal named on the command line."""
    try:
        journal = read(Path(sys.argv[1]))
    except JournalError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    journal.sign()
    intended = tuple(journal.states)
    try:
        run_deployment(journal.plan, DataPlane(journal), speed=journal.speed, began=journal.began, intended=intended)
    except DataPlaneGoneError:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
