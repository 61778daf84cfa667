"""Lines of JSON: a row each, an object or a list."""

import json
from collections.abc import Iterator
from typing import Any

from pipeline_steps.server.bodies import (
    WINDOW,
    Body,
    UnreadableBodyError,
    not_text,
    reason_of,
    refuse_constant,
    row_too_long,
    text_of,
)


def json_line_rows(body: Body, longest: int, *, window: int = WINDOW) -> Iterator[Any]:
    """Read one row after the other; blank lines are none.

    Raises:
        UnreadableBodyError: a line is no JSON in UTF-8, or is longer than `longest` characters.
    """
    row = 0
    try:
        source = text_of(body, len(body), window)
        while line := source.readline(longest + 1):
            text = line.strip()
            row += bool(text)
            if len(line) > longest:
                raise row_too_long(row, longest)
            if text:
                yield _value(text, row)
    except UnicodeDecodeError as exc:
        raise not_text(exc) from exc


def _value(text: str, row: int) -> Any:
    try:
        return json.loads(text, parse_constant=refuse_constant)
    except json.JSONDecodeError as exc:
        raise UnreadableBodyError(f"row {row} must be a line of JSON: {exc.msg} at character {exc.pos}") from exc
    except (ValueError, RecursionError) as exc:
        raise UnreadableBodyError(f"row {row} must be a line of JSON: {reason_of(exc)}") from exc
