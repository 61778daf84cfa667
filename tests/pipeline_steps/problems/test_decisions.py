from typing import Any

import numpy as np
import pytest

from pipeline_steps.errors import StepError
from pipeline_steps.problems.binary.curve import threshold_curve
from pipeline_steps.problems.registry import problem_named
from pipeline_steps.tables.use_case import UseCase

REGRESSION = problem_named("regression")
MULTICLASS = problem_named("multiclass")
COSTS = {"currency": "EUR", "overestimate": -1.0, "underestimate": -4.0}


def use_case(problem: str, **given: Any) -> UseCase:
    return UseCase(**({"problem": problem, "columns": (), "target": "y", "metric": "", "classes": ("a", "b")} | given))


def numbers(rows: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Targets, and outputs that miss them by a deviation of 3."""
    generator = np.random.default_rng(seed)
    target = generator.normal(100, 10, rows)
    return target, (target + 3 * generator.normal(size=rows)).astype(np.float32)


@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_an_interval_holds_the_share_of_later_numbers_that_was_asked_for(coverage: float) -> None:
    asked = use_case("regression", decision={"interval": coverage})
    decision = REGRESSION.choose_decision(*numbers(400, seed=0), asked)
    later = numbers(4000, seed=1)
    assert REGRESSION.measure(*later, decision, asked)["interval_coverage"] == pytest.approx(coverage, abs=0.04)


def test_an_interval_of_few_rows_is_as_wide_as_any_error() -> None:
    target, outputs = numbers(5, seed=0)
    decision = REGRESSION.choose_decision(target, outputs, use_case("regression", decision={"interval": 0.9}))
    assert decision["interval"]["half_width"] == pytest.approx(np.abs(target - outputs).max())


def test_amounts_are_raised_where_too_little_costs_more_and_left_where_both_cost_the_same() -> None:
    priced = use_case("regression", value=COSTS)
    decision = REGRESSION.choose_decision(*numbers(400, seed=0), priced)
    assert decision["shift"] == pytest.approx(3 * 0.8416, abs=0.5)  # the 0.8 quantile of the errors
    later = numbers(4000, seed=1)
    worth = [REGRESSION.measure(*later, each, priced)["value_per_1000"] for each in (decision, {})]
    assert worth[0] > worth[1] + 1000
    even = use_case("regression", value=COSTS | {"underestimate": -1.0})
    assert REGRESSION.choose_decision(*numbers(400, seed=0), even)["shift"] == 0


def test_an_amount_is_not_moved_without_end_where_one_direction_costs_nothing() -> None:
    free = use_case("regression", value=COSTS | {"overestimate": 0.0})
    assert REGRESSION.choose_decision(*numbers(400, seed=0), free)["shift"] == 0


def test_the_values_of_labels_are_read_by_their_names_and_pairs_left_out_are_worth_nothing() -> None:
    value = {"currency": "EUR", "matrix": {"b": {"a": -5, "b": 1.0}, "a": {"b": -1}}}
    target, outputs = np.array([0.0, 1.0]), np.array([[0.7, 0.3], [0.2, 0.8]], dtype=np.float32)
    priced = use_case("multiclass", value=value)
    assert MULTICLASS.choose_decision(target, outputs, priced) == {"values": [[0, -1], [-5, 1]]}
    by_accuracy = use_case("multiclass", value=value, decision={"maximise": "accuracy"})
    assert MULTICLASS.choose_decision(target, outputs, by_accuracy) == {}
    wrong = use_case("multiclass", value={"matrix": {"a": {"B": 1}}})
    with pytest.raises(StepError, match="must name labels of the target, one of a, b; got 'B'; there is 'b'"):
        MULTICLASS.choose_decision(target, outputs, wrong)


@pytest.mark.parametrize(
    ("problem", "metric", "train", "outputs", "naive"),
    [
        ("binary", "auc", [0, 0, 0, 1], np.zeros(2), [0.25, 0.25]),
        ("multiclass", "accuracy", [0, 0, 0, 1], np.zeros((2, 2)), [[0.75, 0.25]] * 2),
        ("regression", "rmse", [0, 0, 9], np.zeros(2), [3, 3]),
        ("regression", "mae", [0, 0, 9], np.zeros(2), [0, 0]),
    ],
)
def test_the_naive_reference_knows_the_targets_of_training_alone(
    problem: str, metric: str, train: list[float], outputs: np.ndarray, naive: list[Any]
) -> None:
    given = np.array(train, dtype=np.float64), outputs.astype(np.float32), np.zeros(2)
    assert problem_named(problem).naive_outputs(*given, use_case(problem, metric=metric)).tolist() == naive


def test_a_curve_has_at_most_200_thresholds_from_all_positive_to_none() -> None:
    generator = np.random.default_rng(0)
    scores = generator.uniform(0.1, 0.9, 1000).astype(np.float32)
    positive = generator.uniform(size=1000) < scores
    value = {"true_positive": 10, "false_positive": -5, "true_negative": 0, "false_negative": -1}
    curve = threshold_curve(positive, scores, value)
    assert len(curve) == 200
    first, last = curve[0], curve[-1]
    assert (first["recall"], first["share_positive"], last["recall"], last["share_positive"]) == (1, 1, 0, 0)
    assert first["value_per_1000"] == pytest.approx(10 * positive.sum() - 5 * (~positive).sum())
    assert last["value_per_1000"] == pytest.approx(-positive.sum())
    for point in curve[::50]:
        found = problem_named("binary").measure(
            positive.astype(np.float64), scores, {"threshold": point["threshold"]}, use_case("binary", value=value)
        )
        shown = {name: found[name] for name in point.keys() & found.keys()}
        assert len(shown) == 5
        assert {name: point[name] for name in shown} == pytest.approx(shown)
