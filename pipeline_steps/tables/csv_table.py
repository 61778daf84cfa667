"""CSV files to typed data frames and back: numbers are float64 with NaN, categories text with an empty string."""

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_steps.errors import DataError
from pipeline_steps.tables.cells import category, number_text, parse_number, quoted
from pipeline_steps.tables.csv_rows import csv_rows
from pipeline_steps.tables.near_matches import near_match
from pipeline_steps.tables.use_case import Column

_SHOWN_PROBLEMS = 5
_BLOCK_ROWS = 10_000


def read_table(path: Path, columns: Sequence[Column]) -> pd.DataFrame:
    """Read the named columns of the CSV file in `path`; others are left out, blank lines too.

    Raises:
        DataError: file, header, row lengths or types are wrong; the first few problems together.
    """
    names = [column.name for column in columns]
    cells = [_Numbers() if column.kind == "number" else _Categories() for column in columns]
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv_rows(file)
            header = next(rows, [])
            raise_problems(_header_problems(header, path, names))
            for block in _blocks(filter(None, rows), len(header)):
                by_place = list(zip(*block, strict=True))
                for name, column in zip(names, cells, strict=True):
                    column.take(by_place[header.index(name)])
    except OSError as exc:
        raise DataError(f"data must be a readable file, got {path}: {exc.strerror}") from exc
    except (UnicodeDecodeError, csv.Error) as exc:
        raise DataError(f"data must be comma-separated UTF-8 text, got {path}: {exc}") from exc
    table = pd.DataFrame({name: column.values() for name, column in zip(names, cells, strict=True)})
    if not len(table):
        raise DataError(f"data must have at least one row below the header, got none in {path}")
    raise_problems([problem for name, column in zip(names, cells, strict=True) for problem in column.problems(name)])
    return table


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write `table` as CSV with a header; missing is an empty cell."""
    # with this line end, a cell that contains any part of it is quoted
    table.to_csv(path, index=False, lineterminator="\r\n", float_format=number_text)  # type: ignore[arg-type]  # the stubs take any object


def raise_problems(problems: Sequence[str]) -> None:
    """Raise the first few of `problems`, a line each, when there are any."""
    if problems:
        rest = [f"and {more} more problems"] if (more := len(problems) - _SHOWN_PROBLEMS) > 0 else []
        raise DataError("\n".join([*problems[:_SHOWN_PROBLEMS], *rest]))


class _Numbers:
    """One column's numbers, a block of rows after the other."""

    def __init__(self) -> None:
        self._blocks: list[NDArray[np.float64]] = []
        self._first_wrong = ""
        self._wrong = self._rows = 0

    def take(self, cells: Sequence[str]) -> None:
        numbers = np.fromiter(map(_number, cells), dtype=np.float64, count=len(cells))
        wrong = np.flatnonzero(np.isinf(numbers))
        if len(wrong) and not self._wrong:
            self._first_wrong = f"{quoted(cells[wrong[0]])} in row {self._rows + int(wrong[0]) + 1}"
        self._wrong += len(wrong)
        self._rows += len(cells)
        self._blocks.append(numbers)

    def values(self) -> NDArray[np.float64]:
        return np.concatenate([np.empty(0), *self._blocks])

    def problems(self, name: str) -> Iterator[str]:
        if self._wrong:
            yield f"column {name} must hold numbers, got {self._first_wrong} ({self._wrong} such cells)"


class _Known(dict[str, str]):
    """Each category by the text of its cell, read once."""

    def __missing__(self, text: str) -> str:
        found = self[text] = category(text)
        return found


class _Categories:
    """One column's categories, a block of rows after the other."""

    def __init__(self) -> None:
        self._cells: list[str] = []
        self._known = _Known()

    def take(self, cells: Sequence[str]) -> None:
        self._cells.extend(map(self._known.__getitem__, cells))

    def values(self) -> NDArray[np.object_]:
        return np.array(self._cells, dtype=object)

    def problems(self, _name: str) -> Iterator[str]:
        return iter(())


def _blocks(rows: Iterable[list[str]], width: int) -> Iterator[list[list[str]]]:
    """Rows in blocks that fit in memory, each as long as the header."""
    rows, before = iter(rows), 0
    while block := list(islice(rows, _BLOCK_ROWS)):
        for number, row in enumerate(block, before + 1):
            if len(row) != width:
                raise DataError(f"row {number} must have {width} cells like the header, got {len(row)}")
        before += len(block)
        yield block


def _header_problems(header: Sequence[str], path: Path, names: Sequence[str]) -> list[str]:
    if not header:
        return [f"data must start with a header row, got an empty file or line in {path}"]
    if len(header) == 1 and len(names) > 1 and (found := [d for d in ";\t|" if d in header[0]]):
        return [f"columns must be separated by ',', got {found[0]!r} in {path}"]
    if twice := sorted({name for name in header if header.count(name) > 1}):
        return [f"a column name must occur once in the header, got twice: {', '.join(map(_shown, twice))} in {path}"]
    if absent := [name for name in names if name not in header]:
        return [f"columns absent from {path}: {', '.join(_absent(name, header) for name in absent)}{_it_has(header)}"]
    return []


def _absent(name: str, header: Sequence[str]) -> str:
    near = near_match(name, header)
    return f"{quoted(name)} (it has {near}: write both alike)" if near else _shown(name)


def _it_has(header: Sequence[str]) -> str:
    return f"; it has {', '.join(map(_shown, header))}"


def _shown(name: str) -> str:
    plain = name and name == name.strip() and quoted(name) == repr(name) and name.isprintable()
    return name if plain else quoted(name)


def _number(cell: str) -> float:
    try:
        return parse_number(cell)
    except ValueError:
        return math.inf  # which no cell stands for
