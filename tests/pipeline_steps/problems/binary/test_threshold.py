import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_steps.errors import StepError
from pipeline_steps.problems.binary.threshold import choose_threshold, cut_outcomes

ROWS = st.lists(st.tuples(st.booleans(), st.floats(0, 1, width=32)), min_size=1, max_size=60)
ACCURACY = {"maximise": "accuracy"}
VALUE = {"currency": "EUR", "true_positive": 100, "false_positive": -2, "true_negative": 0, "false_negative": 0}


@given(ROWS)
def test_every_cut_labels_the_rows_that_are_counted_in_either_precision(rows: list[tuple[bool, float]]) -> None:
    positive, scores = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], dtype=np.float32)
    for cut, hits, said in zip(*(each.tolist() for each in cut_outcomes(positive, scores)), strict=True):
        assert 0 <= cut <= 1
        for labels in (scores >= np.float32(cut), scores.astype(np.float64) >= cut):
            assert (labels.sum(), (labels & positive).sum()) == (said, hits)


def test_scores_that_are_neighbouring_numbers_are_told_apart() -> None:
    lower = np.float32(0.3)
    scores = np.repeat([lower, np.nextafter(lower, np.float32(1))], 9)
    positive = np.arange(18) >= 9
    assert ((scores >= np.float32(choose_threshold(positive, scores, ACCURACY, None))) == positive).all()


@given(ROWS, st.sampled_from(["accuracy", "f1", "value"]))
def test_no_cut_is_better_by_more_than_the_rows_between_may_be_by_luck(
    rows: list[tuple[bool, float]], maximise: str
) -> None:
    positive, scores = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], dtype=np.float32)
    threshold = choose_threshold(positive, scores, {"maximise": maximise}, VALUE)
    cuts = cut_outcomes(positive, scores)
    assert threshold in cuts.thresholds
    if maximise == "accuracy":
        right = cuts.hits + (len(rows) - cuts.said) - (positive.sum() - cuts.hits)
        place, best = cuts.thresholds.tolist().index(threshold), int(right.argmax())
        assert right[best] - right[place] <= np.sqrt(abs(cuts.said[best] - cuts.said[place]))


def rows_of(count: int, *, share: float = 1.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Calibrated scores with their outcomes."""
    generator = np.random.default_rng(seed)
    scores = (share * generator.uniform(size=count)).astype(np.float32)
    return generator.uniform(size=count) < scores, scores


def test_a_calibrated_model_is_cut_at_break_even() -> None:
    positive, scores = rows_of(2000)
    assert choose_threshold(positive, scores, ACCURACY, None) == pytest.approx(0.5, abs=0.03)
    assert choose_threshold(positive, scores, {}, VALUE) == pytest.approx(2 / 102, abs=0.01)
    assert choose_threshold(positive, scores, {}, None) == pytest.approx(0.38, abs=0.04)  # half of the F1 it reaches


def test_a_model_that_scores_too_low_is_cut_lower() -> None:
    positive, scores = rows_of(2000)
    assert 0.05 < choose_threshold(positive, scores * np.float32(0.2), ACCURACY, None) < 0.2


def test_rare_positives_are_found_where_missing_them_is_what_costs() -> None:
    positive, scores = rows_of(5000, share=0.05)
    accurate, valuable = (choose_threshold(positive, scores, maximise, VALUE) for maximise in (ACCURACY, {}))
    assert (scores >= accurate).sum() == 0
    assert (100 * positive - 2 * ~positive)[scores >= valuable].sum() > 4000


def test_a_share_of_the_rows_or_a_precision_can_be_asked_for() -> None:
    positive, scores = rows_of(2000)
    top = choose_threshold(positive, scores, {"maximise": "top_share", "share": 0.01}, None)
    assert (scores >= top).sum() == 20
    precise = scores >= choose_threshold(positive, scores, {"maximise": "recall_at_precision", "precision": 0.8}, None)
    assert 0.8 <= positive[precise].mean() < 0.85
    for_later = [rows_of(200, seed=seed) for seed in range(30)]
    cuts = [choose_threshold(*rows, {"maximise": "recall_at_precision", "precision": 0.7}, None) for rows in for_later]
    assert np.mean([(1 + cut) / 2 for cut in cuts]) > 0.71  # the mean score above the cut is what it will be right
    recall = [
        choose_threshold(positive, scores, {"maximise": "f_beta", "beta": beta}, None) for beta in (0.5, 1.0, 2.0)
    ]
    assert recall == sorted(recall, reverse=True)


def test_value_must_be_given_to_be_maximised() -> None:
    with pytest.raises(StepError, match=r"needs \[value\], got none"):
        choose_threshold(*rows_of(10), {"maximise": "value"}, None)
    with pytest.raises(StepError, match="must be one of value, accuracy"):
        choose_threshold(*rows_of(10), {"maximise": "luck"}, None)
