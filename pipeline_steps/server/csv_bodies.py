"""Rows of a CSV body, one after the other: no more of it is read at once than a row and a window of text."""

import csv
from collections.abc import Iterator

from pipeline_steps.server.bodies import WINDOW, Body, UnreadableBodyError, not_text, row_too_long, text_of
from pipeline_steps.tables.csv_rows import csv_rows


def csv_records(body: Body, longest: int, *, window: int = WINDOW) -> Iterator[list[str]]:
    """Read the rows of a CSV body, decoding `window` bytes at a time; blank lines at its end are none.

    Raises:
        UnreadableBodyError: it is no CSV in UTF-8, or a row is longer than `longest` characters.
    """
    row, length = 1, 0

    def lines() -> Iterator[str]:
        nonlocal length
        source = text_of(body, _end_of_lines(body, window), window)
        while line := source.readline(longest + 1):
            length += len(line)
            if length > longest:
                raise row_too_long(row, longest)
            yield line

    try:
        for cells in csv_rows(lines()):
            row, length = row + 1, 0
            yield cells
    except csv.Error as exc:
        raise UnreadableBodyError(f"the body must be CSV: {exc}") from exc
    except UnicodeDecodeError as exc:
        raise not_text(exc) from exc


def _end_of_lines(body: Body, window: int) -> int:
    """Where the blank lines at the end begin."""
    end = len(body)
    while end:
        start = max(0, end - window)
        if last := body[start:end].rstrip(b"\r\n"):
            return start + len(last)
        end = start
    return 0
