"""What sways a model, and by how much its order of columns may change."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline_steps.monitoring.attributions import attribution_violations, attributions, ndcg
from pipeline_steps.monitoring.baseline import Baseline
from pipeline_steps.monitoring.bins import Bins

INFINITY = np.float32(np.inf)


def bins(name: str, values: list[float], counts: list[int], *, missing: int = 0) -> Bins:
    edges = np.array([*values, values[-1] + 1, INFINITY], dtype=np.float32)
    return Bins(name, edges, np.array([0, *counts, 0, missing]))


BASELINE = Baseline(
    (bins("a", [0, 1], [50, 50]), bins("b", [0, 10], [75, 25]), bins("c", [5], [9])), bins("s", [0], [1]), None
)


def sum_of_a_and_b(features: NDArray[np.float32]) -> NDArray[np.float32]:
    return features[:, 0] * 0.2 + features[:, 1] * 0.04


def test_an_attribution_is_the_distance_from_what_training_saw() -> None:
    rows = np.array([[0, 0, 5], [1, 0, 5]], dtype=np.float32)
    found = attributions(sum_of_a_and_b, BASELINE, rows, rows=10)
    # a: 0 and 1 against a mean of 0.5; b: 0 against a mean of 2.5
    assert found == pytest.approx({"a": 0.1, "b": 0.1, "c": 0.0}, abs=1e-6)


def test_a_value_that_training_often_missed_is_occluded_by_missing_too() -> None:
    baseline = Baseline((bins("a", [1], [50], missing=50),), bins("s", [0], [1]), None)
    found = attributions(lambda x: np.nan_to_num(x[:, 0]), baseline, np.array([[1]], dtype=np.float32), rows=10)
    assert found == {"a": 0.5}


def test_a_sample_is_the_same_each_time_and_near_the_whole() -> None:
    rows = np.random.default_rng(1).choice([0, 1, 10], (5000, 3)).astype(np.float32)
    found = [attributions(sum_of_a_and_b, BASELINE, rows, rows=500) for _ in range(2)]
    assert found[0] == found[1]
    assert found[0] == pytest.approx(attributions(sum_of_a_and_b, BASELINE, rows, rows=5000), rel=0.1)


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


@pytest.mark.parametrize(("found", "told"), [(0.89, 1), (0.9, 0), (1.0, 0)])
def test_a_gain_below_the_limit_is_a_violation(found: float, told: int) -> None:
    assert len(list(attribution_violations("bought", found, 0.9))) == told
