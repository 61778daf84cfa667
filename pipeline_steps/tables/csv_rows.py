"""Lines of CSV to rows of cells: tables, requests, captures and outcomes are all read by this."""

import csv
import io
from collections.abc import Iterable, Iterator


def csv_rows(lines: Iterable[str], delimiter: str = ",") -> Iterator[list[str]]:
    """Read rows of cells; a blank line is a row without cells.

    `lines` end as they do in their source (a file opened with `newline=""`).

    Raises:
        csv.Error: a quoted cell does not end, or goes on behind its closing quote.
    """
    return csv.reader(lines, delimiter=delimiter, strict=True)


def rows_of_text(text: str) -> Iterator[list[str]]:
    """Read the rows of a whole text; empty lines at its end are none.

    Raises:
        csv.Error: as `csv_rows` does.
    """
    return csv_rows(io.StringIO(text.rstrip("\r\n"), newline=""))
