"""A table whose cells are all read as text, before anything is known of its columns."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline_steps.preparation.column_kinds import kind_of_cells
from pipeline_steps.tables.column_readers import CellRules, reader_of
from pipeline_steps.tables.header import plain_name
from pipeline_steps.tables.source_table import SourceTable, header_of, raise_problems, read_source
from pipeline_steps.tables.use_case import Column, Kind, TableFormat


class TextTable(Mapping[str, "pd.Series[str]"]):
    """The cells of each column that has a name; `source` is the table as it was read."""

    def __init__(self, sources: Sequence[Path]) -> None:
        names = _names(header_of(sources))
        self.source = read_source(sources, [Column(name, "category") for name in names], TableFormat())
        self._cells = dict(zip(_names(self.source.header), self.source.cells, strict=True))
        self._distinct: dict[str, list[str]] = {}
        self._read: dict[Column, tuple[pd.Series[Any], dict[str, Any]]] = {}
        self.decimal = self._decimal()

    def __getitem__(self, name: str) -> "pd.Series[str]":
        return self._cells[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)

    @property
    def rows(self) -> int:
        """How many rows the files have."""
        return len(self.source.cells[0])

    def distinct(self, name: str) -> list[str]:
        """The different texts of a column, the empty one too, as they come first."""
        if name not in self._distinct:
            self._distinct[name] = self._cells[name].unique().tolist()
        return self._distinct[name]

    def known(self, name: str) -> list[str]:
        """The different texts of a column without the empty one."""
        return [text for text in self.distinct(name) if text]

    def kind(self, name: str) -> Kind | None:
        """The kind of a column; None if it is empty."""
        return kind_of_cells(self.distinct(name), decimal=self.decimal)

    def read(self, column: Column) -> "pd.Series[Any]":
        """The values of a column as they are read when its kind is known."""
        if column not in self._read:
            reader = reader_of(column.kind, CellRules(self.decimal))
            reader.take(self._cells[column.name].tolist())
            values = reader.values()
            raise_problems(list(reader.problems(column.name)))
            self._read[column] = pd.Series(values, dtype=values.dtype), reader.found
        return self._read[column][0]

    def typed(self, columns: Sequence[Column]) -> SourceTable:
        """The table that `read_source` gives when it is asked for these columns."""
        cells = tuple(map(self.read, columns))
        detected = {column.name: found for column in columns if (found := self._read[column][1])}
        found = self.source.found | {"decimal": self.decimal, "columns": detected}
        return SourceTable(cells, self.source.header, frozenset(column.name for column in columns), found)

    def _decimal(self) -> str:
        """The mark that more columns of numbers have; with a comma between cells it is a point."""
        if self.source.found.get("delimiter", ",") == ",":
            return "."
        marks = [self._only_decimal(name) for name in self]
        return "," if marks.count(",") > marks.count(".") else "."

    def _only_decimal(self, name: str) -> str | None:
        """The one mark with which all its cells are numbers; None for whole numbers, and for what is none."""
        marks = [mark for mark in (".", ",") if kind_of_cells(self.distinct(name), decimal=mark) == "number"]
        return marks[0] if len(marks) == 1 else None


def _names(header: Sequence[str]) -> list[str]:
    return [plain for name in header if (plain := plain_name(name))]
