"""How much more one fleet's counts vary than chance."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.canary.statistics.dispersion import (
    MIN_HITS,
    MIN_PAIRS,
    Windows,
    after,
    dispersion,
    dispersions,
    promotion_dispersions,
)
from slipway.canary.statistics.e_values import Counts, RateIncrease
from slipway.canary.statistics.non_inferiority import NonInferiority
from slipway.canary.statistics.proportions import ProportionTest

HOURS = 2000


def hours(*, size=1, rate=0.02, requests=300.0, windows=60, drift=0.0, seconds=60, part=1.0, seed=3):
    """As many hours: hits come `size` at a time, of which every request is reported with a chance of `part`."""
    rng = np.random.default_rng(seed)
    level = rate * np.exp(drift * np.linspace(-1, 1, windows))
    hits = [rng.binomial(size * rng.binomial(int(requests / size), each, HOURS), part).astype(float) for each in level]
    return Windows([np.full(HOURS, part * requests)] * windows, hits, seconds)


def test_independent_hits_are_dispersed_as_chance_has_it():
    assert dispersion(hours()).mean() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("joined", [1, 5])
@pytest.mark.parametrize("size", [3, 10])
def test_hits_that_come_many_at_once_are_dispersed_as_many_times(size, joined):
    assert dispersion(hours(size=size).joined(joined)).mean() == pytest.approx(size, rel=0.1)


def test_a_level_that_drifts_slowly_is_no_dispersion():
    reported = hours(drift=0.8)
    variance = np.var(np.array(reported.hits), axis=0).mean() / (300 * 0.02)
    assert variance > 1.8
    assert dispersion(reported).mean() < 1.2


def test_what_lies_in_different_minutes_is_not_compared_if_asked():
    steps = Windows([100.0] * 60, [10.0, 10.0, 10.0, 20.0, 20.0, 20.0] * 10, 20)
    assert dispersion(steps, within=60) < 1e-9
    assert dispersion(steps) > 0.1


def test_windows_without_requests_report_nothing():
    assert dispersion(Windows([100.0, 0.0] * 20, [10.0, 0.0] * 20)) == 0
    assert dispersion(Windows([100.0, 0.0] * 20, [5.0, 0.0, 15.0, 0.0] * 10).joined(2)) > 1


@pytest.mark.parametrize(
    ("windows", "hits"),
    [(0, 3.0), (MIN_PAIRS, 3.0), (60, 0.0), (60, 100.0), (60, (MIN_HITS - 1) / 60)],
    ids=["none", "few windows", "no hits", "hits alone", "few hits"],
)
def test_too_little_is_not_known(windows, hits):
    reported = Windows([100.0] * windows, [hits] * windows)
    assert dispersion(reported) == 0
    assert set(dispersions({"errors": reported, "served errors": reported}).values()) == {0}
    assert set(promotion_dispersions({"errors": reported, "served errors": reported}).values()) == {0}


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(0, 1)), max_size=80), st.sampled_from([10, 60]))
def test_many_rollouts_at_once_are_as_each_alone(windows, seconds):
    requests = [float(n) for n, _ in windows]
    hits = [float(round(n * share)) for n, share in windows]
    names = ("errors", "served errors", "tails")
    alone = dispersions(dict.fromkeys(names, Windows(requests, hits, seconds)))
    both = Windows([np.full(2, n) for n in requests], [np.full(2, h) for h in hits], seconds)
    together = dispersions(dict.fromkeys(names, both))
    for name in names:
        assert together[name] == pytest.approx(alone[name])


def test_a_level_that_wanders_from_minute_to_minute_is_no_dispersion_where_servers_report_every_ten_seconds():
    rng = np.random.default_rng(1)
    level = np.repeat(0.05 * np.exp(0.5 * rng.normal(size=(60, HOURS))), 6, axis=0)
    reported = Windows([np.full(HOURS, 200.0)] * 360, [rng.binomial(200, each).astype(float) for each in level], 10)
    found = dispersions({"served slow 0.1": reported, "slow 0.1": reported.joined(6)})
    assert dispersion(reported.joined(6)).mean() > 5
    assert found["served slow 0.1"].mean() == pytest.approx(1.05, abs=0.05)
    assert found["slow 0.1"].mean() == pytest.approx(found["served slow 0.1"].mean(), abs=0.05)


def test_bursts_of_half_a_minute_are_seen_in_its_halves():
    bursts = hours(size=9, windows=120, seconds=30)
    requests, hits = ([each / 3 for each in reported for _ in range(3)] for reported in (bursts.requests, bursts.hits))
    third = Windows(requests, hits, 10)
    assert np.median(dispersion(third, within=60)) < 3
    assert np.median(dispersions({"tails": third})["tails"]) == pytest.approx(9, rel=0.1)


def test_bursts_of_minutes_are_seen_where_they_are_of_errors():
    bursts = hours(size=9, windows=90, seconds=120)
    requests, hits = ([each / 12 for each in of for _ in range(12)] for of in (bursts.requests, bursts.hits))
    windows = dict.fromkeys(("served errors", "tails"), Windows(requests, hits, 10))
    found, of_promotion = dispersions(windows), promotion_dispersions(windows)
    assert np.median(found["served errors"]) > 6
    assert np.median(found["tails"]) < 3
    assert of_promotion.keys() == {"served errors within minutes", "served errors over minutes"}
    assert np.median(of_promotion["served errors within minutes"]) < 3
    assert np.median(of_promotion["served errors over minutes"]) > 9


def test_bursts_of_minutes_are_not_whole_when_a_bake_begins():
    known = {"errors": 10.0, "errors at first": 1.0, "tails": 2.0}
    grown = [after(seconds, known)["errors"] for seconds in (0, 60, 600, math.inf)]
    assert grown == pytest.approx([1, 7, 9.7, 10])
    assert after(30, known)["tails"] == 2
    assert after(30, {"errors": 10.0}) == {"errors": 10}


@pytest.mark.parametrize(("windows", "many"), [(90, True), (30, False)])
def test_only_many_bursts_show_how_they_come(windows, many):
    bursts = hours(size=9, windows=windows, seconds=120, requests=3000.0)
    requests, hits = ([each / 12 for each in of for _ in range(12)] for of in (bursts.requests, bursts.hits))
    found = dispersions({"served errors": Windows(requests, hits, 10)})
    assert (np.median(found["served errors at first"]) < 3) == many
    assert (np.median(found["served errors at first"] / found["served errors"]) == 1) == (not many)


def test_of_a_sample_that_the_servers_report_follows_what_all_requests_are():
    whole, sample = (hours(size=10, part=part, windows=360, seconds=10) for part in (1, 0.3))
    found = dispersions({"slow 0.1": whole.joined(6), "served slow 0.1": sample})
    assert np.median(found["served slow 0.1"]) == pytest.approx(1 + 0.3 * 9, rel=0.1)
    assert np.median(found["slow 0.1"]) == pytest.approx(10, rel=0.1)


def test_without_servers_minutes_are_compared():
    reported = hours(size=5)
    assert dispersions({"slow 0.1": reported})["slow 0.1"] == pytest.approx(dispersion(reported))
    sparse = [each if number % 6 == 0 else 0.0 * each for number, each in enumerate(hours(windows=360).requests)]
    hits = [each if number % 6 == 0 else 0.0 * each for number, each in enumerate(hours(windows=360, size=5).hits)]
    by_minute = dispersions({"served slow 0.1": Windows(sparse, hits, 10)})["served slow 0.1"]
    assert np.median(by_minute) == pytest.approx(5, rel=0.1)


@given(
    st.floats(1, 50),
    st.floats(0.001, 0.5),
    st.integers(1, 30),
    st.integers(1, 30),
)
def test_what_is_bet_on_bursts_is_what_their_number_is_worth(size, share, green, blue):
    """`size` times the requests and hits, and that dispersion: as much evidence as without."""
    test = ProportionTest(0.1, RateIncrease(), NonInferiority(0.05))
    counts = [float(green), float(round(share * green)), float(blue), float(round(share * blue))]
    single = test.observe(test.start(), Counts.of(*counts))
    bursts = test.observe(test.start(), Counts.of(*(size * each for each in counts)), size)
    assert bursts.log_regression == pytest.approx(single.log_regression, abs=1e-9)
    assert test.standard_errors(bursts, error=0.05) == pytest.approx(test.standard_errors(single, error=0.05), abs=1e-9)


def test_less_dispersion_than_chance_has_it_is_no_reason_to_bet_more():
    test, counts = ProportionTest(0.1, RateIncrease()), Counts.of(300.0, 60.0, 900.0, 90.0)
    assert test.observe(test.start(), counts, 0.5) == test.observe(test.start(), counts)
