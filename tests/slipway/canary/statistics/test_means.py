"""Evidence on a mean value, such as money."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.canary.config import ValueBounds
from slipway.canary.statistics.means import MeanState

VALUES = np.array([-2.0, 0.0, 5.5])


def largest_log_e_value(bounds, rng, green_odds, *, blocks):
    """The largest log e-value that was seen at any poll."""
    state, largest = MeanState.start(), -math.inf
    greens = rng.choice(VALUES, (blocks, 25), p=green_odds).tolist()
    blues = rng.choice(VALUES, (blocks, 75), p=[0.3, 0.4, 0.3]).tolist()
    for green, blue in zip(greens, blues, strict=True):
        state = state.observe(bounds, green, blue)
        largest = max(largest, state.log_regression)
    return largest


def test_equal_means_are_rolled_back_in_no_more_than_the_promised_share_though_polled_often():
    bounds, rng = ValueBounds(-2.0, 5.5), np.random.default_rng(11)
    crossed = [largest_log_e_value(bounds, rng, [0.3, 0.4, 0.3], blocks=40) > math.log(20) for _ in range(200)]
    assert np.mean(crossed) <= 0.05


@pytest.mark.parametrize(("tolerance", "found"), [(0.0, True), (1.5, False)])
def test_a_drop_in_value_is_found_where_it_is_beyond_the_tolerance(tolerance, found):
    bounds, rng = ValueBounds(-2.0, 5.5, tolerance=tolerance), np.random.default_rng(3)
    largest = largest_log_e_value(bounds, rng, [0.45, 0.4, 0.15], blocks=40)
    assert largest > math.log(400) if found else largest < math.log(20)


@given(st.integers(0, 60), st.integers(0, 60))
def test_any_number_of_values_on_either_side_is_taken(green, blue):
    state = MeanState.start().observe(ValueBounds(0.0, 1.0), [0.25] * green, [0.25] * blue)
    assert state.log_regression == pytest.approx(0)
    assert (state.green_count, state.blue_count) == (green, blue)


def test_a_value_out_of_bounds_is_refused():
    with pytest.raises(ValueError, match="values must be in"):
        MeanState.start().observe(ValueBounds(0.0, 1.0), [2.0], [0.5])


@pytest.mark.parametrize(("low", "high", "tolerance"), [(1.0, 1.0, 0.0), (0.0, 1.0, 1.0), (0.0, 1.0, -0.1)])
def test_bounds_that_allow_no_test_are_refused(low, high, tolerance):
    with pytest.raises(ValueError, match="must be"):
        ValueBounds(low, high, tolerance)
