"""Lines of CSV to rows of cells: tables, requests, captures and outcomes are all read by this."""

import csv
import io
from collections.abc import Iterable, Iterator

LONGEST_CELL = 25 * 1024 * 1024
"""Characters, as many as the largest request has bytes; the csv module's own limit, 131,072, is below some texts."""

csv.field_size_limit(LONGEST_CELL)


def csv_rows(lines: Iterable[str], delimiter: str = ",") -> Iterator[list[str]]:
    """Read rows of cells; a blank line is a row without cells.

    `lines` end as they do in their source (a file opened with `newline=""`).

    Raises:
        csv.Error: a quoted cell does not end, or goes on behind its closing quote, or is longer than `LONGEST_CELL`.
    """
    return csv.reader(lines, delimiter=delimiter, strict=True)


def unreadable_row(lines: Iterable[str], delimiter: str) -> int:
    """The number of the row that cannot be read, from 1, the header and blank lines not counted: 0 is the header."""
    number = 0
    try:
        for row in csv_rows(lines, delimiter):
            number += bool(row)
    except csv.Error:
        pass
    return number


def rows_of_text(text: str) -> Iterator[list[str]]:
    """Read the rows of a whole text; empty lines at its end are none.

    Raises:
        csv.Error: as `csv_rows` does.
    """
    return csv_rows(io.StringIO(text.rstrip("\r\n"), newline=""))
