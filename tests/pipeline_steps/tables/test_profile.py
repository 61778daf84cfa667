from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_steps.documents import to_json
from pipeline_steps.tables.profile import profile_columns
from pipeline_steps.tables.relations import relations
from pipeline_steps.tables.use_case import Column, UseCase

USE_CASE = UseCase("binary", (Column("size", "number"), Column("month", "category")), "bought", "auc", "TRUE")


def _table(sizes: list[float], months: list[str]) -> pd.DataFrame:
    target = np.array([float(position % 2) for position in range(len(sizes))])
    return pd.DataFrame({"size": np.array(sizes), "month": np.array(months, dtype=object), "bought": target})


def test_a_number_is_described_by_its_known_values() -> None:
    size = profile_columns(USE_CASE, _table([1, 2, 2, np.nan, 5], ["a"] * 5))[0]
    assert {key: size[key] for key in ("missing", "unique", "mean", "median", "mode", "min", "max")} == {
        "missing": 1, "unique": 3, "mean": 2.5, "median": 2.0, "mode": 2.0, "min": 1.0, "max": 5.0,
    }  # fmt: skip
    assert size["variance"] == pytest.approx(np.var([1, 2, 2, 5], ddof=1))
    assert size["std"] == pytest.approx(size["variance"] ** 0.5)
    assert size["quartiles"] == [1.75, 2.0, 2.75]
    assert sum(size["histogram"]["counts"]) == 4
    assert len(size["histogram"]["edges"]) == len(size["histogram"]["counts"]) + 1


def test_a_category_is_described_by_its_most_frequent_values() -> None:
    month = profile_columns(USE_CASE, _table([1] * 5, ["b", "a", "b", "", "c"]))[1]
    top = [{"value": "b", "count": 2}, {"value": "a", "count": 1}, {"value": "c", "count": 1}]
    measured = {"values": ["b", "a", "c"], "rows": [2, 1, 1], "target": [[0.0], [1.0], [0.0]]}
    described = {"name": "month", "kind": "category", "missing": 1, "unique": 3, "top": top}
    assert month == described | {"target_by_bin": measured}


def test_a_text_is_described_by_its_characters_and_none_is_repeated() -> None:
    use_case = replace(USE_CASE, columns=(Column("size", "number"), Column("month", "text")))
    texts = ["a letter", "", "a letter", "secret" * 400, "short"]
    letter = profile_columns(use_case, _table([1] * 5, texts), read_characters={"month": 2000})[1]
    found = {key: letter[key] for key in ("kind", "missing", "unique", "median", "max", "cut", "read_characters")}
    assert found == {
        "kind": "text", "missing": 1, "unique": 3, "median": 8.0, "max": 2400.0, "cut": 1, "read_characters": 2000,
    }  # fmt: skip
    assert "letter" not in to_json(letter)
    assert "secret" not in to_json(letter)


def test_outliers_of_a_column_are_counted_by_each_method() -> None:
    ordinary = [float(value % 10) for value in range(40)]
    size = profile_columns(USE_CASE, _table([*ordinary, 20.0, 22.0, 90.0], ["a"] * 43))[0]
    assert size["outliers"] == {"iqr": 3, "z_score": 1, "robust_z": 2}  # two hide behind the third's deviation
    assert size["whiskers"] == [0.0, 9.0]


def test_impossible_values_are_no_outliers() -> None:
    ages = replace(USE_CASE, columns=(Column("size", "number", min=0, max=120), USE_CASE.columns[1]))
    ordinary = [20.0 + value for value in range(40)]
    age = profile_columns(ages, _table([*ordinary, 119.0, 999.0, -1.0, np.nan], ["a"] * 44))[0]
    assert (age["impossible"], age["outliers"]["iqr"], age["missing"]) == (2, 1, 1)
    assert "impossible" not in profile_columns(ages, _table([0.0, 120.0], ["a"] * 2))[0]


def test_a_column_that_hardly_varies_has_no_outliers_by_deviation() -> None:
    size = profile_columns(USE_CASE, _table([5.0] * 9, ["a"] * 9))[0]
    assert size["outliers"] == {"iqr": 0, "z_score": 0, "robust_z": 0}


@pytest.mark.parametrize(
    ("use_case", "first", "last"),
    [
        (replace(USE_CASE, classes=("no", "yes")), [0.0], [1.0]),
        (replace(USE_CASE, problem="regression"), [0.0], [1.0]),
        (replace(USE_CASE, problem="multiclass", classes=("a", "b", "c")), [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]),
    ],
)
def test_the_target_is_measured_in_each_part_of_a_column(
    use_case: UseCase, first: list[float], last: list[float]
) -> None:
    table = _table([float(row) for row in range(100)], ["a"] * 100).assign(bought=[0.0] * 50 + [1.0] * 50)
    found = profile_columns(use_case, table)[0]["target_by_bin"]
    assert (found["rows"], len(found["edges"])) == ([10] * 10, 11)
    assert (found["target"][0], found["target"][-1]) == (first, last)


@pytest.mark.parametrize(
    ("sizes", "rows"),
    [([0.0] * 80 + [float(size) for size in range(1, 21)], [80, 10, 10]), ([1.0, 2.0, 2.0, 4.0], [1, 2, 1])],
)
def test_a_frequent_value_has_a_bin_of_its_own(sizes: list[float], rows: list[int]) -> None:
    found = profile_columns(USE_CASE, _table(sizes, ["a"] * len(sizes)))[0]["target_by_bin"]
    assert found["rows"] == rows


def test_of_many_columns_the_ones_that_correlate_and_the_target_are_kept() -> None:
    made = np.random.default_rng(0).normal(size=(60, 41))
    made[:, 40] = 1.0  # a target that correlates with nothing
    made[:, 37] = made[:, 3] + 0.01 * made[:, 37]
    table = pd.DataFrame(made, columns=[f"c{place}" for place in range(40)] + ["bought"])
    many = replace(USE_CASE, columns=tuple(Column(f"c{place}", "number") for place in range(40)))
    found = relations(many, table)
    kept = found["correlation"]["columns"]
    assert (len(kept), kept[-1], {"c3", "c37"} <= set(kept)) == (30, "bought", True)
    assert sorted([*kept, *found["relations"]["left_out"]]) == sorted(table.columns)
    (strongest, *_), rows = found["scatter"], len(table)
    assert (strongest["x"], strongest["y"]) == ("c3", "c37")
    assert sum(count for *_, count in strongest["cells"]) == rows


def test_relations_use_the_rows_where_both_are_known() -> None:
    found = relations(USE_CASE, _table([1, np.nan, 3, 6], ["a"] * 4))
    assert found["covariance"]["columns"] == ["size", "bought"]
    known, target = np.array([1.0, 3, 6]), np.array([0.0, 0, 1])
    assert found["covariance"]["matrix"][0][1] == pytest.approx(np.cov(known, target)[0, 1])
    assert found["correlation"]["matrix"][0][1] == pytest.approx(np.corrcoef(known, target)[0, 1])


def test_a_constant_column_correlates_with_nothing() -> None:
    matrix = relations(USE_CASE, _table([2, 2, 2, 2], ["a"] * 4))["correlation"]["matrix"]
    assert matrix[0] == [None, None]


@given(st.lists(st.one_of(st.just(np.nan), st.floats(-3e38, 3e38)), min_size=1, max_size=30))
def test_whatever_the_numbers_the_profile_is_json(sizes: list[float]) -> None:
    table = _table(sizes, ["a"] * len(sizes))
    to_json([profile_columns(USE_CASE, table), relations(USE_CASE, table)])
