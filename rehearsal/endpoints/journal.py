"""What a rollout's controller intends, on disk before it acts: a line for each state, appended only."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from slipway.rollout.plan import Phase, RolloutPlan, RolloutState


class JournalError(Exception):
    """The file lacks what a controller needs to continue."""


@dataclass
class Journal:
    """One rollout's. `began` is of `time.monotonic`, which on one machine is the same clock for every process."""

    path: Path
    plan: RolloutPlan
    speed: float
    began: float
    states: list[RolloutState] = field(default_factory=list)

    def intend(self, state: RolloutState) -> None:
        """Record the state that is about to be entered; it is on disk when this returns."""
        _append(self.path, {"state": asdict(state), **_now()})
        self.states.append(state)

    def sign(self) -> None:
        """Record which process follows the plan from here on."""
        _append(self.path, {"controller": os.getpid(), **_now()})


def begin(folder: Path, name: str, plan: RolloutPlan, *, speed: float) -> Path:
    """Write the plan that a controller follows; returns the new file."""
    number = 1
    while (path := folder / f"rollout-{name}-{number}.jsonl").exists():
        number += 1
    _append(path, {"plan": asdict(plan), "speed": speed, "began": time.monotonic(), **_now()})
    return path


def read(path: Path) -> Journal:
    """The journal as its last whole line left it; an unfinished line of a killed writer is cut off.

    Raises:
        JournalError: it contains no plan, or lines that no controller wrote.
    """
    try:
        rows = [json.loads(line) for line in _whole_lines(path)]
        header, *later = rows
        states = [state_of(row["state"]) for row in later if "state" in row]
        return Journal(path, _plan(header["plan"]), float(header["speed"]), float(header["began"]), states)
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise JournalError(f"{path} must be a rollout's journal: {exc}") from exc


def _whole_lines(path: Path) -> list[str]:
    content = path.read_bytes()
    end = content.rfind(b"\n") + 1
    if end < len(content):
        os.truncate(path, end)
    return content[:end].decode().splitlines()


def _append(path: Path, row: Mapping[str, Any]) -> None:
    with path.open("ab") as file:
        file.write(json.dumps(row, separators=(",", ":")).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _now() -> dict[str, float]:
    return {"at": time.time(), "clock": time.monotonic()}


def _plan(row: Mapping[str, Any]) -> RolloutPlan:
    return RolloutPlan(**{**row, "steps": tuple(row["steps"]), "alarms": tuple(row["alarms"])})


def state_of(row: Mapping[str, Any]) -> RolloutState:
    """The state that `dataclasses.asdict` made `row` of."""
    return RolloutState(**{**row, "phase": Phase(row["phase"])})
