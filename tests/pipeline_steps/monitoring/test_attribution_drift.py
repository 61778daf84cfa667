"""By how much the order of the columns' attributions may change."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_steps.monitoring.attribution_drift import attribution_violations, ndcg


def test_the_example_of_clarifys_documentation() -> None:
    usual = {"SAT score": 0.70, "GPA": 0.50, "Class rank": 0.05}
    now = {"SAT score": 0.10, "GPA": 0.20, "Class rank": 0.70}
    ideal = 0.70 + 0.50 / math.log2(3) + 0.05 / 2
    assert ndcg(usual, now) == pytest.approx((0.05 + 0.50 / math.log2(3) + 0.70 / 2) / ideal)
    assert ndcg(usual, now) < 0.9


values = st.dictionaries(st.text(min_size=1, max_size=3), st.floats(0, 1), min_size=1, max_size=8)


@given(values, st.randoms(use_true_random=False))
def test_no_order_gains_more_than_the_usual_one(usual: dict[str, float], chance: object) -> None:
    now = {name: chance.random() for name in usual}  # type: ignore[attr-defined]
    assert ndcg(usual, usual) == pytest.approx(1)
    assert 0 <= ndcg(usual, now) <= 1 + 1e-9


def test_columns_of_like_weight_may_change_places() -> None:
    assert ndcg({"a": 0.50, "b": 0.49, "c": 0.01}, {"a": 0.49, "b": 0.50, "c": 0.01}) > 0.99


@pytest.mark.parametrize(("found", "reported"), [(0.89, 1), (0.9, 0), (1.0, 0)])
def test_a_gain_below_the_limit_is_a_violation(found: float, reported: int) -> None:
    assert len(list(attribution_violations("bought", found, 0.9))) == reported
