"""The user's table as the use case describes it, before anything is fitted on it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline_steps.errors import DataError
from pipeline_steps.tables.cells import parse_number
from pipeline_steps.tables.column_readers import CellRules, reader_of
from pipeline_steps.tables.header import plain_name
from pipeline_steps.tables.source_table import SourceTable, raise_problems, read_source
from pipeline_steps.tables.use_case import Column, UseCase


@dataclass(frozen=True)
class RawTable:
    """The rows that have a target.

    Attributes:
        features: numbers and datetimes (days since 2000-01-01) as float64, other kinds as text.
        target: its cells as text; None where the problem has none.
        split_by: what decides the split of each row beside its features: a time as a number, or a text.
        source_rows: how many rows the files have.
        unused: the columns of the files that the use case neither uses nor ignores.
        found: how the files are written, as far as it was detected.
    """

    features: pd.DataFrame
    target: "pd.Series[str] | None"
    source_rows: int
    split_by: "pd.Series[Any] | None" = None
    unused: tuple[str, ...] = ()
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def missing_target(self) -> int:
        """How many rows were left out."""
        return self.source_rows - len(self.features)


def files_below(folder: Path) -> list[Path]:
    """Find the files of tables, by name; hidden ones and marks such as _SUCCESS are none."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name[0] not in "._")


def data_files(folder: Path) -> list[Path]:
    """Find the files of a table.

    Raises:
        DataError: there is none.
    """
    found = files_below(folder)
    if not found:
        raise DataError(f"the input must hold a table, got no file in {folder}")
    return found


def read_raw_table(paths: Sequence[Path], use_case: UseCase) -> tuple[RawTable, UseCase]:
    """Read and check the files; gives the use case with the formats of its datetimes too.

    Raises:
        DataError: what is wrong, a line each.
    """
    return raw_table(read_source(paths, wanted_columns(use_case), use_case.table_format), use_case)


def raw_table(source: SourceTable, use_case: UseCase) -> tuple[RawTable, UseCase]:
    """Do so with a table that has been read, of whose columns `wanted_columns` were wanted."""
    cells = dict(zip((*use_case.names, *_roles(use_case)), source.cells, strict=True))
    features = pd.DataFrame({name: cells[name] for name in use_case.names})
    target, split_by = cells.get(_TARGET), cells.get(_SPLIT)
    if use_case.split.method == "time":
        split_by = _times(use_case, features, split_by, source)
    ignored = {plain_name(name) for name in use_case.ignore}
    kept = slice(None) if target is None else (target != "").to_numpy()
    raise_problems(list(_column_problems(features[kept])))
    raw = RawTable(
        features[kept],
        None if target is None else _with_points(target[kept], source),
        len(features),
        None if split_by is None else split_by[kept],
        tuple(name for name in source.header if name.strip() and plain_name(name) not in {*ignored, *source.used}),
        source.found,
    )
    return raw, replace(use_case, columns=tuple(_with_format(column, source) for column in use_case.columns))


_TARGET, _SPLIT = "\0target", "\0split"
"""Names that no column can have."""


def wanted_columns(use_case: UseCase) -> list[Column]:
    """The features, and the columns that are read as text beside them."""
    return [*use_case.columns, *_texts(use_case)]


def _texts(use_case: UseCase) -> Iterator[Column]:
    if use_case.target is not None:
        yield Column(use_case.target, "category")
    if use_case.split.column is not None:
        yield Column(use_case.split.column, "category")


def _roles(use_case: UseCase) -> Iterator[str]:
    if use_case.target is not None:
        yield _TARGET
    if use_case.split.column is not None:
        yield _SPLIT


def _with_format(column: Column, source: SourceTable) -> Column:
    found = source.found["columns"].get(column.name, {})
    return replace(column, format=found.get("format")) if column.kind == "datetime" else column


def _times(
    use_case: UseCase, features: pd.DataFrame, texts: "pd.Series[str] | None", source: SourceTable
) -> "pd.Series[float]":
    """The times that the split is by: a feature's numbers, or the column's text read as numbers or else as dates."""
    name = str(use_case.split.column)
    kind = next((column.kind for column in use_case.columns if column.name == name), None)
    if kind in {"number", "datetime"}:
        return features[name]
    if texts is None:
        raise DataError("a split by time must name the column of the time, got none")
    rules = CellRules.of(use_case.table_format, decimal=str(source.found.get("decimal", ".")))
    problems: list[str] = []
    for read_as in ("number", "datetime"):
        reader = reader_of(read_as, rules)
        reader.take(texts.tolist())
        values = reader.values()
        if not (problems := list(reader.problems(name))):
            return pd.Series(values, index=texts.index)
    raise DataError(problems[0])


def _with_points(target: "pd.Series[str]", source: SourceTable) -> "pd.Series[str]":
    """The target's cells; numbers with decimal commas get points, as every later reader expects."""
    if source.found.get("decimal", ".") == ".":
        return target
    pointed = target.str.replace(source.found["decimal"], ".", regex=False)
    return pointed if all(map(_is_number, pointed.unique())) else target


def _is_number(text: str) -> bool:
    try:
        parse_number(text)
    except ValueError:
        return False
    return True


def _column_problems(features: pd.DataFrame) -> Iterator[str]:
    missing = features.isna() | (features == "")
    for name in missing.columns[missing.all()] if len(features) else []:
        yield f"column {name} must hold at least one value, got {len(features)} missing"
