"""One row's cells to a request's values: read as training reads a table, and refused by the model's server alone."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline_steps.features.columns import FeatureColumn, kind_of
from pipeline_steps.tables.cells import MARKERS, parse_number
from pipeline_steps.tables.column_readers import CellRules
from pipeline_steps.tables.use_case import Kind

ReadCells = Callable[[Sequence[str]], dict[str, Any]]


def cells_reader(columns: Sequence[FeatureColumn], places: Mapping[str, int], rules: CellRules) -> ReadCells:
    """Make what reads a row: the model's columns, each at its place. Other columns are no part of a request.

    A cell that is no number stays a text, which the server refuses with its reason; so does an absent column.
    """
    read = [
        (column.name, places[column.name], _READERS[kind_of(column)]) for column in columns if column.name in places
    ]
    return lambda cells: {name: reader(cells[place], rules) for name, place, reader in read}


def _number(cell: str, rules: CellRules) -> float | int | str | None:
    text = cell.strip()
    if text in rules.empty or (rules.missing is None and text in MARKERS):
        return None
    if rules.decimal != ".":
        if "." in text:
            return cell
        text = text.replace(rules.decimal, ".")
    try:
        value = parse_number(text)
    except ValueError:
        return cell
    if math.isnan(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _text(cell: str, rules: CellRules) -> str:
    return "" if cell.strip() in rules.empty else cell


def _category(cell: str, rules: CellRules) -> str:
    return "" if rules.missing is not None and cell in rules.missing else cell


_READERS: Mapping[Kind, Callable[[str, CellRules], Any]] = {
    "number": _number,
    "category": _category,
    "text": _category,
    "boolean": _text,
    "datetime": _text,
}
