"""The problem that a target suggests."""

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from pipeline_steps.errors import DataError
from pipeline_steps.preparation.suggested_problem import suggested_problem

ROWS = 500


def _labels(make: Callable[[Random], object]) -> Counter[str]:
    draw = Random(0)  # noqa: S311 (made-up data)
    return Counter(str(make(draw)) for _ in range(ROWS))


@pytest.mark.parametrize(
    ("target", "problem", "shape"),
    [
        (lambda draw: sum(draw.random() < 0.2 for _ in range(8)), "regression", "counts"),
        (lambda draw: 0 if draw.random() < 0.8 else sum(draw.random() < 0.3 for _ in range(9)), "regression", "counts"),
        (lambda draw: draw.randint(0, 9), "multiclass", None),
        (lambda draw: draw.choice([0, 0, 0, 1, 1, 2]), "multiclass", None),
        (lambda draw: draw.choice([1, 2, 3, 4, 4, 5, 5, 5]), "multiclass", None),
        (lambda draw: f"{draw.randint(1, 40):03}", "multiclass", None),
        (lambda draw: draw.gauss(50, 9), "regression", None),
        (lambda draw: draw.lognormvariate(5, 1), "regression", "long tail"),
        (lambda draw: draw.gauss(0, 1) ** 3, "regression", None),
    ],
)
def test_counts_and_long_tails_are_told_from_codes_grades_and_other_numbers(
    target: Callable[[Random], object], problem: str, shape: str | None
) -> None:
    found = suggested_problem("y", _labels(target))
    assert (found.problem, found.shape) == (problem, shape)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (lambda draw: f"{draw.uniform(0, 100):.2f}%", "holds numbers such as '"),
        (lambda draw: f"${draw.uniform(0, 1e6):,.2f}", "holds numbers such as '"),
        (
            lambda draw: draw.randint(10**39, 10**40),
            "holds '",
        ),
        (
            lambda draw: f"key {draw.random()}",
            "must have at most 100 labels, or numbers alone, got 500 such as 'key 0.",
        ),
        (
            lambda draw: draw.random() or 1 if draw.random() < 0.5 else "inf",
            "holds 'inf', and a model takes numbers from -3.4e+38 to 3.4e+38: write them in a larger unit",
        ),
        (lambda _: "no", "must have at least two values, got 'no'"),
    ],
)
def test_a_target_that_no_problem_has_is_refused_with_the_reason(
    target: Callable[[Random], object], reason: str
) -> None:
    with pytest.raises(DataError) as caught:
        suggested_problem("y", _labels(target))
    assert str(caught.value).startswith(f"target y {reason}")
