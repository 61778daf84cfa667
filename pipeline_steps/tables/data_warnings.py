"""Warnings about a table that a model can be trained on."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipeline_steps.tables.cells import number_text, quoted
from pipeline_steps.tables.datetimes import datetime_text
from pipeline_steps.tables.use_case import Column

if TYPE_CHECKING:
    import pandas as pd

_USELESS = ", so that a model learns nothing from it"


def no_information(column: Column, values: Mapping[str, "pd.Series[Any]"]) -> Iterator[str]:
    """Say whether a column is empty, or always the same, in the train split."""
    found = values["train"].unique()
    if "train" in (empty := _empty(values)):
        yield f"{_emptiness(values, empty)}{_USELESS}"
    elif len(found) == 1:
        yield f"is always {_cell(column, found[0])} in the train split{_USELESS}"


def held_out_emptiness(values: Mapping[str, "pd.Series[Any]"]) -> Iterator[str]:
    """Say whether a column that training has values of is empty in another split."""
    if (empty := _empty(values)) and "train" not in empty:
        yield _emptiness(values, empty)


def _empty(values: Mapping[str, "pd.Series[Any]"]) -> list[str]:
    return [name for name, each in values.items() if not _known(each).any()]


def _emptiness(values: Mapping[str, "pd.Series[Any]"], empty: Sequence[str]) -> str:
    filled, rows = sum(int(_known(each).sum()) for each in values.values()), sum(map(len, values.values()))
    where = f"{' and '.join(empty)} split{'s' * (len(empty) > 1)}"
    return f"is empty in the {where}: {filled} of {rows} rows have a value"


def _known(values: "pd.Series[Any]") -> "pd.Series[bool]":
    return values.notna() & (values != "")


def _cell(column: Column, value: str | float) -> str:
    if column.kind == "datetime":
        return datetime_text(float(value))
    return number_text(float(value)) if column.kind == "number" else quoted(value)
