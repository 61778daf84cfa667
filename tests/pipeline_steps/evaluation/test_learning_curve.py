from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.evaluation.learning_curve import Point, learning_curve


def test_parts_lie_within_each_other_and_have_every_stratum_in_its_share() -> None:
    strata = np.array([0] * 900 + [1] * 100)
    parts: list[NDArray[np.int64]] = []

    def fit(rows: NDArray[np.int64]) -> Point:
        parts.append(rows)
        return Point(1.0, 0.5)

    curve = learning_curve(strata, fit, whole=Point(0.9, 0.8))
    assert [each["rows"] for each in curve] == [126, 250, 500, 1000]
    assert curve[-1] == {"rows": 1000, "train": 0.9, "validation": 0.8}
    for small, large in pairwise(parts):
        assert set(small) < set(large)
    assert all(abs(strata[rows].mean() - 0.1) < 0.005 for rows in parts)


def test_a_large_table_costs_no_more_than_twenty_thousand_rows_and_a_tiny_one_has_the_last_point_alone() -> None:
    fitted = []

    def fit(rows: NDArray[np.int64]) -> Point:
        fitted.append(len(rows))
        return Point(1.0, 0.5)

    learning_curve(np.zeros(100_000, dtype=np.int64), fit, whole=Point(1, 1))
    assert fitted == [2500, 5000, 10_000]
    assert len(learning_curve(np.zeros(60, dtype=np.int64), fit, whole=Point(1, 1))) == 1
