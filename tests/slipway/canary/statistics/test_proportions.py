"""The evidence that e-values of two streams of yes and no add up to."""

import math
import subprocess
import sys
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.canary.statistics.e_values import Counts, RateIncrease
from slipway.canary.statistics.non_inferiority import NonInferiority
from slipway.canary.statistics.proportions import ProportionTest


def test_evidence_grows_when_the_new_fleet_fails_more_often():
    test = ProportionTest(0.005, RateIncrease())
    state = test.start()
    logs = []
    for _ in range(5):
        state = test.observe(state, Counts.of(200, 8, 600, 3))
        logs.append(float(state.log_regression))
    assert logs == sorted(logs)
    assert logs[-1] > math.log(300)


def test_equal_fleets_are_shown_to_be_no_worse_by_the_margin_and_never_worse():
    test = ProportionTest(0.005, RateIncrease(), NonInferiority(0.005))
    state = test.start()
    for _ in range(20):
        state = test.observe(state, Counts.of(400, 2, 1200, 6))
    assert test.standard_errors(state, error=0.05) > 3
    assert state.log_regression < 0


def test_a_fleet_that_turns_bad_late_is_found_soon_all_the_same():
    test = ProportionTest(0.005, RateIncrease())
    state = test.start()
    for _ in range(100):
        state = test.observe(state, Counts.of(200, 1, 600, 3))
    polls = 0
    while state.log_regression < math.log(300):
        state = test.observe(state, Counts.of(200, 6, 600, 3))
        polls += 1
    assert polls <= 10


@pytest.mark.parametrize("falling", [1.0, 0.5])
def test_the_capital_that_bets_and_the_part_that_waits_add_up_to_one(falling):
    test = ProportionTest(0.01, RateIncrease(falling=falling))
    state = test.start()
    for _ in range(30):
        assert state.log_regression == pytest.approx(0)
        state = test.observe(state, Counts.of(0, 0, 10, 0))


def test_smaller_regressions_weigh_more_where_the_weights_fall():
    counts = Counts.of(4000, 40, 12_000, 60)
    even, falling = (ProportionTest(0.005, RateIncrease(falling=each)) for each in (1.0, 0.5))
    won = [float(test.observe(test.start(), counts).log_regression) for test in (even, falling)]
    assert won[1] > won[0] + 1


@pytest.mark.parametrize("counts", [Counts.of(0, 0, 500, 20), Counts.of(500, 20, 0, 0)])
def test_a_block_without_one_of_the_fleets_is_no_evidence(counts):
    test = ProportionTest(0.01, RateIncrease(), NonInferiority(0.01))
    state = test.observe(test.start(), counts)
    assert state.log_regression == pytest.approx(0)
    assert test.standard_errors(state, error=0.05) == -math.inf


def test_two_sided_bets_win_in_both_directions():
    test = ProportionTest(0.5, RateIncrease(0.02, step=0.02, two_sided=True))
    for hits in (200, 300):
        assert test.observe(test.start(), Counts.of(500, hits, 5000, 2500)).log_regression > math.log(20)


shares = st.floats(0, 1)
blocks = st.lists(st.tuples(st.integers(0, 500), shares, st.integers(0, 1500), shares), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(blocks, min_size=1, max_size=4), st.booleans(), st.sampled_from([0.0, 0.02]), st.floats(0.001, 0.6))
def test_many_rollouts_at_once_are_analysed_as_each_alone(rollouts, two_sided, margin, prior):
    test = ProportionTest(prior, RateIncrease(margin, two_sided=two_sided), NonInferiority(0.05, two_sided=two_sided))
    polls = min(map(len, rollouts))
    together, alone = test.start(np.zeros(len(rollouts))), [test.start() for _ in rollouts]
    for poll in range(polls):
        counted = [counts_of(rollout[poll]) for rollout in rollouts]
        at = {"bake": poll // 2}
        together = test.observe(together, Counts(*map(np.array, zip(*map(astuple, counted), strict=True))), **at)
        alone = [test.observe(state, counts, **at) for state, counts in zip(alone, counted, strict=True)]
    assert together.log_regression == pytest.approx([state.log_regression for state in alone], abs=1e-9, rel=1e-9)
    distances = [test.standard_errors(state, error=0.05) for state in alone]
    assert test.standard_errors(together, error=0.05) == pytest.approx(distances, abs=1e-9, rel=1e-9)


def counts_of(block):
    n_green, green, n_blue, blue = block
    return Counts.of(float(n_green), float(round(green * n_green)), float(n_blue), float(round(blue * n_blue)))


def test_one_rollout_is_analysed_without_numpy():
    program = "import sys; sys.modules['numpy'] = None; from slipway.canary.config import Tolerances; "
    program += "from slipway.canary.statistics.evidence import Evidence; "
    program += "print(Evidence.start(Tolerances()).decision().name)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "EXTEND\n"
