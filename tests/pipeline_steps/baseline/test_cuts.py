import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline_steps.baseline.baseline import Baseline, ScoreRanks
from pipeline_steps.baseline.cuts import RANKS, SAME_SCORE, Cut, cut_scores
from pipeline_steps.baseline.distribution import training_distribution
from tests.contracts import binary_contract

CONTRACT = binary_contract(target="t", positive_label="1", algorithm="x")

Scores = NDArray[np.float32]

_values = st.floats(0, 1, width=32)
_samples = st.one_of(
    st.lists(_values, min_size=1, max_size=200),
    st.lists(st.sampled_from([0.0, 1e-6, 0.25, 0.250001, 0.5, 0.9, 0.900015, 1.0]), min_size=1, max_size=200),
    st.lists(st.integers(0, 40), min_size=1, max_size=200).map(lambda steps: [0.5 + step * 3e-7 for step in steps]),
).map(lambda values: np.array(values, dtype=np.float32))


def baseline_of(scores: Scores) -> Baseline:
    return Baseline.from_document(training_distribution((), pd.DataFrame(), scores), CONTRACT)


def ranks_of(scores: Scores) -> ScoreRanks:
    ranks = baseline_of(scores).ranks
    assert ranks is not None
    return ranks


@given(_samples)
@example(np.array([0.5], dtype=np.float32))
@example(np.array([0.3] * 95 + [0.1] * 2 + [0.7] * 3, dtype=np.float32))
def test_over_the_baseline_itself_every_share_is_its_rank(scores: Scores) -> None:
    ranks = ranks_of(scores)
    for rank, cut in zip(RANKS, (ranks.low, ranks.middle, ranks.high), strict=True):
        assert cut.above(scores).mean() == pytest.approx(1 - rank, abs=1e-12)
    assert ranks.upper_half(scores).mean() == pytest.approx(0.5, abs=1e-12)
    assert ranks.tails(scores).mean() == pytest.approx(0.2, abs=1e-12)


@given(_samples, st.lists(_values, min_size=1, max_size=50).map(lambda values: np.array(values, dtype=np.float32)))
def test_no_score_counts_less_than_nothing_or_more_than_once(sample: Scores, served: Scores) -> None:
    ranks = ranks_of(sample)
    for scores in (sample, served):
        for hits in (ranks.upper_half(scores), ranks.tails(scores)):
            assert ((hits >= 0) & (hits <= 1)).all()
            assert hits.sum() <= len(scores)


@given(_samples, st.integers(0, 2**32 - 1))
def test_another_machines_rounding_moves_no_share(scores: Scores, seed: int) -> None:
    distinct = np.unique(scores)
    assume((np.diff(distinct) > 4 * SAME_SCORE * distinct[1:]).all())
    rounding = np.random.default_rng(seed).integers(-8, 9, len(scores)) * np.float32(2**-24)
    served = scores * (1 + rounding).astype(np.float32)
    baseline, ranks = baseline_of(scores), ranks_of(scores)
    assert ranks.upper_half(served).tolist() == ranks.upper_half(scores).tolist()
    assert ranks.tails(served).tolist() == ranks.tails(scores).tolist()
    assert baseline.score.count(served).tolist() == baseline.score.count(scores).tolist()


def test_without_ties_the_shares_are_those_of_plain_counting() -> None:
    scores = np.random.default_rng(1).permutation(np.linspace(0, 1, 1000, dtype=np.float32))
    ranks = ranks_of(scores)
    assert ranks.upper_half(scores).tolist() == (scores > np.median(scores)).tolist()
    assert int(ranks.tails(scores).sum()) == 200


def test_one_score_at_every_cut_is_half_above_and_a_fifth_in_the_tails() -> None:
    ranks = ranks_of(np.array([0.3] * 100, dtype=np.float32))
    (half,), (tails,) = (share(np.array([0.3], dtype=np.float32)) for share in (ranks.upper_half, ranks.tails))
    assert (half, tails) == pytest.approx((0.5, 0.2))
    assert ranks.upper_half(np.array([0.2, 0.4], dtype=np.float32)).tolist() == [0, 1]
    assert ranks.tails(np.array([0.2, 0.4], dtype=np.float32)).tolist() == [1, 1]


def test_ties_of_two_cuts_that_overlap_are_shared() -> None:
    _, (low, middle, high) = cut_scores(np.array([0.5] * 2 + [0.500006] * 17 + [0.50001] * 1, dtype=np.float32))
    assert low == middle == high
    assert (low["below"], low["equal"]) == (0, 20)


@pytest.mark.parametrize(
    "change",
    [{"low": 0.6}, {"below": -1}, {"below": 51}, {"equal": 0}, {"equal": 30}, {"equal": 101}],
)
def test_a_tie_that_cannot_be_is_refused(change: dict[str, float]) -> None:
    tie = {"low": 0.5, "high": 0.5, "below": 10, "equal": 50}
    assert Cut.of_tie(0.5, 100, tie).tied_above == pytest.approx(0.2)
    with pytest.raises(ValueError, match=r"the scores that tie at rank 0\.5 cannot be "):
        Cut.of_tie(0.5, 100, tie | change)
