"""Requests to a server of the user's own, and the number in its responses.

The standard library alone: a Lambda ships it.
"""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from string import Template
from typing import Any, Self

JSON, CSV = "application/json", "text/csv"
_TRUE = ("true", "yes", "t", "y", "1", "1.0")


@dataclass(frozen=True)
class OwnServer:
    """What such a server takes and gives; `pointer` and `column` say where the number is, one of them."""

    content_type: str
    template: str
    response_type: str
    pointer: str | None = None
    column: int | None = None

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))

    def body(self, kinds: Mapping[str, str], cells: Sequence[str]) -> bytes:
        """The request of one row: its cells as a CSV file has them, in the order of the columns in `kinds`."""
        if self.content_type != JSON:
            line = io.StringIO()
            csv.writer(line, lineterminator="\r\n").writerow(cells)  # quotes a cell where needed
            return line.getvalue().encode()
        row = {name: _value(kind, cell) for (name, kind), cell in zip(kinds.items(), cells, strict=True)}
        places = {"row": json.dumps(row), "values": json.dumps(list(row.values()))}
        return Template(self.template).substitute(places).encode()

    def numbers(self, body: bytes) -> list[float]:
        """The number of each row in a response.

        Raises:
            ValueError: there is none where it must be.
        """
        found = self._in_csv(body) if self.pointer is None else self._in_json(body)
        numbers = [_number(value) for value in found]
        if not numbers:
            raise ValueError("a response must have a number for each row, got none")
        return numbers

    def _in_csv(self, body: bytes) -> list[Any]:
        place = self.column or 0
        try:
            lines = [line for line in csv.reader(io.StringIO(body.decode())) if line]
        except csv.Error as exc:
            raise ValueError(f"a response must be CSV: {exc}") from exc
        if short := next((line for line in lines if len(line) <= place), None):
            raise ValueError(f"a line must have a column {place}, got {','.join(short)[:80]!r}")
        return [line[place] for line in lines]

    def _in_json(self, body: bytes) -> list[Any]:
        found = at_pointer(json.loads(body), self.pointer or "")
        return found if isinstance(found, list) else [found]


LINES_OF_CSV = OwnServer(CSV, "", CSV, column=0)
"""A row a request as Slipway's own server takes it."""


def at_pointer(document: Any, pointer: str) -> Any:
    """The value that a JSON pointer (RFC 6901) names.

    Raises:
        ValueError: there is none.
    """
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        try:
            document = document[int(key)] if isinstance(document, list) else document[key]
        except (LookupError, TypeError, ValueError) as exc:
            raise ValueError(f"{pointer} must lead to the number, and there is no {key}") from exc
    return document


def _value(kind: str, cell: str) -> Any:
    """A cell as JSON has it; empty cells are null."""
    text = cell.strip()
    if not text:
        return None
    if kind == "boolean":
        return text.lower() in _TRUE
    return float(text) if kind == "number" else cell


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str) or not math.isfinite(number := float(value)):
        raise ValueError(f"the number of a response must be finite, got {str(value)[:80]!r}")
    return number
