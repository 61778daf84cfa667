"""What is kept of an endpoint for the report: its timeline, and its traffic by fleet and second."""

import json
import threading
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rehearsal.endpoints.router import Attempt


class Timeline:
    """Events of one endpoint in their order, in a list and as lines of a JSON file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._events: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def add(self, event: dict[str, Any]) -> None:
        with self._lock:
            self._events.append(event)
            _append(self._path, [event])

    def events(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._events)


class TrafficLog:
    """One line a fleet and second with requests, written when the second is over."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: dict[int, dict[str, list[Attempt]]] = defaultdict(lambda: defaultdict(list))

    def add(self, attempts: Sequence[tuple[float, Attempt]]) -> None:
        for at, attempt in attempts:
            self._open[int(at)][attempt.config_name].append(attempt)

    def write_before(self, now: float) -> None:
        """Write the seconds that have ended by `now`."""
        over = sorted(second for second in self._open if second + 1 <= now)
        rows = [_row(second, config, found) for second in over for config, found in self._open.pop(second).items()]
        if rows:
            _append(self._path, rows)


def _row(second: int, config: str, attempts: Sequence[Attempt]) -> dict[str, Any]:
    latencies = sorted(attempt.model_us for attempt in attempts)
    return {
        "at": second,
        "config": config,
        "requests": len(attempts),
        "errors_4xx": sum(400 <= attempt.status < 500 for attempt in attempts),
        "errors_5xx": sum(attempt.failed for attempt in attempts),
        "p50_us": round(latencies[(len(latencies) - 1) // 2]),
        "p99_us": round(latencies[min(len(latencies) - 1, int(len(latencies) * 0.99))]),
    }


def _append(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(row, sort_keys=True) + "\n" for row in rows)
