import importlib
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_steps.problems.binary.metrics import confusion, roc_curve
from pipeline_steps.problems.binary.problem import BINARY
from pipeline_steps.tables.use_case import UseCase

# few distinct scores, so that ties are the rule
ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 12)), min_size=2, max_size=80).filter(
    lambda rows: len({row[0] for row in rows}) == 2
)


def scikit_learn() -> ModuleType:
    """Its metrics, imported when a test runs: the import takes a second, which collection need not wait for."""
    return importlib.import_module("sklearn.metrics")


def measure(positive: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    use_case = UseCase(problem="binary", columns=(), target="y", metric="auc")
    return BINARY.measure(positive.astype(np.float64), scores, {"threshold": 0.5}, use_case)


@settings(max_examples=30)
@given(ROWS)
def test_every_metric_agrees_with_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    reference, positive = scikit_learn(), np.array([row[0] for row in rows])
    scores = np.array([row[1] / 13 + 0.01 for row in rows], dtype=np.float32)
    found = measure(positive, scores)
    predicted = scores >= 0.5
    expected = {
        "accuracy": reference.accuracy_score(positive, predicted),
        "auc": reference.roc_auc_score(positive, scores),
        "average_precision": reference.average_precision_score(positive, scores),
        "precision": reference.precision_score(positive, predicted, zero_division=0),
        "recall": reference.recall_score(positive, predicted),
        "f1": reference.f1_score(positive, predicted, zero_division=0),
        "log_loss": reference.log_loss(positive, scores.astype(np.float64)),
        "brier": reference.brier_score_loss(positive, scores.astype(np.float64)),
    }
    assert found == pytest.approx(expected, abs=1e-9)


@settings(max_examples=30)
@given(ROWS)
def test_the_confusion_counts_every_row_once(rows: list[tuple[bool, int]]) -> None:
    positive, scores = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], dtype=np.float32)
    outcomes = confusion(positive, scores, 6)
    expected = scikit_learn().confusion_matrix(positive, scores >= 6, labels=[False, True]).tolist()
    found = [[outcomes.true_negative, outcomes.false_positive], [outcomes.false_negative, outcomes.true_positive]]
    assert found == expected
    assert outcomes.rows == len(rows)


@given(ROWS, st.integers(2, 10))
def test_a_thinned_curve_runs_from_corner_to_corner(rows: list[tuple[bool, int]], points: int) -> None:
    positive, scores = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], dtype=np.float32)
    false_rates, true_rates = roc_curve(positive, scores, points=points)
    assert (false_rates[0], true_rates[0], false_rates[-1], true_rates[-1]) == (0, 0, 1, 1)
    assert len(false_rates) == len(true_rates) <= points
    assert (np.diff(false_rates) >= 0).all()


def test_certain_and_wrong_costs_much_but_is_finite() -> None:
    assert measure(np.array([True, False]), np.array([0, 1], dtype=np.float32))["log_loss"] < 40


def test_one_class_cannot_be_ranked() -> None:
    with pytest.raises(ValueError, match="both classes must be there"):
        measure(np.array([True, True]), np.array([0.1, 0.2], dtype=np.float32))
