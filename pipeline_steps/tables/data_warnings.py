"""Warnings about a table that a model can be trained on."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pipeline_steps.tables.cells import number_text, quoted
from pipeline_steps.tables.datetimes import datetime_text
from pipeline_steps.tables.use_case import Column

if TYPE_CHECKING:
    import pandas as pd

_USELESS = ", so that a model learns nothing from it"


def column_warnings(column: Column, values: Mapping[str, "pd.Series[Any]"]) -> Iterator[str]:
    """Say whether a column has no information in the train split, or is empty in another one."""
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
