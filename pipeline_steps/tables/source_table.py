"""The user's files to one typed table: CSV as it is written, compressed or not, or Parquet."""

import csv
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline_steps.errors import DataError
from pipeline_steps.rounding import counted
from pipeline_steps.tables.cells import shown
from pipeline_steps.tables.column_readers import CellRules, ColumnReader, reader_of
from pipeline_steps.tables.csv_rows import csv_rows, unreadable_row
from pipeline_steps.tables.header import header_problems, places_of, plain_name
from pipeline_steps.tables.source_file import is_parquet, open_text, text_format
from pipeline_steps.tables.use_case import Column, TableFormat

_SHOWN_PROBLEMS = 5
_BLOCK_ROWS = 10_000
_DECIMAL_ROWS = 1_000
_UNREADABLE = (OSError, EOFError, zlib.error)
"""No file, or one that is packed and damaged or cut off."""


@dataclass(frozen=True)
class SourceTable:
    """The wanted columns of all files, one file after the other.

    Attributes:
        cells: float64 with NaN for numbers and for datetimes (days since 2000-01-01), text for other kinds; a wanted
            column each.
        header: the names of all columns of the files, in order.
        used: those of them that were wanted, as `plain_name` writes them.
        found: what was detected: of the files, and of columns by name.
    """

    cells: tuple["pd.Series[Any]", ...]
    header: tuple[str, ...]
    used: frozenset[str] = frozenset()
    found: dict[str, Any] = field(default_factory=dict)


def read_source(paths: Sequence[Path], columns: Sequence[Column], given: TableFormat) -> SourceTable:
    """Read the named columns; others are left out, blank lines too.

    Raises:
        DataError: files, header, row lengths or types are wrong; the first few problems together.
    """
    try:
        return _read(paths, columns, given)
    except _UNREADABLE as exc:
        raise DataError(f"data must be a readable file, got {_named(paths, exc)}: {_reason(exc)}") from exc


def header_of(paths: Sequence[Path]) -> list[str]:
    """Give the names of the columns of the first file.

    Raises:
        DataError: it has no header, or the same name twice.
    """
    try:
        first, _ = _opened(paths[0], (), TableFormat())
        header: list[str] = next(first)
    except _UNREADABLE as exc:
        raise DataError(f"data must be a readable file, got {_named(paths, exc)}: {_reason(exc)}") from exc
    raise_problems(header_problems(header, str(paths[0]), [name for name in header if name.strip()]))
    return header


def raise_problems(problems: Sequence[str]) -> None:
    """Raise the first few of `problems`, a line each, when there are any."""
    if problems:
        rest = [f"and {more} more problems"] if (more := len(problems) - _SHOWN_PROBLEMS) > 0 else []
        raise DataError("\n".join([*problems[:_SHOWN_PROBLEMS], *rest]))


def _read(paths: Sequence[Path], columns: Sequence[Column], given: TableFormat) -> SourceTable:
    names, header, found = [column.name for column in columns], [], {}
    readers: list[ColumnReader] = []
    for path in paths:
        blocks, found_here = _opened(path, columns, given)
        first = next(blocks)
        if not readers:
            header, found = first, found_here
            rules = CellRules.of(given, decimal=str(found.get("decimal", ".")))
            readers = [reader_of(column.kind, rules) for column in columns]
        _same_header(header, first, path)
        places = places_of(names, first)
        for block in blocks:
            for place, reader in zip(places, readers, strict=True):
                reader.take(block[place])
    columns_read = [reader.values() for reader in readers]
    if not len(columns_read[0]):
        raise DataError(f"data must have at least one row below the header, got none in {paths[0]}")
    raise_problems([problem for name, reader in zip(names, readers, strict=True) for problem in reader.problems(name)])
    detected = {name: reader.found for name, reader in zip(names, readers, strict=True) if reader.found}
    used = frozenset(plain_name(name) for name in names)
    cells = tuple(pd.Series(values, dtype=values.dtype) for values in columns_read)
    return SourceTable(cells, tuple(header), used, found | {"columns": detected})


def _opened(path: Path, columns: Sequence[Column], given: TableFormat) -> tuple[Iterator[Any], dict[str, Any]]:
    """The header of one file and then its columns in blocks of rows, and how it is written."""
    names = [column.name for column in columns]
    if is_parquet(path):
        from pipeline_steps.tables.parquet import parquet_blocks  # noqa: PLC0415 — few tables need the library

        return _checked(parquet_blocks(path.read_bytes(), path), path, names), {"format": "parquet"}
    form = text_format(path, given, names)
    numbers = [column.name for column in columns if column.kind == "number"]
    found = {"format": "csv", "encoding": form.encoding, "delimiter": form.delimiter}
    blocks = _csv_blocks(path, form.encoding, form.delimiter, names)
    if given.decimal or form.delimiter == ",":
        return blocks, found | {"decimal": given.decimal or "."}
    return blocks, found | {"decimal": _decimal(_csv_blocks(path, form.encoding, form.delimiter, names), numbers)}


def _checked(blocks: Iterator[list[Any]], path: Path, names: Sequence[str]) -> Iterator[list[Any]]:
    header = next(blocks)
    raise_problems(header_problems(header, str(path), names))
    yield header
    yield from blocks


def _csv_blocks(path: Path, encoding: str, delimiter: str, names: Sequence[str]) -> Iterator[Any]:
    try:
        with open_text(path, encoding) as file:
            rows = csv_rows(file, delimiter)
            header = next(rows, [])
            raise_problems(header_problems(header, str(path), names))
            yield header
            yield from _blocks(filter(None, rows), len(header), path)
    except (UnicodeError, csv.Error) as exc:
        where = str(path)
        if isinstance(exc, csv.Error):
            with open_text(path, encoding) as file:
                where = f"row {unreadable_row(file, delimiter)} of {path}"
        raise DataError(f"data must be text in {encoding} separated by {delimiter!r}, got {where}: {exc}") from exc


def _blocks(rows: Iterable[list[str]], width: int, path: Path) -> Iterator[list[Sequence[str]]]:
    """The columns of rows in blocks that fit in memory, each row as long as the header."""
    remaining: Iterator[list[str]] = iter(rows)
    before = 0
    while block := list(islice(remaining, _BLOCK_ROWS)):
        for number, row in enumerate(block, before + 1):
            if len(row) != width:
                raise DataError(
                    f"row {number} must have {counted(width, 'cell')} like the header, got {len(row)} in {path}"
                )
        before += len(block)
        yield list(zip(*block, strict=True))


def _decimal(blocks: Iterator[Any], numbers: Sequence[str]) -> str:
    places = places_of(numbers, next(blocks))
    columns: list[Sequence[str]] = next(blocks, [])
    return decimal_mark([cell for place in places if columns for cell in columns[place][:_DECIMAL_ROWS]])


def decimal_mark(cells: Sequence[str]) -> str:
    """Find how the numbers among `cells` are written: a comma where some have one and none has a point."""
    commas = any("," in cell and _digits(cell.replace(",", "", 1)) for cell in cells)
    points = any("." in cell and _digits(cell.replace(".", "", 1)) for cell in cells)
    return "," if commas and not points else "."


def _digits(cell: str) -> bool:
    return cell.strip().lstrip("+-").isdigit()


def _same_header(header: Sequence[str], other: Sequence[str], path: Path) -> None:
    missing = sorted({plain_name(name) for name in header} - {plain_name(name) for name in other})
    more = sorted({plain_name(name) for name in other} - {plain_name(name) for name in header})
    if missing or more:
        lacks = f"lacks {', '.join(map(shown, missing[:5]))}" if missing else ""
        has = f"has {', '.join(map(shown, more[:5]))} besides" if more else ""
        raise DataError(f"all files must have the same columns, {path} {' and '.join(filter(None, (lacks, has)))}")


def _named(paths: Sequence[Path], exc: Exception) -> str:
    return str(getattr(exc, "filename", None) or ", ".join(map(str, paths)))


def _reason(exc: Exception) -> str:
    return str(getattr(exc, "strerror", None) or exc)
