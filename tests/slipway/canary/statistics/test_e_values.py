"""E-values of two streams of yes and no."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.canary.statistics.e_values import Counts, RateIncrease, log_e_value, nearest_green

rates = st.floats(0.001, 0.999)
requests = st.integers(1, 400)


def log_mean_e(*, green, blue, n_green, n_blue, margin, above, truth):
    """Log of the e-value's exact mean when the true rates are `truth`: it factors over the requests."""

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
        alternative = {"green": green, "blue": blue, "margin": margin, "above": above}
        assert log_mean_e(**alternative, n_green=n_green, n_blue=n_blue, truth=(green_truth, blue_truth)) <= 1e-9


@given(rates, rates, requests, requests, st.sampled_from([0.0, 0.05, -0.05]))
def test_the_nearest_null_point_is_the_nearest_of_a_fine_grid(green, blue, n_green, n_blue, margin):
    def divergence(null_green):
        def kl(p, q):
            return p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))

        return n_green * kl(green, null_green) + n_blue * kl(blue, null_green - margin)

    found = nearest_green(green, blue, n_blue / n_green, margin)
    grid = np.linspace(max(0.0, margin) + 1e-6, min(1.0, 1 + margin) - 1e-6, 2001)
    assert divergence(found) <= divergence(grid).min() + 1e-9


@settings(deadline=None)
@given(st.floats(0.005, 0.9), requests, requests, st.floats(0.3, 1), st.booleans())
def test_the_weighted_mixture_of_all_bets_gains_nothing_on_average_while_both_fleets_are_alike(
    rate, n_green, n_blue, falling, two_sided
):
    regression = RateIncrease(0.0, two_sided=two_sided, falling=falling)
    e_values = 0.0
    for shift, weight in zip(regression.shifts, regression.weights, strict=True):
        alternative = {"green": min(max(rate + shift, 1e-6), 1 - 1e-6), "blue": rate, "margin": 0.0, "above": shift > 0}
        e_values += weight * math.exp(log_mean_e(**alternative, n_green=n_green, n_blue=n_blue, truth=(rate, rate)))
    assert e_values / sum(regression.weights) <= 1 + 1e-9


@given(st.floats(0.01, 0.99), st.sampled_from([0.005, 0.02, 0.125]), st.booleans())
def test_no_bet_loses_all_at_the_first_request_that_speaks_against_it(blue, step, two_sided):
    regression = RateIncrease(step=step, two_sided=two_sided)
    for sign, hits in ((1, 0), (-1, 1)):
        lost = regression.log_e_values(Counts.of(1, hits, 1, hits), blue)
        assert all(
            log > math.log(1 / 4) for log, shift in zip(lost, regression.shifts, strict=True) if sign * shift > 0
        )


def test_more_hits_than_requests_are_refused():
    with pytest.raises(ValueError, match="hits must be in 0"):
        Counts.of(10, 11, 10, 0)
