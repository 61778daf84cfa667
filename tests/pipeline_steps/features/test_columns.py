import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_steps.features.column_documents import column_from_document
from pipeline_steps.features.columns import CategoryColumn, NumberColumn, ValueRefusedError
from pipeline_steps.tables.cells import number_text

SIZE = NumberColumn("size", 0, 10, missing=False)
SIZE_OR_MISSING = NumberColumn("size", 0, 10, missing=True)
MONTH = CategoryColumn("month", ("Feb", "May", "Nov"), other_code=1, accepts_unknown=True, missing=True)
FLAG = CategoryColumn("flag", ("FALSE", "TRUE"), other_code=2, accepts_unknown=False, missing=False)


def test_the_code_of_the_others_lies_among_the_categories_codes() -> None:
    assert [MONTH.encode_text(text) for text in ("Feb", "May", "Nov", "Jan")] == [0, 2, 3, 1]


@given(st.floats(-3e38, 3e38))
def test_a_number_means_the_same_as_csv_as_json_and_in_a_table(value: float) -> None:
    assert SIZE.encode_text(number_text(value)) == SIZE.encode_json(value) == SIZE.encode_values(np.array([value]))[0]


@given(st.text(min_size=1, max_size=5) | st.sampled_from(MONTH.categories))
def test_a_category_means_the_same_as_csv_as_json_and_in_a_table(text: str) -> None:
    in_table = MONTH.encode_values(np.array([text], dtype=object))[0]
    assert MONTH.encode_text(text) == MONTH.encode_json(text) == in_table


def test_missing_is_nan_where_the_contract_allows_it() -> None:
    assert math.isnan(SIZE_OR_MISSING.encode_text(""))
    assert math.isnan(SIZE_OR_MISSING.encode_text("NA"))
    assert math.isnan(SIZE_OR_MISSING.encode_json(None))
    assert math.isnan(MONTH.encode_text(""))
    assert math.isnan(MONTH.encode_json(None))


@pytest.mark.parametrize("text", ["", "NA", "x", "inf", "1e39", "12 €", "1_0"])
def test_text_that_is_no_number_is_refused_with_column_and_value(text: str) -> None:
    with pytest.raises(ValueRefusedError) as caught:
        SIZE.encode_text(text)
    assert str(caught.value) == f"column size must be a number, got {text!r}"


@pytest.mark.parametrize("value", [None, True, "1", [1], {}, math.inf, math.nan, 10**400, 1e300])
def test_json_that_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ValueRefusedError, match=r"^column size must be a number, got "):
        SIZE.encode_json(value)


@pytest.mark.parametrize("value", [math.inf, -math.inf, 10**400])
def test_infinity_is_refused_where_missing_is_allowed(value: object) -> None:
    with pytest.raises(ValueRefusedError, match=r"^column size must be a number or missing, got "):
        SIZE_OR_MISSING.encode_json(value)


@pytest.mark.parametrize("value", ["true", "1", "", None, 1, 1.0, 1.5, ["TRUE"]])
def test_a_flag_refuses_a_third_value(value: object) -> None:
    with pytest.raises(ValueRefusedError, match=r"^column flag must be one of 'FALSE', 'TRUE', got "):
        FLAG.encode_json(value)


def test_a_refusal_shows_a_category_that_the_value_is_easily_taken_for() -> None:
    with pytest.raises(ValueRefusedError, match=r"got 'true'; there is 'TRUE', which differs in upper and lower case$"):
        FLAG.encode_text("true")


@pytest.mark.parametrize("written", [("1", "2"), ("1.0", "2.0")], ids=["as read today", "in an older artifact"])
def test_a_whole_number_is_the_same_category_however_it_is_sent(written: tuple[str, str]) -> None:
    region = CategoryColumn("region", written, other_code=2, accepts_unknown=True, missing=False)
    assert [region.encode_json(value) for value in (1, 1.0, "1", "1.0", 2, 3, 3.0, 10**400)] == [0, 0, 0, 0, 1, 2, 2, 2]
    assert [region.encode_text(text) for text in ("1", "1.0", "01")] == [0, 0, 2]
    assert region.encode_values(np.array(["1", "1.0", "2.00", "9"], dtype=object)).tolist() == [0, 0, 1, 2]


def test_a_fraction_is_the_category_of_that_name() -> None:
    litres = CategoryColumn("litres", ("1.6", "2"), other_code=2, accepts_unknown=True, missing=False)
    assert [litres.encode_json(value) for value in (1.6, 2.0, 1.5, "1.5")] == [0, 1, 2, 2]
    with pytest.raises(ValueRefusedError, match=r"must be text or a number, got nan"):
        litres.encode_json(math.nan)


@pytest.mark.parametrize("spelled", [("FALSE", "TRUE"), ("False", "True"), ("false", "true")])
def test_a_json_boolean_is_the_category_that_it_names(spelled: tuple[str, str]) -> None:
    member = CategoryColumn("member", spelled, other_code=2, accepts_unknown=False, missing=False)
    assert [member.encode_json(value) for value in (False, True)] == [0, 1]


def test_a_json_boolean_that_is_rare_counts_with_the_rare_ones() -> None:
    member = CategoryColumn("member", ("False",), other_code=1, accepts_unknown=True, missing=False)
    assert member.encode_json(True) == member.encode_text("True") == 1


def test_a_json_boolean_that_names_no_category_or_two_is_refused() -> None:
    newsletter = CategoryColumn("newsletter", ("no", "yes"), other_code=2, accepts_unknown=False, missing=False)
    with pytest.raises(ValueRefusedError, match=r"must be one of 'no', 'yes', got true$"):
        newsletter.encode_json(True)
    mixed = CategoryColumn("member", ("True", "TRUE", "no"), other_code=3, accepts_unknown=True, missing=False)
    with pytest.raises(ValueRefusedError, match=r"must be one of 'True', 'TRUE', got true$"):
        mixed.encode_json(True)


def test_a_value_beyond_the_training_range_is_no_breach() -> None:
    assert SIZE.encode_text("1000") == 1000


def test_a_table_of_data_is_never_refused() -> None:
    assert FLAG.encode_values(np.array(["TRUE", "maybe", ""], dtype=object)).tolist()[:2] == [1, 2]
    assert math.isnan(SIZE.encode_values(np.array([np.nan]))[0])


@pytest.mark.parametrize("column", [SIZE, SIZE_OR_MISSING, MONTH, FLAG])
def test_a_column_survives_its_document(column: NumberColumn | CategoryColumn) -> None:
    assert column_from_document(column.to_document()) == column
