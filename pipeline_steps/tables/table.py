"""A typed table in memory, and the CSV file it comes from."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.errors import DataError
from pipeline_steps.tables.cells import number_text, parse_number, shown
from pipeline_steps.tables.schema import Column

_BATCH_ROWS = 50_000
_SHOWN_PROBLEMS = 5


@dataclass(frozen=True)
class Table:
    """Columns of equal length: numbers as float64 with NaN, categories as `str` objects with ""."""

    columns: dict[str, NDArray[Any]]

    @property
    def rows(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    def take(self, rows: NDArray[Any]) -> "Table":
        """The rows that a mask or an array of positions picks."""
        return Table({name: values[rows] for name, values in self.columns.items()})


def read_table(path: Path, columns: Sequence[Column]) -> Table:
    """Read the named columns of the CSV file in `path`; others are left out, blank lines too.

    Raises:
        DataError: file, header, row lengths or types are wrong; the first few problems are told at once.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(csv.reader(file, strict=True), path, columns)
    except OSError as exc:
        raise DataError(f"data must be a readable file, got {path}: {exc.strerror}") from exc
    except (UnicodeDecodeError, csv.Error) as exc:
        raise DataError(f"data must be comma-separated UTF-8 text, got {path}: {exc}") from exc


def write_table(path: Path, table: Table) -> None:
    """Write `table` as CSV with a header; missing is an empty cell."""
    texts = [
        [number_text(value) for value in values.tolist()] if values.dtype == np.float64 else values.tolist()
        for values in table.columns.values()
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.columns)
        writer.writerows(zip(*texts, strict=True))


def complain(problems: Sequence[str]) -> None:
    """Raise the first few of `problems`, a line each, when there are any."""
    if problems:
        rest = [f"and {more} more problems"] if (more := len(problems) - _SHOWN_PROBLEMS) > 0 else []
        raise DataError("\n".join([*problems[:_SHOWN_PROBLEMS], *rest]))


def _read(lines: Iterator[list[str]], path: Path, columns: Sequence[Column]) -> Table:
    header = next(lines, [])
    complain(_header_problems(header, path, columns))
    positions = [header.index(column.name) for column in columns]
    parts: list[list[NDArray[Any]]] = []
    problems: dict[str, str] = {}
    first_row = 1
    while batch := list(islice((line for line in lines if line), _BATCH_ROWS)):
        for row, line in enumerate(batch, first_row):
            if len(line) != len(header):
                raise DataError(f"row {row} must have {len(header)} cells like the header, got {len(line)}")
        cells = list(zip(*batch, strict=True))
        part = []
        for column, position in zip(columns, positions, strict=True):
            values, problem = _typed(column, cells[position], first_row)
            part.append(values)
            if problem:
                problems.setdefault(column.name, problem)
        parts.append(part)
        first_row += len(batch)
    complain(list(problems.values()))
    if not parts:
        raise DataError(f"data must have at least one row below the header, got none in {path}")
    return Table({column.name: np.concatenate(part) for column, *part in zip(columns, *parts, strict=True)})


def _header_problems(header: Sequence[str], path: Path, columns: Sequence[Column]) -> list[str]:
    if not header:
        return [f"data must start with a header row, got an empty file {path}"]
    if len(header) == 1 and len(columns) > 1 and (found := [d for d in ";\t|" if d in header[0]]):
        return [f"columns must be separated by ',', got {found[0]!r} in {path}"]
    if twice := sorted({name for name in header if header.count(name) > 1}):
        return [f"a column name must occur once in the header, got twice: {', '.join(twice)}"]
    if absent := [column.name for column in columns if column.name not in header]:
        return [f"columns absent from {path}: {', '.join(absent)}; it has {', '.join(map(str.strip, header))}"]
    return []


def _typed(column: Column, cells: Sequence[str], first_row: int) -> tuple[NDArray[Any], str | None]:
    if column.kind == "category":
        seen: dict[str, str] = {}
        values = np.empty(len(cells), dtype=object)
        values[:] = [seen.setdefault(cell, cell) for cell in cells]  # one object for equal texts
        return values, None
    try:
        return np.array([parse_number(cell) for cell in cells], dtype=np.float64), None
    except ValueError:
        wrong = [(row, cell) for row, cell in enumerate(cells, first_row) if not _is_number(cell)]
        row, cell = wrong[0]
        problem = f"column {column.name} must hold numbers, got {shown(cell)} in row {row} ({len(wrong)} such cells)"
        return np.empty(0, dtype=np.float64), problem


def _is_number(cell: str) -> bool:
    try:
        parse_number(cell)
    except ValueError:
        return False
    return True
