import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline_steps.problems.binary.threshold import _accuracy_of_cuts, accurate_threshold

ROWS = st.lists(st.tuples(st.booleans(), st.floats(0, 1, width=32)), min_size=1, max_size=60)


@given(ROWS)
def test_every_cut_labels_as_many_rows_right_as_is_counted(rows: list[tuple[bool, float]]) -> None:
    positive, scores = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], dtype=np.float32)
    cuts, right = _accuracy_of_cuts(positive, scores)
    inside = np.diff(np.unique(scores).astype(np.float64), prepend=-1.0, append=2.0).min() > 1e-30
    if inside:  # neighbours closer than float64 resolves have no middle
        counted = [int(((scores.astype(np.float64) >= cut) == positive).sum()) for cut in cuts[1:-1]]
        assert counted == right[1:-1].tolist()


@given(ROWS)
def test_the_threshold_is_within_one_standard_error_of_the_best(rows: list[tuple[bool, float]]) -> None:
    positive, scores = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], dtype=np.float32)
    threshold = accurate_threshold(positive, scores)
    _, right = _accuracy_of_cuts(positive, scores)
    best = right.max() / len(rows)
    reached = ((scores.astype(np.float64) >= threshold) == positive).mean()
    assert 0 <= threshold <= 1
    assert reached >= best - np.sqrt(best * (1 - best) / len(rows)) - 1e-12 or threshold in {0.0, 1.0}


def test_a_calibrated_model_is_cut_near_one_half() -> None:
    generator = np.random.default_rng(0)
    scores = generator.uniform(size=2000).astype(np.float32)
    assert abs(accurate_threshold(generator.uniform(size=2000) < scores, scores) - 0.5) < 0.01


def test_a_model_that_scores_too_low_is_cut_lower() -> None:
    generator = np.random.default_rng(0)
    chance = generator.uniform(size=2000)
    threshold = accurate_threshold(generator.uniform(size=2000) < chance, (chance * 0.2).astype(np.float32))
    assert 0.05 < threshold < 0.2
