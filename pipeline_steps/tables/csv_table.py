"""Tables as Slipway's own steps hand them on: CSV files with commas, in UTF-8."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pipeline_steps.tables.cells import number_text
from pipeline_steps.tables.datetimes import ISO, datetime_text
from pipeline_steps.tables.source_table import read_source
from pipeline_steps.tables.use_case import Column, TableFormat

_FORMAT = TableFormat(delimiter=",", encoding="utf-8-sig", decimal=".", datetime=ISO)


def read_table(path: Path, columns: Sequence[Column]) -> pd.DataFrame:
    """Read the named columns of the CSV file in `path`; others are left out, blank lines too.

    Raises:
        DataError: file, header, row lengths or types are wrong; the first few problems together.
    """
    source = read_source([path], columns, _FORMAT)
    return pd.DataFrame(dict(zip((column.name for column in columns), source.cells, strict=True)))


def write_table(path: Path, table: pd.DataFrame, columns: Sequence[Column] = ()) -> None:
    """Write `table` as CSV with a header; missing is an empty cell, and a datetime of `columns` ISO 8601."""
    dates = {column.name: table[column.name].map(datetime_text) for column in columns if column.kind == "datetime"}
    # with this line end, a cell that contains any part of it is quoted
    table.assign(**dates).to_csv(path, index=False, lineterminator="\r\n", float_format=number_text)  # type: ignore[arg-type]  # the stubs take any object
