"""What sways a model."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline_steps.baseline.attributions import attributions
from pipeline_steps.baseline.baseline import Baseline
from pipeline_steps.baseline.bins import Bins
from tests.contracts import binary_contract

INFINITY = np.float32(np.inf)


def bins(name: str, values: list[float], counts: list[int], *, missing: int = 0) -> Bins:
    edges = np.array([*values, values[-1] + 1, INFINITY], dtype=np.float32)
    return Bins(name, edges, np.array([0, *counts, 0, missing]))


CONTRACT = binary_contract()
BASELINE = Baseline(
    (bins("a", [0, 1], [50, 50]), bins("b", [0, 10], [75, 25]), bins("c", [5], [9])), bins("s", [0], [1]), None
)


def sum_of_a_and_b(features: NDArray[np.float32]) -> NDArray[np.float32]:
    return features[:, 0] * 0.2 + features[:, 1] * 0.04


def test_an_attribution_is_the_distance_from_what_training_saw() -> None:
    rows = np.array([[0, 0, 5], [1, 0, 5]], dtype=np.float32)
    found = attributions(sum_of_a_and_b, CONTRACT, BASELINE, rows, rows=10)
    # a: 0 and 1 against a mean of 0.5; b: 0 against a mean of 2.5
    assert found == pytest.approx({"a": 0.1, "b": 0.1, "c": 0.0}, abs=1e-6)


def test_a_value_that_training_often_missed_is_occluded_by_missing_too() -> None:
    baseline = Baseline((bins("a", [1], [50], missing=50),), bins("s", [0], [1]), None)
    found = attributions(
        lambda x: np.nan_to_num(x[:, 0]), CONTRACT, baseline, np.array([[1]], dtype=np.float32), rows=10
    )
    assert found == {"a": 0.5}


def test_a_sample_is_the_same_each_time_and_near_the_whole() -> None:
    rows = np.random.default_rng(1).choice([0, 1, 10], (5000, 3)).astype(np.float32)
    found = [attributions(sum_of_a_and_b, CONTRACT, BASELINE, rows, rows=500) for _ in range(2)]
    assert found[0] == found[1]
    assert found[0] == pytest.approx(attributions(sum_of_a_and_b, CONTRACT, BASELINE, rows, rows=5000), rel=0.1)
