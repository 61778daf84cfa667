import numpy as np
import pandas as pd
import pytest

from pipeline_steps.errors import DataError
from pipeline_steps.problems.registry import problem_named
from pipeline_steps.tables.use_case import UseCase


def use_case(problem: str) -> UseCase:
    return UseCase(problem=problem, columns=(), target="y", metric="", positive_label="yes")


def cells(*texts: str) -> "pd.Series[str]":
    return pd.Series(texts, dtype=str)


@pytest.mark.parametrize(
    ("texts", "classes", "places"),
    [
        (["dog", "cat", "ant", "dog", "cat", "ant"], ("ant", "cat", "dog"), [2, 1, 0, 2, 1, 0]),
        (["10", "9", "10.0", "9", "100", "100"], ("9", "10", "100"), [1, 0, 1, 0, 2, 2]),
        (["10", "x", "9", "10", "x", "9"], ("10", "9", "x"), [0, 2, 1, 0, 2, 1]),
    ],
)
def test_labels_of_any_text_are_sorted_and_numbers_by_their_size(
    texts: list[str], classes: tuple[str, ...], places: list[int]
) -> None:
    target, found = problem_named("multiclass").read_target(cells(*texts), use_case("multiclass"))
    assert found == classes
    assert target.tolist() == places


def test_numbers_are_read_as_they_are() -> None:
    target, classes = problem_named("regression").read_target(cells("1", "2.5", "-3e2"), use_case("regression"))
    assert target.tolist() == [1, 2.5, -300]
    assert classes == ()


@pytest.mark.parametrize(
    ("problem", "texts", "error"),
    [
        ("multiclass", ["a", "a"], "must have two or more labels, got 'a' in all rows"),
        ("multiclass", ["1.5", "2.5", "3.5"], 'got 3 labels in 3 rows; if they are amounts, choose problem = "regress'),
        ("regression", ["1", "tall", "tall", "2"], "must hold numbers, got 'tall' in 2 of 4 rows"),
        ("regression", ["$1,200.50", "$7"], "in 2 of 2 rows; write digits and a decimal point alone"),
        ("regression", ["1", "3e39", "2", "-inf"], r"got '3e39' in row 2 \(2 such rows\); a model takes numbers from"),
        ("regression", ["1", "tall", "inf"], "must hold numbers, got 'tall', 'inf' in 2 of 3 rows"),
        ("regression", ["7", "7.0"], "must vary, got '7' in all 2 rows"),
        ("binary", ["yes", "yes"], "must have two values"),
    ],
)
def test_a_target_that_nothing_can_be_learned_of_is_refused(problem: str, texts: list[str], error: str) -> None:
    with pytest.raises(DataError, match=error):
        problem_named(problem).read_target(cells(*texts), use_case(problem))


@pytest.mark.parametrize("rows", [3, 40, 1000])
def test_the_strata_of_numbers_are_quantiles_of_ten_rows_at_least(rows: int) -> None:
    target = np.random.default_rng(0).permutation(rows).astype(np.float64)
    counts = np.bincount(problem_named("regression").strata(target))
    assert counts.min() >= min(rows, 10)
    assert len(counts) <= 10


@pytest.mark.parametrize(
    ("problem", "text", "number"), [("multiclass", "1.0", 0), ("multiclass", "3", -1), ("regression", "2.5", 2.5)]
)
def test_a_later_outcome_is_read_as_the_target_was(problem: str, text: str, number: float) -> None:
    classes = {"multiclass": ("1", "2"), "regression": ()}[problem]
    quality = problem_named(problem).quality
    assert quality is not None
    assert quality.read_outcome(text, classes) == number
