"""Parquet files: their columns as the texts that a CSV file would have."""

import io
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import fastparquet
import pandas as pd
from fastparquet import parquet_thrift

from pipeline_steps.errors import DataError
from pipeline_steps.tables.cells import number_text, shown

_MARK = b"PAR1"
_SHORTEST = 12
"""Bytes of the two marks and of the length of what describes the file."""
_INDEX = "__index_level_"
"""How pandas names an index without a name, which is no column of the table."""
_FASTPARQUET = b"fastparquet"
_WRONG_UNITS = {
    parquet_thrift.Type.INT64: re.compile(r"datetime64\[s[],]"),
    parquet_thrift.Type.INT96: re.compile(r"datetime64\[(s|ms|us)[],]"),
}
"""Of which fastparquet writes the numbers with another unit: seconds as milliseconds, and all of INT96 as nanoseconds.

The numbers alone do not show it.
"""


class _Parquet(fastparquet.ParquetFile):  # type: ignore[misc]  # it has no types
    """Read by its own types: those of pandas, which some files note besides, turn dates into other numbers."""

    has_pandas_metadata = False


def parquet_blocks(content: bytes, path: object) -> Iterator[list[Any]]:
    """Give the names of the columns, then each row group as one list of texts a column.

    Raises:
        DataError: the file, which is named as `path`, is damaged, or has cells that are no single values.
    """
    found = _opened(content, path)
    names = [str(name) for name in found.columns if not str(name).startswith(_INDEX)]
    yield names
    groups = found.iter_row_groups()
    while (table := _next(groups, path)) is not None:
        yield [_texts(table[name], path) for name in names]


def write_rows(
    path: Path, source: Path, chosen: Sequence[bool], *, beside: Mapping[str, Sequence[Any]] | None = None
) -> None:
    """Write the chosen rows of the file `source`, as far as `chosen` goes; `beside` are more columns of those rows."""
    table = _opened(source.read_bytes(), source).to_pandas()
    rows = table.iloc[: len(chosen)][list(chosen[: len(table)])]
    if beside:
        rows = rows.assign(**{name: list(values) for name, values in beside.items()})
    fastparquet.write(str(path), rows, object_encoding="infer")


def write_frame(path: Path, table: pd.DataFrame) -> None:
    """Write a table whose columns are numbers or texts."""
    fastparquet.write(str(path), table, object_encoding="infer")


def rows_of(path: Path) -> int:
    """How many rows the file has."""
    return int(_opened(path.read_bytes(), path).count())


def _opened(content: bytes, path: object) -> Any:
    if len(content) < _SHORTEST or not content.endswith(_MARK):
        raise DataError(f"data must be whole Parquet files, got {path}, which is cut off: copy or write it again")
    try:
        found = _Parquet(io.BytesIO(content))
        wrong = _in_wrong_units(found)
    except Exception as exc:  # of a damaged file, the library raises what its parser happens to
        raise DataError(f"data must be readable Parquet files, got {path}, which is damaged: write it again") from exc
    if wrong:
        raise DataError(
            f"column {shown(wrong[0])} must hold its times in the unit that the file says, got {path}, which "
            'fastparquet wrote from a coarser one: write it again, the column with .astype("datetime64[ns]")'
        )
    found.fmd.key_value_metadata = None  # from which its row groups take them, too
    return found


def _in_wrong_units(found: Any) -> list[str]:
    noted = found.key_value_metadata.get("pandas")
    if noted is None or not bytes(found.created_by).startswith(_FASTPARQUET):
        return []
    types = {str(each["name"]): str(each["numpy_type"]) for each in json.loads(noted)["columns"]}
    stored = {str(name): found.schema.schema_element(name).type for name in found.columns}
    return [
        name
        for name, type_ in stored.items()
        if type_ in _WRONG_UNITS and _WRONG_UNITS[type_].match(types.get(name, ""))
    ]


def _next(groups: Iterator[pd.DataFrame], path: object) -> pd.DataFrame | None:
    try:
        return next(groups, None)
    except Exception as exc:
        reason = next(iter(str(exc).splitlines()), type(exc).__name__)
        raise DataError(
            f"data must be readable Parquet files, got {path} ({reason}), which is damaged or written in a way that is "
            "not supported: write it again, with data pages of version 1, as most programs do by default"
        ) from exc


def _texts(cells: "pd.Series[Any]", path: object) -> list[str]:
    if cells.dtype.kind == "f":
        return [number_text(cell) for cell in cells.to_numpy(dtype="float64", na_value=math.nan).tolist()]
    write = _WRITERS.get(cells.dtype.kind, lambda cell: _text(cell, cells.name, path))
    missing = cells.isna().tolist()
    return ["" if gone else write(cell) for cell, gone in zip(cells.tolist(), missing, strict=True)]


def _moment(cell: pd.Timestamp) -> str:
    return cell.isoformat().removesuffix("T00:00:00")


def _text(cell: object, name: object, path: object) -> str:
    if isinstance(cell, list | dict | tuple):
        got = f"{type(cell).__name__} in {path}"
        raise DataError(f"column {shown(str(name))} must hold one value in each row, got {got}")
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)


_WRITERS: Mapping[str, Callable[[Any], str]] = {
    "b": lambda cell: "true" if cell else "false",
    "i": str,
    "u": str,
    "M": _moment,
}
"""By numpy's letter of the kind."""
