"""Booleans and datetimes: a caller's cell, JSON value and table cell mean one thing."""

import json
import math

import numpy as np
import pytest

from pipeline_steps.features.boolean_column import BooleanColumn
from pipeline_steps.features.column_documents import column_from_document
from pipeline_steps.features.columns import FeatureColumn, ValueRefusedError
from pipeline_steps.features.datetime_column import DatetimeColumn

MEMBER = BooleanColumn("member")
ALWAYS = BooleanColumn("member", missing=False)
JOINED = DatetimeColumn("joined", 0, 9000, missing=True, format="%d.%m.%Y", times=True)
DAYS = 9556.0


@pytest.mark.parametrize("column", [MEMBER, ALWAYS, JOINED, DatetimeColumn("joined", 0, 1, missing=False)])
def test_a_column_survives_its_document(column: FeatureColumn) -> None:
    assert column_from_document(json.loads(json.dumps(column.to_document()))) == column


@pytest.mark.parametrize("value", [True, "true", "True", "TRUE", "yes", "Y", "t", "on", 1, 1.0, "1", "1.0"])
def test_true_is_true_in_every_spelling(value: object) -> None:
    assert MEMBER.encode_json(value) == 1
    if isinstance(value, str):
        assert MEMBER.encode_text(value) == 1


@pytest.mark.parametrize("value", [False, "false", "No", "n", "F", "off", 0, 0.0, "0"])
def test_false_is_false_in_every_spelling(value: object) -> None:
    assert MEMBER.encode_json(value) == 0


def test_a_table_has_booleans_as_text() -> None:
    encoded = MEMBER.encode_values(np.array(["true", "false", ""], dtype=object))
    np.testing.assert_array_equal(encoded, [1, 0, np.nan])


@pytest.mark.parametrize("value", ["maybe", 2, 0.5, [True]])
def test_what_is_neither_is_refused(value: object) -> None:
    with pytest.raises(ValueRefusedError, match=r"^column member must be true, false or missing, got "):
        MEMBER.encode_json(value)


@pytest.mark.parametrize("value", [None, "", "NA"])
def test_missing_is_nan_where_the_contract_allows_it(value: str | None) -> None:
    assert math.isnan(MEMBER.encode_json(value))
    assert math.isnan(JOINED.encode_json(value))
    with pytest.raises(ValueRefusedError, match=r"^column member must be true or false, got "):
        ALWAYS.encode_json(value)


@pytest.mark.parametrize("text", ["1.3.2026", "2026-03-01", "2026-03-01T00:00:00Z", "2026-03-01 01:00+01:00"])
def test_a_date_is_one_number_as_the_table_has_it_or_in_iso_8601(text: str) -> None:
    assert JOINED.encode_text(text) == JOINED.encode_json(text) == DAYS
    assert JOINED.encode_text(JOINED.example(DAYS)) == DAYS


@pytest.mark.parametrize("value", ["03/01/2026", "soon", 20260301, True, ["2026-03-01"]])
def test_what_is_no_date_is_refused_with_the_formats(value: object) -> None:
    allowed = r"2026-03-01 or 2026-03-01T10:30:00Z or as %d\.%m\.%Y, or missing"
    with pytest.raises(ValueRefusedError, match=f"^column joined must be a date or time such as {allowed}, got "):
        JOINED.encode_json(value)
