"""Scored rows as files: each row as it came, with the prediction beside it, in the format of its input."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from pipeline_steps.batch.input_files import PREDICTION, InputFile, InputRow
from pipeline_steps.tables.source_file import create_text

SUFFIX = ".out"


class Results(Protocol):
    def add(self, row: InputRow, entry: Mapping[str, Any] | None) -> None:
        """Take the next row of the file; without an entry it has failed, and is no part of the results."""

    def close(self, *, is_whole: bool) -> None:
        """End the file; it is not whole where the input could not be read to its end."""


def results_of(source: InputFile, path: Path) -> Results:
    """Make what writes the results of `source` to `path`; its folder must exist."""
    if source.format == "jsonl":
        return _JsonLines(source, path)
    return _Parquet(source, path) if source.format == "parquet" else _Csv(source, path)


def prediction_cells(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Give a response's members as columns: `prediction_score`; `prediction_scores_<class>` for one inside another."""
    return dict(_flat(entry, PREDICTION))


def _flat(entry: Mapping[str, Any], name: str) -> Iterator[tuple[str, Any]]:
    for key, value in entry.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}_{key}")
        else:
            yield f"{name}_{key}", json.dumps(value) if isinstance(value, list) else value


class _Csv:
    """UTF-8, with the delimiter and decimal mark of the input, and packed where the input is."""

    def __init__(self, source: InputFile, path: Path) -> None:
        self._source = source
        self._file = create_text(path, source.path, "utf-8")
        self._writer = csv.writer(self._file, delimiter=source.delimiter, lineterminator="\n")
        self._names: list[str] | None = None

    def add(self, row: InputRow, entry: Mapping[str, Any] | None) -> None:
        if entry is None:
            return
        cells = prediction_cells(entry)
        if self._names is None:
            self._head(list(cells))
        self._writer.writerow([*row.source, *map(self._written, cells.values())])

    def close(self, *, is_whole: bool) -> None:  # noqa: ARG002 — each line is whole
        if self._names is None:
            self._head([])
        self._file.close()

    def _written(self, value: Any) -> Any:
        return str(value).replace(".", self._source.decimal) if isinstance(value, float) else value

    def _head(self, names: list[str]) -> None:
        self._names = names
        self._writer.writerow([*self._source.header, *names])


class _JsonLines:
    """The line as it came, with one more member; a row that is a list becomes the member `row`."""

    def __init__(self, source: InputFile, path: Path) -> None:
        self._file = create_text(path, source.path, "utf-8")

    def add(self, row: InputRow, entry: Mapping[str, Any] | None) -> None:
        if entry is None:
            return
        text, written = str(row.source), json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
        if text.startswith("{"):
            inside = text[1:-1].strip()
            self._file.write(f'{{{inside}{"," if inside else ""}"{PREDICTION}":{written}}}\n')
        else:
            self._file.write(f'{{"row":{text},"{PREDICTION}":{written}}}\n')

    def close(self, *, is_whole: bool) -> None:  # noqa: ARG002 — each line is whole
        self._file.close()


class _Parquet:
    """The rows of the table, with more columns."""

    def __init__(self, source: InputFile, path: Path) -> None:
        self._source, self._path = source, path
        self._chosen: list[bool] = []
        self._columns: dict[str, list[Any]] = {}

    def add(self, row: InputRow, entry: Mapping[str, Any] | None) -> None:  # noqa: ARG002 — read from the file again
        self._chosen.append(entry is not None)
        if entry is not None:
            cells = prediction_cells(entry)
            for name, value in cells.items():
                self._columns.setdefault(name, []).append(value)

    def close(self, *, is_whole: bool) -> None:
        from pipeline_steps.tables.parquet import write_rows  # noqa: PLC0415 — few batches need the library

        if is_whole:
            write_rows(self._path, self._source.path, self._chosen, beside=self._columns)
