"""The bets on two streams of yes and no."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueprint.verdicts import Counts, ProportionTest, Regression, Safety
from blueprint.verdicts.proportions import log_e_value, nearest_green

rates = st.floats(0.001, 0.999)
requests = st.integers(1, 400)


def log_mean_e(*, green, blue, n_green, n_blue, margin, above, truth):
    """Log of the bet's exact mean when the true rates are `truth`: it factors over the requests."""

    def log_e(hits_green, hits_blue):
        counts = Counts.of(n_green, hits_green, n_blue, hits_blue)
        return float(log_e_value(counts, np.array([green]), np.array([blue]), margin=margin, above=above)[0])

    none = log_e(0, 0)
    gain_green, gain_blue = math.expm1(log_e(1, 0) - none), math.expm1(log_e(0, 1) - none)
    return none + n_green * math.log1p(truth[0] * gain_green) + n_blue * math.log1p(truth[1] * gain_blue)


@given(
    st.tuples(rates, rates),
    st.tuples(requests, requests),
    st.sampled_from([0.0, 0.02, -0.02, 0.3]),
    st.booleans(),
    st.tuples(rates, rates),
)
def test_no_bet_gains_on_average_while_its_null_holds(alternative, sizes, margin, above, place):
    (green, blue), (n_green, n_blue), (one, other) = alternative, sizes, place
    blue_truth = max(0.0, -margin) + one * (1 - abs(margin))
    border = blue_truth + margin
    inside = border * other if above else border + (1 - border) * other
    for green_truth in (border, inside):
        mean = log_mean_e(
            green=green,
            blue=blue,
            n_green=n_green,
            n_blue=n_blue,
            margin=margin,
            above=above,
            truth=(green_truth, blue_truth),
        )
        assert mean <= 1e-9


@given(rates, rates, requests, requests, st.sampled_from([0.0, 0.05, -0.05]))
def test_the_nearest_null_point_is_the_nearest_of_a_fine_grid(green, blue, n_green, n_blue, margin):
    def divergence(null_green):
        def kl(p, q):
            return p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))

        return n_green * kl(green, null_green) + n_blue * kl(blue, null_green - margin)

    found = nearest_green(np.array([green]), np.array([blue]), np.array([n_blue / n_green]), margin)
    grid = np.linspace(max(0.0, margin) + 1e-6, min(1.0, 1 + margin) - 1e-6, 2001)
    assert divergence(found)[0] <= divergence(grid).min() + 1e-9


def test_evidence_grows_when_the_new_fleet_fails_more_often():
    test = ProportionTest(0.005, Regression(), Safety(0.005))
    state = test.start()
    logs = []
    for _ in range(5):
        state = test.observe(state, Counts.of(200, 8, 600, 3))
        logs.append(float(state.log_regression))
    assert logs == sorted(logs)
    assert logs[-1] > math.log(300)
    assert state.log_safety < 0


def test_equal_fleets_are_shown_to_be_safe_and_never_worse():
    test = ProportionTest(0.005, Regression(), Safety(0.005))
    state = test.start()
    for _ in range(20):
        state = test.observe(state, Counts.of(400, 2, 1200, 6))
    assert state.log_safety > math.log(20)
    assert state.log_regression < 0


def test_a_fleet_that_turns_bad_late_is_found_soon_all_the_same():
    test = ProportionTest(0.005, Regression())
    state = test.start()
    for _ in range(100):
        state = test.observe(state, Counts.of(200, 1, 600, 3))
    looks = 0
    while state.log_regression < math.log(300):
        state = test.observe(state, Counts.of(200, 6, 600, 3))
        looks += 1
    assert looks <= 10


def test_the_capital_that_bets_and_the_part_that_waits_add_up_to_one():
    test = ProportionTest(0.01, Regression())
    state = test.start()
    for _ in range(30):
        assert state.log_regression == pytest.approx(0)
        state = test.observe(state, Counts.of(0, 0, 10, 0))


@pytest.mark.parametrize("counts", [Counts.of(0, 0, 500, 20), Counts.of(500, 20, 0, 0)])
def test_a_block_without_one_of_the_fleets_is_no_evidence(counts):
    test = ProportionTest(0.01, Regression(), Safety(0.01))
    state = test.observe(test.start(), counts)
    assert state.log_regression == pytest.approx(0)
    assert state.log_safety == pytest.approx(0)


def test_two_sided_bets_win_in_both_directions():
    test = ProportionTest(0.5, Regression(0.02, step=0.02, two_sided=True))
    for hits in (200, 300):
        assert test.observe(test.start(), Counts.of(500, hits, 5000, 2500)).log_regression > math.log(20)


def test_rollouts_side_by_side_are_judged_as_each_alone():
    test = ProportionTest(0.005, Regression(), Safety(0.005, two_sided=True))
    hits = np.array([0.0, 3.0, 9.0])
    both = test.observe(test.start((3,)), Counts.of(100, hits, 300, 2))
    alone = [test.observe(test.start(), Counts.of(100, hit, 300, 2)) for hit in hits]
    assert both.log_regression == pytest.approx([float(state.log_regression) for state in alone])
    assert both.log_safety == pytest.approx([float(state.log_safety) for state in alone])


def test_more_hits_than_requests_are_refused():
    with pytest.raises(ValueError, match="hits must be in 0"):
        Counts.of(10, 11, 10, 0)
