import numpy as np
import pandas as pd
import pytest

from pipeline_steps.features.columns import CategoryColumn, FeatureColumn, NumberColumn, ValueRefusedError
from pipeline_steps.features.fit import fit_columns
from pipeline_steps.tables.cells import RARE_ROWS
from pipeline_steps.tables.use_case import Column, UseCase


def _fit(values: list[object], positive: list[bool], kind: str = "category") -> FeatureColumn:
    column = Column("x", "number" if kind == "number" else "category")
    array = np.array(values, dtype=np.float64 if kind == "number" else object)
    use_case = UseCase("binary", (column,), "bought", "auc", "TRUE")
    return fit_columns(use_case, pd.DataFrame({"x": array}), np.array(positive, dtype=float))[0]


def _category(values: list[object], positive: list[bool]) -> CategoryColumn:
    fitted = _fit(values, positive)
    assert isinstance(fitted, CategoryColumn)
    return fitted


def test_a_number_has_the_range_of_its_known_values() -> None:
    assert _fit([3, np.nan, -1], [True, False, True], "number") == NumberColumn("x", -1, 3, missing=True)
    assert _fit([3, 4], [True, False], "number") == NumberColumn("x", 3, 4, missing=True)
    assert _fit([np.nan], [True], "number") == NumberColumn("x", 0, 0, missing=True)


def test_categories_ascend_with_their_share_of_positives() -> None:
    fitted = _category(["a"] * 20 + ["b"] * 20 + ["c"] * 20, [True] * 20 + [False] * 20 + [True, False] * 10)
    assert fitted.categories == ("b", "c", "a")


def test_rare_categories_are_one_group_that_has_its_own_place() -> None:
    rare = [f"r{number}" for number in range(10) for _ in range(RARE_ROWS - 1)]
    values = ["a"] * 40 + ["b"] * 40 + rare
    fitted = _category(values, [False] * 40 + [True] * 32 + [False] * 8 + [True] * len(rare))
    assert fitted.categories == ("a", "b")
    assert [fitted.encode_text(text) for text in ("a", "b", "r1", "never seen")] == [0, 1, 2, 2]


def test_where_nothing_is_rare_an_unknown_category_counts_as_average() -> None:
    fitted = _category(
        ["a"] * 40 + ["b"] * 40 + ["c"] * 40, [False] * 40 + [True] * 40 + [True, True, True, False] * 10
    )
    assert [fitted.encode_text(text) for text in ("a", "never seen", "c", "b")] == [0, 1, 2, 3]


def test_two_frequent_values_are_a_flag_that_accepts_no_other() -> None:
    flag = _category(["TRUE"] * 30 + ["FALSE"] * 30, [True, False] * 30)
    assert not flag.accepts_unknown
    with pytest.raises(ValueRefusedError):
        flag.encode_text("MAYBE")


@pytest.mark.parametrize("values", [["a"] * 30, [""] * 30, ["a"] * 3 + [""] * 27])
def test_what_a_column_without_a_second_value_is_sent_counts_as_another(values: list[object]) -> None:
    fitted = _category(values, [True, False] * 15)
    assert fitted.encode_text("never seen") == fitted.encode_json("b") == fitted.other_code


@pytest.mark.parametrize(("kind", "values"), [("number", [3.0, 4.0]), ("category", ["a", "b"])])
def test_a_value_may_be_missing_later_where_training_has_them_all(kind: str, values: list[object]) -> None:
    fitted = _fit(values * 20, [True, False] * 20, kind)
    assert np.isnan(fitted.encode_text(""))
    assert np.isnan(fitted.encode_json(None))


def test_three_values_or_a_rare_one_make_an_open_set() -> None:
    assert _category(["a"] * 20 + ["b"] * 20 + ["c"] * 20, [True, False] * 30).accepts_unknown
    assert _category(["a"] * 59 + ["b"], [True, False] * 30).accepts_unknown


def test_missing_is_no_category() -> None:
    fitted = _category(["a"] * 20 + ["b"] * 20 + [""] * 20, [True, False] * 30)
    assert set(fitted.categories) == {"a", "b"}
    assert np.isnan(fitted.encode_text(""))


def test_the_order_of_the_rows_changes_nothing() -> None:
    values, positive = ["a", "b", "c"] * 30, [True, False, False, True] * 22 + [True, False]
    order = np.random.default_rng(0).permutation(90)
    mixed = _category([values[row] for row in order], [positive[row] for row in order])
    assert mixed == _category(values, positive)
