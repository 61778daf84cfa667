"""Warnings about a table that a model can be trained on."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from pipeline_steps.tables.cells import number_text, quoted
from pipeline_steps.tables.datetimes import datetime_text
from pipeline_steps.tables.use_case import Column

_USELESS = ", so that a model learns nothing from it"


def data_warnings(columns: Sequence[Column], splits: Mapping[str, pd.DataFrame]) -> list[str]:
    """Name the columns without information in the train split, or that are empty in another split; a line each."""
    return [
        f"column {column.name} {what}"
        for column in columns
        for what in _column_warnings(column, {name: split[column.name] for name, split in splits.items()})
    ]


def _column_warnings(column: Column, values: Mapping[str, "pd.Series[str]"]) -> Iterator[str]:
    known = {name: each[each.notna() & (each != "")] for name, each in values.items()}
    if empty := [name for name, each in known.items() if each.empty]:
        filled, rows = sum(map(len, known.values())), sum(map(len, values.values()))
        where = f"{' and '.join(empty)} split{'s' * (len(empty) > 1)}"
        yield f"is empty in the {where}: {filled} of {rows} rows have a value{_USELESS * ('train' in empty)}"
    found = values["train"].unique()
    if len(known["train"]) and len(found) == 1:
        only = _cell(column, found[0])
        yield f"is always {only} in the train split{_USELESS}"


def _cell(column: Column, value: str | float) -> str:
    if column.kind == "datetime":
        return datetime_text(float(value))
    return number_text(float(value)) if column.kind == "number" else quoted(value)
