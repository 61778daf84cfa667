"""What a replay proves of where scores lie, and what it does not."""

import math

import numpy as np
import pytest

from pipeline_steps.baseline.baseline import ScoreRanks
from pipeline_steps.baseline.cuts import RANKS
from pipeline_steps.gates.score_differences import PairedScores
from pipeline_steps.gates.score_proof import score_shares

RNG = np.random.default_rng(4)


def ranks_of(scores):
    return ScoreRanks.from_document({"ranks": np.quantile(scores, RANKS).tolist(), "rows": len(scores)})


def paired(champion, candidate, *, a_request=1):
    nothing = np.zeros(len(champion))
    numbers = np.arange(len(champion)) // a_request
    return PairedScores(numbers, champion, candidate, nothing, nothing)


def bound(candidate, champion, *, a_request=1, own=None):
    ranks = [ranks_of(each) for each in (champion, candidate if own is None else own)]
    return score_shares(paired(champion, candidate, a_request=a_request), *ranks, error=0.05)


def test_a_model_that_ranks_the_same_requests_alike_is_proven_on_some_hundred_whatever_its_scale():
    scores = RNG.normal(size=600)
    found = bound(5 + 3 * scores + 0.1 * RNG.normal(size=600), scores)
    assert found.requests == 600
    assert found.at_most < 0.05


def test_scores_that_move_away_from_the_models_own_ranks_are_not_proven():
    scores = RNG.normal(size=600)
    assert bound(scores + 0.4, scores, own=scores).at_most > 0.1


def test_rows_of_one_request_count_once_and_few_requests_prove_nothing():
    scores = RNG.normal(size=600)
    found = bound(scores, scores, a_request=10)
    assert found.requests == 60
    assert math.isnan(found.at_most)
    assert math.isnan(score_shares(paired(scores, scores), None, ranks_of(scores), error=0.05).at_most)


@pytest.mark.parametrize("alike", [1, 20])
def test_neighbours_that_are_alike_are_worth_less(alike):
    scores = np.repeat(RNG.normal(size=1000 // alike), alike)
    noise = np.repeat(RNG.normal(size=1000 // alike), alike)
    found = bound(scores + noise, scores).at_most
    assert (found > 0.06) == (alike == 20)


def test_no_difference_in_so_many_requests_is_not_none_in_all():
    scores = RNG.normal(size=300)
    assert bound(scores, scores).at_most == pytest.approx(3 / 300, rel=0.01)
