"""Where an answer of the user's own server has the number, as the settings say it: `slipway/rollout/own_server.py`."""

import csv
import io
import json
import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class OwnOutput:
    """A JSON pointer, or a column of CSV."""

    pointer: str | None = None
    column: int | None = None

    @property
    def accept(self) -> str:
        """The content type of the answers."""
        return "text/csv" if self.pointer is None else "application/json"

    def numbers(self, body: bytes) -> list[float]:
        """Give the number of each row; none where one has none."""
        try:
            found = self._in_csv(body) if self.pointer is None else self._in_json(body, self.pointer)
            return [_number(value) for value in found]
        except (ValueError, LookupError, TypeError):
            return []

    def _in_csv(self, body: bytes) -> list[Any]:
        return [line[self.column or 0] for line in csv.reader(io.StringIO(body.decode())) if line]

    def _in_json(self, body: bytes, pointer: str) -> list[Any]:
        found = json.loads(body)
        for part in pointer.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            found = found[int(key)] if isinstance(found, list) else found[key]
        return found if isinstance(found, list) else [found]


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str) or not math.isfinite(number := float(value)):
        raise ValueError(f"must be a finite number, got {value}")
    return number
