"""Tables as Slipway's own steps hand them on: CSV files with commas, in UTF-8."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_float_dtype

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
    dates = {column.name for column in columns if column.kind == "datetime"}
    texts = {
        name: _texts(table[name], datetime_text if name in dates else number_text)
        for name in table.columns
        if is_float_dtype(table[name])
    }
    # with this line end, a cell that contains any part of it is quoted
    table.assign(**texts).to_csv(path, index=False, lineterminator="\r\n")


def write_target_first(path: Path, table: pd.DataFrame, target: str) -> None:
    """Write a table of numbers as SageMaker's built-in algorithms read it: the target first, and no header."""
    ordered = table[[target, *(name for name in table.columns if name != target)]]
    texts = {name: _texts(ordered[name].astype(np.float64), number_text) for name in ordered.columns}
    ordered.assign(**texts).to_csv(path, index=False, header=False, lineterminator="\n")


def _texts(values: "pd.Series[float]", write: Callable[[float], str]) -> NDArray[np.object_]:
    """Write each different number once."""
    places, numbers = pd.factorize(values)  # -1 for a missing one, and the last of the texts is empty
    texts: NDArray[np.object_] = np.array([*map(write, numbers.tolist()), ""], dtype=object)
    return texts[places]
