"""CSV files to typed data frames and back: numbers are float64 with NaN, categories text with an empty string."""

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline_steps.errors import DataError
from pipeline_steps.tables.cells import number_text, parse_number, shown
from pipeline_steps.tables.schema import Column

_SHOWN_PROBLEMS = 5


def read_table(path: Path, columns: Sequence[Column]) -> pd.DataFrame:
    """Read the named columns of the CSV file in `path`; others are left out, blank lines too.

    Raises:
        DataError: file, header, row lengths or types are wrong; the first few problems are told at once.
    """
    names = [column.name for column in columns]
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            _check_layout(csv.reader(file, strict=True), path, names)
            file.seek(0)
            table = pd.read_csv(file, usecols=names, dtype=str, na_filter=False)[names]
    except OSError as exc:
        raise DataError(f"data must be a readable file, got {path}: {exc.strerror}") from exc
    except (UnicodeDecodeError, csv.Error) as exc:
        raise DataError(f"data must be comma-separated UTF-8 text, got {path}: {exc}") from exc
    problems = []
    for name in [column.name for column in columns if column.kind == "number"]:
        numbers = table[name].map(_number)
        if len(wrong := table[name][np.isinf(numbers)]):
            row, cell = wrong.index[0] + 1, shown(wrong.iloc[0])
            problems.append(f"column {name} must hold numbers, got {cell} in row {row} ({len(wrong)} such cells)")
        table[name] = numbers
    complain(problems)
    return table


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write `table` as CSV with a header; missing is an empty cell."""
    table.to_csv(path, index=False, lineterminator="\n", float_format=number_text)  # type: ignore[arg-type]  # the stubs take any object


def complain(problems: Sequence[str]) -> None:
    """Raise the first few of `problems`, a line each, when there are any."""
    if problems:
        rest = [f"and {more} more problems"] if (more := len(problems) - _SHOWN_PROBLEMS) > 0 else []
        raise DataError("\n".join([*problems[:_SHOWN_PROBLEMS], *rest]))


def _check_layout(lines: Iterator[list[str]], path: Path, names: Sequence[str]) -> None:
    """Refuse what pandas mends in silence: short rows, names that occur twice, text after a closing quote."""
    header = next(lines, [])
    complain(_header_problems(header, path, names))
    row = 0
    for row, line in enumerate(filter(None, lines), 1):
        if len(line) != len(header):
            raise DataError(f"row {row} must have {len(header)} cells like the header, got {len(line)}")
    if not row:
        raise DataError(f"data must have at least one row below the header, got none in {path}")


def _header_problems(header: Sequence[str], path: Path, names: Sequence[str]) -> list[str]:
    if not header:
        return [f"data must start with a header row, got an empty file {path}"]
    if len(header) == 1 and len(names) > 1 and (found := [d for d in ";\t|" if d in header[0]]):
        return [f"columns must be separated by ',', got {found[0]!r} in {path}"]
    if twice := sorted({name for name in header if header.count(name) > 1}):
        return [f"a column name must occur once in the header, got twice: {', '.join(twice)}"]
    if absent := [name for name in names if name not in header]:
        return [f"columns absent from {path}: {', '.join(absent)}; it has {', '.join(map(_shown, header))}"]
    return []


def _shown(name: str) -> str:
    return name if name == name.strip() else repr(name)


def _number(cell: str) -> float:
    try:
        return parse_number(cell)
    except ValueError:
        return math.inf  # which no cell stands for
