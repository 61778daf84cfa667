"""One row's cells to a request's values: read as training reads a table, and refused by the model's server alone."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline_steps.features.columns import FeatureColumn, kind_of
from pipeline_steps.tables.cells import parse_number
from pipeline_steps.tables.column_readers import MARKERS, CellRules
from pipeline_steps.tables.header import plain_name
from pipeline_steps.tables.use_case import Kind

ReadCells = Callable[[Sequence[str]], dict[str, Any]]


def cells_reader(columns: Sequence[FeatureColumn], header: Sequence[str], rules: CellRules) -> ReadCells:
    """Make what reads a row below `header`: the model's columns by name. Other columns are no part of a request.

    A cell that is no number stays a text, which the server refuses with its reason; so does an absent column.
    """
    places = {plain_name(name): place for place, name in enumerate(header)}
    read = [
        (column.name, place, _READERS[kind_of(column)])
        for column in columns
        if (place := places.get(plain_name(column.name))) is not None
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
