import numpy as np
import pandas as pd
import pytest

from pipeline_steps.problems.registry import problem_named
from pipeline_steps.tables.use_case import UseCase

UNKNOWN = np.full(400, np.nan)


def use_case(problem: str, **given: object) -> UseCase:
    return UseCase(problem=problem, columns=(), target=None, metric="", **given)


def table() -> pd.DataFrame:
    """Two columns that say the same."""
    numbers = np.random.default_rng(0).normal(size=400)
    return pd.DataFrame({"x": numbers, "name": np.where(numbers > 0, "high", "low")})


@pytest.mark.parametrize("problem", ["anomaly", "clustering"])
def test_rows_with_permuted_columns_follow_the_real_ones(problem: str) -> None:
    rows, target = problem_named(problem).comparison_rows(table(), UNKNOWN, use_case(problem), seed=1)
    pd.testing.assert_frame_equal(rows[target == 0], table())
    permuted = rows[target == 1].reset_index(drop=True)
    assert len(permuted) == 400
    assert sorted(permuted["x"]) == sorted(table()["x"])
    assert 0.4 < ((permuted["x"] > 0) == (permuted["name"] == "high")).mean() < 0.6
    pd.testing.assert_frame_equal(
        rows, problem_named(problem).comparison_rows(table(), UNKNOWN, use_case(problem), seed=1)[0]
    )


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression", "anomaly"])
def test_rows_with_labels_are_compared_as_they_are(problem: str) -> None:
    labels = np.arange(400.0) % 2
    known = UseCase(problem=problem, columns=(), target="y", metric="")
    rows, target = problem_named(problem).comparison_rows(table(), labels, known, seed=1)
    pd.testing.assert_frame_equal(rows, table())
    assert target is labels


def test_clusters_of_unrelated_columns_are_no_clearer_than_the_naive_ones() -> None:
    generator = np.random.default_rng(0)
    clustering, target = problem_named("clustering"), np.repeat([0.0, 1.0], 400)
    clear = np.concatenate(
        [generator.permuted(np.tile([0.1, 5.0], (400, 1)), axis=1), generator.uniform(1, 5, (400, 2))]
    )
    for outputs, gain in ((clear, 0.3), (generator.uniform(1, 5, (800, 2)), 0.0)):
        shown = outputs.astype(np.float32)
        naive = clustering.naive_outputs(UNKNOWN, shown, target, use_case("clustering"))
        found = [clustering.measure(target, each, {}, use_case("clustering"))["silhouette"] for each in (shown, naive)]
        assert found[0] - found[1] > gain - 0.05
        assert gain or found[0] - found[1] < 0.05


def test_one_row_of_a_hundred_is_anomalous_unless_another_share_is_asked_for() -> None:
    anomaly, scores = problem_named("anomaly"), np.random.default_rng(0).uniform(size=400).astype(np.float32)
    shown, target = np.concatenate([scores, np.ones(400, np.float32)]), np.repeat([0.0, 1.0], 400)
    for asked, rows in (({}, 4), ({"maximise": "top_share", "share": 0.1}, 40)):
        given = use_case("anomaly", decision=asked)
        decision = anomaly.choose_decision(target, shown, given)
        assert anomaly.labels(scores, decision).sum() == rows
        assert anomaly.measure(target, shown, decision, given)["flagged_share"] == rows / 400
        assert anomaly.decision_curve(target, shown, given)[0]["share_positive"] == 1
    assert anomaly.choose_decision(UNKNOWN, scores, use_case("anomaly")) == anomaly.choose_decision(
        target, shown, use_case("anomaly")
    )


def test_known_labels_choose_the_threshold_of_anomalies_and_are_no_order_of_categories() -> None:
    generator = np.random.default_rng(0)
    labels = (np.arange(400) % 20 == 0).astype(np.float64)
    scores = (0.3 + 0.3 * generator.uniform(size=400) + 0.3 * labels).astype(np.float32)
    known = UseCase(problem="anomaly", columns=(), target="y", metric="", positive_label="odd")
    anomaly = problem_named("anomaly")
    decision = anomaly.choose_decision(labels, scores, known)
    assert anomaly.measure(labels, scores, decision, known)["f1"] == 1
    assert not anomaly.category_order(labels).any()
