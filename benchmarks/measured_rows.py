"""The rows of a benchmark that is taken in parts: what a file has of them already is not measured again."""

import json
from pathlib import Path
from typing import Any

Row = dict[str, Any]
_PLACE = ("method", "fault", "requests_per_second")
_MADE_BY = ("rollouts", "seed")


class MeasuredRows:
    """Rows by method, fault and rate; with a file, each is written there as soon as it is measured."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        known = json.loads(path.read_text()) if path and path.exists() else []
        self._rows: dict[tuple[Any, ...], Row] = {_place(row): row for row in known}

    @property
    def rows(self) -> list[Row]:
        return list(self._rows.values())

    def has(self, row: Row) -> bool:
        """Whether there is one of the same place, by as many rollouts and the same seed."""
        known = self._rows.get(_place(row), {})
        return bool(known) and all(known.get(name) == row[name] for name in _MADE_BY)

    def add(self, *rows: Row) -> None:
        """Replaces what there was in the same places."""
        self._rows |= {_place(row): row for row in rows}
        if self._path:
            written = self._path.with_name(f"{self._path.name}.new")
            written.write_text(json.dumps(self.rows, indent=2) + "\n")
            written.replace(self._path)


def _place(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in _PLACE)
