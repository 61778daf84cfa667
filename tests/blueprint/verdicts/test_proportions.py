"""The bets on two streams of yes and no."""

import math
import subprocess
import sys
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blueprint.verdicts import Counts, ProportionTest, Regression, Safety
from blueprint.verdicts.proportions import log_e_value, nearest_green

rates = st.floats(0.001, 0.999)
requests = st.integers(1, 400)


def log_mean_e(*, green, blue, n_green, n_blue, margin, above, truth):
    """Log of the bet's exact mean when the true rates are `truth`: it factors over the requests."""

    def log_e(hits_green, hits_blue):
        counts = Counts.of(n_green, hits_green, n_blue, hits_blue)
        return log_e_value(counts, green, blue, margin=margin, above=above)

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

    found = nearest_green(green, blue, n_blue / n_green, margin)
    grid = np.linspace(max(0.0, margin) + 1e-6, min(1.0, 1 + margin) - 1e-6, 2001)
    assert divergence(found) <= divergence(grid).min() + 1e-9


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


@pytest.mark.parametrize("falling", [1.0, 0.5])
def test_the_capital_that_bets_and_the_part_that_waits_add_up_to_one(falling):
    test = ProportionTest(0.01, Regression(falling=falling))
    state = test.start()
    for _ in range(30):
        assert state.log_regression == pytest.approx(0)
        state = test.observe(state, Counts.of(0, 0, 10, 0))


@settings(deadline=None)
@given(st.floats(0.005, 0.9), requests, requests, st.floats(0.3, 1), st.booleans())
def test_the_weighted_mixture_of_all_bets_gains_nothing_on_average_while_both_fleets_are_alike(
    rate, n_green, n_blue, falling, two_sided
):
    regression = Regression(0.0, two_sided=two_sided, falling=falling)
    e_values = 0.0
    for shift, weight in zip(regression.shifts, regression.weights, strict=True):
        mean = log_mean_e(
            green=min(max(rate + shift, 1e-6), 1 - 1e-6),
            blue=rate,
            n_green=n_green,
            n_blue=n_blue,
            margin=0.0,
            above=shift > 0,
            truth=(rate, rate),
        )
        e_values += weight * math.exp(mean)
    assert e_values / sum(regression.weights) <= 1 + 1e-9


def test_smaller_regressions_weigh_more_where_the_weights_fall():
    counts = Counts.of(4000, 40, 12_000, 60)
    even, falling = (ProportionTest(0.005, Regression(falling=each)) for each in (1.0, 0.5))
    won = [float(test.observe(test.start(), counts).log_regression) for test in (even, falling)]
    assert won[1] > won[0] + 1


@given(st.floats(0.01, 0.99), st.sampled_from([0.005, 0.02, 0.125]), st.booleans())
def test_no_bet_loses_all_at_the_first_request_that_speaks_against_it(blue, step, two_sided):
    regression = Regression(step=step, two_sided=two_sided)
    for sign, hits in ((1, 0), (-1, 1)):
        lost = regression.log_e_values(Counts.of(1, hits, 1, hits), blue)
        assert all(
            log > math.log(1 / 4) for log, shift in zip(lost, regression.shifts, strict=True) if sign * shift > 0
        )


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


shares = st.floats(0, 1)
blocks = st.lists(st.tuples(st.integers(0, 500), shares, st.integers(0, 1500), shares), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(blocks, min_size=1, max_size=4), st.booleans(), st.sampled_from([0.0, 0.02]), st.floats(0.001, 0.6))
def test_many_rollouts_at_once_are_judged_as_each_alone(rollouts, two_sided, margin, prior):
    test = ProportionTest(prior, Regression(margin, two_sided=two_sided), Safety(0.05, two_sided=two_sided))
    looks = min(map(len, rollouts))
    together, alone = test.start(np.zeros(len(rollouts))), [test.start() for _ in rollouts]
    for look in range(looks):
        counted = [counts_of(rollout[look]) for rollout in rollouts]
        together = test.observe(together, Counts(*map(np.array, zip(*map(astuple, counted), strict=True))))
        alone = [test.observe(state, counts) for state, counts in zip(alone, counted, strict=True)]
    assert together.log_regression == pytest.approx([state.log_regression for state in alone], abs=1e-9, rel=1e-9)
    assert together.log_safety == pytest.approx([state.log_safety for state in alone], abs=1e-9, rel=1e-9)


def counts_of(block):
    n_green, green, n_blue, blue = block
    return Counts.of(float(n_green), float(round(green * n_green)), float(n_blue), float(round(blue * n_blue)))


def test_one_rollout_is_judged_without_numpy():
    program = "import sys; sys.modules['numpy'] = None; from blueprint.verdicts import Evidence, JudgePlan; "
    program += "print(Evidence.start(JudgePlan()).verdict().name)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "EXTEND\n"


def test_more_hits_than_requests_are_refused():
    with pytest.raises(ValueError, match="hits must be in 0"):
        Counts.of(10, 11, 10, 0)
