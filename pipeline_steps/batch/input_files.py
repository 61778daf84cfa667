"""The files of a batch, row by row: CSV with a header, lines of JSON, or Parquet, by a file's first bytes or name."""

import csv
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from pipeline_steps.batch.cell_values import cells_reader
from pipeline_steps.batch.column_places import exact_places, places_in_any_case
from pipeline_steps.errors import DataError
from pipeline_steps.features.columns import FeatureColumn
from pipeline_steps.rounding import counted
from pipeline_steps.server.bodies import refuse_constant
from pipeline_steps.tables.column_readers import CellRules
from pipeline_steps.tables.csv_rows import csv_rows, unreadable_row
from pipeline_steps.tables.header import header_problems, places_of, plain_name
from pipeline_steps.tables.source_file import is_parquet, open_text, text_format
from pipeline_steps.tables.source_table import decimal_mark
from pipeline_steps.tables.use_case import TableFormat

Format = Literal["csv", "jsonl", "parquet"]
PREDICTION = "prediction"
"""The member, and the begin of the columns, that results have beside those of the input."""

_JSON_LINES = re.compile(r"\.(jsonl|ndjson)(\.gz)?$", re.IGNORECASE)
_SAMPLE_ROWS = 1_000
_SAMPLE_CHARACTERS = 4_096


@dataclass(frozen=True)
class InputRow:
    """A row as it stands in its file, and the values that are sent to the model; or why there are none.

    Attributes:
        number: from 1, the header not counted.
        source: the cells, or the line of JSON.
        values: of the request: an object by column, or a list in the model's order.
        error: what is wrong with the row itself; then there are no values.
    """

    number: int
    source: Any
    values: Any = None
    error: str = ""


@dataclass(frozen=True)
class InputFile:
    """One file; `header` is empty for lines of JSON."""

    path: Path
    format: Format
    header: tuple[str, ...]
    rows: Iterator[InputRow]
    delimiter: str = ","
    decimal: str = "."


def open_input(path: Path, columns: Sequence[FeatureColumn], given: TableFormat) -> InputFile:
    """Open a file for a model of `columns`; its rows are read as they are taken.

    Raises:
        DataError: it cannot be read, now or while its rows are taken.
    """
    try:
        if is_parquet(path):
            return _parquet(path, columns, given)
        form = text_format(path, given, [column.name for column in columns])
        with open_text(path, form.encoding) as file:
            begins = file.read(_SAMPLE_CHARACTERS).lstrip()
        if begins[:1] in ("{", "[") or _JSON_LINES.search(path.name):
            return InputFile(path, "jsonl", (), _guarded(_json_rows(path, form.encoding, columns), path))
        return _csv(path, columns, given, encoding=form.encoding, delimiter=form.delimiter)
    except (OSError, EOFError, zlib.error, UnicodeError) as exc:
        raise _unreadable(path, exc) from exc


def _csv(
    path: Path, columns: Sequence[FeatureColumn], given: TableFormat, *, encoding: str, delimiter: str
) -> InputFile:
    names = [column.name for column in columns]
    with open_text(path, encoding) as file:
        rows = csv_rows(file, delimiter)
        try:
            header = next(rows, [])
            sample = list(islice(filter(None, rows), _SAMPLE_ROWS))
        except csv.Error as exc:
            raise _unreadable_row(path, encoding, delimiter, exc) from exc
    found = {plain_name(name) for name in header}
    if problems := header_problems(header, path.name, [name for name in names if plain_name(name) in found]):
        raise DataError(problems[0])
    _refuse_taken(header, path)
    numbers = [column.name for column in columns if column.kind == "number" and plain_name(column.name) in found]
    places = places_of(numbers, header)
    cells = [row[place] for row in sample if len(row) == len(header) for place in places]
    point = "." if delimiter == "," else decimal_mark(cells)
    rules = CellRules.of(given, decimal=given.decimal or point)
    rows_read = _csv_rows(path, encoding, delimiter, columns, rules)
    return InputFile(path, "csv", tuple(header), _guarded(rows_read, path), delimiter, rules.decimal)


def _csv_rows(
    path: Path, encoding: str, delimiter: str, columns: Sequence[FeatureColumn], rules: CellRules
) -> Iterator[InputRow]:
    with open_text(path, encoding) as file:
        rows = csv_rows(file, delimiter)
        header = next(rows)
        read = cells_reader(columns, exact_places([column.name for column in columns], header), rules)
        try:
            for number, cells in enumerate(filter(None, rows), 1):
                if len(cells) == len(header):
                    yield InputRow(number, cells, read(cells))
                else:
                    error = f"it must have {counted(len(header), 'cell')} like the header, got {len(cells)}"
                    yield InputRow(number, cells, error=error)
        except csv.Error as exc:
            raise _unreadable_row(path, encoding, delimiter, exc) from exc


def _json_rows(path: Path, encoding: str, columns: Sequence[FeatureColumn]) -> Iterator[InputRow]:
    names = [column.name for column in columns]
    with open_text(path, encoding) as file:
        for number, line in enumerate((line for line in file if line.strip()), 1):
            text = line.strip()
            try:
                row = json.loads(text, parse_constant=refuse_constant)
            except (ValueError, RecursionError) as exc:
                yield InputRow(number, text, error=f"it must be a line of JSON: {exc}")
                continue
            if isinstance(row, dict) and PREDICTION in row:
                yield InputRow(number, text, error=f"it must have no member {PREDICTION}, which the results add")
                continue
            values = {name: row[name] for name in names if name in row} if isinstance(row, dict) else row
            yield InputRow(number, text, values)


def _parquet(path: Path, columns: Sequence[FeatureColumn], given: TableFormat) -> InputFile:
    from pipeline_steps.tables.parquet import parquet_blocks  # noqa: PLC0415 — few batches need the library

    blocks = parquet_blocks(path.read_bytes(), path.name)
    header: list[str] = next(blocks)
    _refuse_taken(header, path)
    places = places_in_any_case([column.name for column in columns], header, path.name)
    read = cells_reader(columns, places, replace(CellRules.of(given, decimal="."), decimal="."))

    def rows() -> Iterator[InputRow]:
        number = 0
        for block in blocks:
            for cells in zip(*block, strict=True):
                number += 1
                yield InputRow(number, cells, read(cells))

    return InputFile(path, "parquet", tuple(header), _guarded(rows(), path))


def _refuse_taken(header: Sequence[str], path: Path) -> None:
    if taken := [name for name in header if plain_name(name).casefold().startswith(f"{PREDICTION}_")]:
        raise DataError(f"{path.name} must have no column that begins with {PREDICTION}_, got {taken[0]}")


def _guarded(rows: Iterator[InputRow], path: Path) -> Iterator[InputRow]:
    try:
        yield from rows
    except (OSError, EOFError, zlib.error, UnicodeError) as exc:
        raise _unreadable(path, exc) from exc


def _unreadable_row(path: Path, encoding: str, delimiter: str, exc: csv.Error) -> DataError:
    with open_text(path, encoding) as file:
        return DataError(f"row {unreadable_row(file, delimiter)} of {path.name} must be readable CSV: {exc}")


def _unreadable(path: Path, exc: Exception) -> DataError:
    return DataError(f"{path.name} must be readable CSV, lines of JSON or Parquet: {exc}")
