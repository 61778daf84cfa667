"""Rows of a request are encoded together as they are one by one."""

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline_steps.features.boolean_column import BooleanColumn
from pipeline_steps.features.columns import CategoryColumn, FeatureColumn, NumberColumn, ValueRefusedError
from pipeline_steps.features.datetime_column import DatetimeColumn
from pipeline_steps.server.row_encoding import encode_rows
from tests.text_models import text_model

COLUMNS = (
    NumberColumn("size", 0, 1, missing=True),
    NumberColumn("price", 0, 1, missing=False),
    CategoryColumn("month", ("Feb", "1", "2.5", "True"), other_code=2, accepts_unknown=True, missing=True),
    BooleanColumn("member"),
    DatetimeColumn("since", 0, 1, missing=True),
)
CELLS = [1.5, 10**20, 1, 1.0, 2.5, "Feb", "1", "other", True, False, 0, "2026-03-01", None, "", 10**400, math.nan, [1]]


def outcome(contract: Any, rows: list[Any], first: int) -> bytes | str:
    try:
        return encode_rows(contract, rows, first=first, text=False).tobytes()
    except ValueRefusedError as exc:
        return str(exc)


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_many_rows_become_what_each_becomes_and_the_first_wrong_one_is_named(column: FeatureColumn) -> None:
    contract = replace(text_model().contract, columns=(column, NumberColumn("beside", 0, 1, missing=True)))

    def check(cells: list[Any], short: bool, as_objects: bool) -> None:
        rows: list[Any] = [[cell, place] for place, cell in enumerate(cells)]
        rows[-1] = rows[-1][: 1 if short else 2]
        if as_objects:
            rows = [dict(zip([column.name, "beside"], row, strict=False)) for row in rows]
        single = [outcome(contract, [row], number) for number, row in enumerate(rows, 1)]
        wrong = next((each for each in single if isinstance(each, str)), None)
        assert outcome(contract, rows, 1) == (wrong or b"".join(map(bytes, single)))

    for first, second in itertools.combinations_with_replacement(CELLS, 2):
        check([first, second, first, second], short=False, as_objects=second is not first)
    check([1, 1, 1, 1], short=True, as_objects=False)
    check([1, 1, 1, 1], short=True, as_objects=True)


@pytest.mark.parametrize("as_objects", [False, True])
def test_texts_of_many_rows_are_counted_as_those_of_one(as_objects: bool) -> None:
    contract = text_model().contract
    rows: list[Any] = [[float(number), f"letter number {number} of many"] for number in range(6)]
    if as_objects:
        rows = [{"amount": amount, "letter": letter} for amount, letter in rows]
    single = [encode_rows(contract, [row], first=1, text=False) for row in rows]
    assert encode_rows(contract, rows, first=1, text=False).tobytes() == np.concatenate(single).tobytes()
