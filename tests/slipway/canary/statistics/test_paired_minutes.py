"""How much the difference of two fleets varies from minute to minute, and what a promotion's test makes of it."""

import numpy as np
import pytest

from slipway.canary.statistics.e_values import Counts
from slipway.canary.statistics.non_inferiority import NonInferiority
from slipway.canary.statistics.paired_minutes import PairedMinutes, student_quantile
from slipway.canary.statistics.proportions import ProportionTest

BAKES = 1000
REQUESTS = (400.0, 1200.0)
TEST = ProportionTest(0.02, non_inferiority=NonInferiority(0.01), is_paired=True)


def minutes(number=20, *, size=1, drift=0.0, over=1):
    """Of as many bakes: hits come `size` at a time and are the same for `over` minutes; the fleets share the level."""
    rng = np.random.default_rng(4)
    level = 0.02 * np.exp(drift * rng.normal(size=(number // over, BAKES)))
    green, blue = (np.repeat(size * rng.binomial(int(n / size), level), over, axis=0).astype(float) for n in REQUESTS)
    n_green, n_blue = (np.full(BAKES, n) for n in REQUESTS)
    return [Counts(n_green, g, n_blue, b) for g, b in zip(green, blue, strict=True)]


def paired(counts):
    found = PairedMinutes.start(0.0 * counts[0].green_requests)
    for minute, each in enumerate(counts):
        found = found.observe(each, minute=minute)
    return found


def state(counts, *, within=1.0, over=0.0, dispersion=1.0):
    found = TEST.start(0.0 * counts[0].green_requests)
    for minute, each in enumerate(counts):
        found = TEST.observe(found, each, dispersion, minute=minute, of_promotion=(within, over))
    return found


@pytest.mark.parametrize(("size", "drift", "expected"), [(1, 0.0, 1), (1, 0.6, 1), (10, 0.0, 10)])
def test_bursts_of_one_fleet_count_and_a_level_that_both_share_does_not(size, drift, expected):
    assert paired(minutes(size=size, drift=drift)).dispersion().mean() == pytest.approx(expected, rel=0.15)


def test_what_goes_on_in_the_next_minute_counts_again():
    assert paired(minutes(40, over=2)).dispersion().mean() > 1.3 * paired(minutes(40)).dispersion().mean()


def test_blocks_of_one_minute_are_taken_together():
    whole = minutes()
    halves = [Counts(*(of / 2 for of in vars(each).values())) for each in whole]
    found = PairedMinutes.start(np.zeros(BAKES))
    for minute, half in enumerate(halves):
        found = found.observe(half, minute=minute).observe(half, minute=minute)
    assert found.dispersion() == pytest.approx(paired(whole).dispersion())


def test_too_few_minutes_no_hits_and_a_fleet_without_requests_show_nothing():
    assert not paired(minutes(3)).dispersion().any()
    assert paired([Counts(400.0, 0.0, 1200.0, 0.0)] * 20).dispersion() == 0
    assert paired([Counts(0.0, 0.0, 1600.0, 32.0)] * 20).dispersion() == 0


def test_a_chosen_bake_is_as_it_would_be_alone():
    counts = minutes()
    alone = paired([Counts(*(float(of[7]) for of in vars(each).values())) for each in counts])
    assert paired(counts).take(np.arange(BAKES) == 7).dispersion() == pytest.approx([alone.dispersion()])


@pytest.mark.parametrize(("freedom", "quantile"), [(4, 2.132), (5, 2.015), (12, 1.782), (1000, 1.646)])
def test_the_quantile_is_students(freedom, quantile):
    assert student_quantile(1.6449, freedom) == pytest.approx(quantile, rel=0.015)


def test_where_the_level_moved_both_fleets_a_promotion_needs_less_than_the_hours_before_show():
    found = TEST.promotion_dispersion(state(minutes(drift=0.6), within=1.2, over=16.0), 0.05)
    assert np.median(found) < 8
    assert found.min() >= 1.2


def test_it_never_needs_more_and_with_few_bursts_no_less():
    assert TEST.promotion_dispersion(state(minutes(size=10), over=4.0), 0.05).max() <= 4
    few = minutes(size=10)[:6]  # 192 hits are expected
    assert (TEST.promotion_dispersion(state(few, over=100.0), 0.05) == 100).all()
    assert TEST.promotion_dispersion(state(minutes(3), over=9.0), 0.05) == pytest.approx(9)


def test_without_hours_before_the_dispersion_is_that_of_every_test():
    assert TEST.promotion_dispersion(state(minutes(), dispersion=3.0), 0.05) == pytest.approx(3)
