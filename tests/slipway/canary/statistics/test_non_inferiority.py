"""One test: how often it errs at the margin, how often it proves a good fleet, and the margin it reports."""

import math

import numpy as np
import pytest

from slipway.canary.config import Tolerances
from slipway.canary.statistics.e_values import Counts
from slipway.canary.statistics.non_inferiority import NonInferiority, spent
from slipway.canary.statistics.power import ExpectedBake, promoted_share

ERROR = 0.05


def binomial(n, p, most):
    """The probability of each number of hits up to `most`."""
    logs = [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in range(most + 1)]
    chosen = np.array(logs) + np.arange(most + 1) * math.log(p) + (n - np.arange(most + 1)) * math.log1p(-p)
    return np.exp(chosen)


def proven(green, blue, *, margin, rates):
    """The exact probability with which the test proves `margin`, for so many requests of both fleets and such rates."""
    chances = [binomial(n, max(p, 1e-12), 80) for n, p in zip((green, blue), rates, strict=True)]
    hits = np.meshgrid(np.arange(81.0), np.arange(81.0), indexing="ij")
    sizes = [np.full(hits[0].shape, float(n)) for n in (green, blue)]
    found = NonInferiority(margin).proves((Counts(sizes[0], hits[0], sizes[1], hits[1]),), 1.0, error=ERROR)
    return float((np.outer(*chances) * found).sum())


@pytest.mark.parametrize("blue_a_green", [1, 3, 9])
@pytest.mark.parametrize("base", [0.0, 0.0005, 0.002, 0.005])
@pytest.mark.parametrize(("green", "margin"), [(300, 0.01), (555, 0.005), (1000, 0.005), (1800, 0.01)])
def test_a_fleet_at_the_margin_is_promoted_in_at_most_five_percent_however_few_errors_there_are(
    green, margin, base, blue_a_green
):
    assert proven(green, blue_a_green * green, margin=margin, rates=(base + margin, base)) <= 0.0505


def test_requests_without_an_error_prove_what_the_rule_of_three_says():
    nothing = Counts(600.0, 0.0, 1800.0, 0.0)
    least = NonInferiority().least_margin((nothing,), 1.0, error=ERROR)
    assert least == pytest.approx(3 / 600, rel=0.01)
    bursts = NonInferiority().least_margin((nothing,), 10.0, error=ERROR)
    assert bursts == pytest.approx(3 / 60, rel=0.05)


def test_the_least_margin_is_the_smallest_that_the_test_proves_at_both_sides():
    strata = (Counts(2000.0, 1040.0, 6000.0, 3000.0),)
    test = NonInferiority(0.05, two_sided=True)
    least = test.least_margin(strata, 1.0, error=ERROR)
    assert least == pytest.approx(0.02 + 1.645 * (0.25 / 2000 + 0.25 / 6000) ** 0.5, abs=5e-4)
    for margin, found in ((least + 1e-4, True), (least - 1e-4, False)):
        assert NonInferiority(margin, two_sided=True).proves(strata, 1.0, error=ERROR) == found
    fewer = (Counts(2000.0, 960.0, 6000.0, 3000.0),)
    assert NonInferiority(0.02).proves(fewer, 1.0, error=ERROR)
    assert not NonInferiority(0.02, two_sided=True).proves(fewer, 1.0, error=ERROR)


def test_bakes_with_other_shares_of_the_traffic_and_other_levels_of_errors_are_compared_each_in_itself():
    """The new fleet gets most traffic when both fail most: together it would look twice as bad."""
    early, late = Counts(1000.0, 5.0, 9000.0, 45.0), Counts(9000.0, 360.0, 1000.0, 40.0)
    test = NonInferiority(0.01)
    assert test.proves((early, late), 1.0, error=ERROR)
    assert not test.proves((early + late,), 1.0, error=ERROR)


def test_several_tests_share_the_error():
    parts = [spent(share, ERROR) for share in (0.25, 0.5, 1.0)]
    assert parts == sorted(parts)
    assert parts[-1] == pytest.approx(ERROR)
    assert spent(0, ERROR) == 0


@pytest.mark.parametrize(
    ("rate", "share", "seconds", "simulated"), [(20, 0.25, 480, 0.77), (20, 0.5, 480, 0.93), (5, 0.25, 2280, 0.85)]
)
def test_the_share_of_good_models_that_is_promoted_is_what_simulations_have_found(rate, share, seconds, simulated):
    bake = ExpectedBake(rate * share * seconds, rate * (1 - share) * seconds)
    assert promoted_share(Tolerances(baseline_rows=2440), [bake]) == pytest.approx(simulated, abs=0.03)


def test_what_is_proven_elsewhere_and_split_bakes_change_the_share_and_too_few_requests_promote_nothing():
    tolerances, whole, half = Tolerances(), ExpectedBake(1740, 1740), ExpectedBake(870, 870)
    share = promoted_share(tolerances, [whole])
    assert promoted_share(tolerances, [half, half]) == pytest.approx(share, abs=0.02)
    assert promoted_share(tolerances, [whole], proven=["scores"]) > share
    assert promoted_share(tolerances, [ExpectedBake(400, 400)]) == 0
