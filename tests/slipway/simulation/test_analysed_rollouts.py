"""Simulated rollouts: what canary analysis promises, and the made-up service."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from slipway.canary.config import Tolerances
from slipway.canary.statistics.evidence import Decision
from slipway.simulation import Fault, PollingPlan, analyse_rollouts, latency_at, latency_edges
from slipway.simulation.service import ranks, slower_than
from tests.slipway.simulation.drawn import SERVICE, traffic

TOLERANCES = Tolerances()
WATCH = PollingPlan(((0.25, 600),), 1800)
BY_THE_MINUTE = replace(WATCH, poll_seconds=60)
"""For what hangs on no test before the bake's end: a third of the work."""


def simulate(fault, rate, watch=WATCH, **drawn):
    return analyse_rollouts(TOLERANCES, watch, traffic(fault, rate, **drawn))


@pytest.mark.parametrize("rate", [0.5, 50.0])
def test_good_models_are_rolled_back_in_at_most_one_percent_though_polled_every_ten_seconds(rate):
    assert simulate(Fault(), rate, rollouts=300).share(Decision.ROLL_BACK) <= 0.01


@pytest.mark.parametrize(
    "fault",
    [Fault(error_points=2), Fault(latency_factor=1.5), Fault(auc_loss=0.05), Fault(error_points=100)],
    ids=["errors", "latency", "scores", "schema"],
)
def test_bad_models_are_stopped_within_the_bake_when_there_is_traffic(fault):
    outcomes = simulate(fault, 50.0)
    assert outcomes.share(Decision.ROLL_BACK) >= 0.99
    assert np.median(outcomes.seconds) <= 120


@pytest.mark.parametrize(
    ("fault", "rate"), [(Fault(error_points=0.5), 2.0), (Fault(auc_loss=0.05), 20.0)], ids=["errors", "scores"]
)
def test_a_model_worse_than_tolerated_is_promoted_in_at_most_five_percent(fault, rate):
    assert simulate(fault, rate, watch=BY_THE_MINUTE).share(Decision.PROMOTE) <= 0.05


def test_too_little_traffic_is_no_reason_to_promote():
    outcomes = simulate(Fault(), 0.2, watch=BY_THE_MINUTE)
    assert outcomes.share(Decision.EXTEND) > 0.98
    assert outcomes.share(Decision.PROMOTE) == 0


def test_a_promotion_waits_for_the_end_of_the_bake():
    outcomes = simulate(Fault(), 100.0, rollouts=50, watch=BY_THE_MINUTE)
    assert outcomes.seconds[outcomes.decisions == Decision.PROMOTE].min() >= WATCH.bake_seconds


def test_the_same_seed_gives_the_same_outcomes():
    short = PollingPlan(((0.25, 60),))
    one, two, other = (simulate(Fault(error_points=1), 10.0, rollouts=50, seed=seed, watch=short) for seed in (3, 3, 4))
    assert np.array_equal(one.green_requests, two.green_requests)
    assert not np.array_equal(one.green_requests, other.green_requests)


def test_recorded_blocks_are_analysed_as_if_they_were_drawn_now():
    ahead = traffic(Fault(error_points=5), rollouts=20, seed=9)
    blocks = [ahead.draw(10, green_share=0.25, edges=latency_edges(TOLERANCES, SERVICE)) for _ in range(60)]
    recorded = analyse_rollouts(TOLERANCES, PollingPlan(((0.25, 600),)), ahead, blocks)
    assert recorded.share(Decision.ROLL_BACK) == 1
    assert np.all(recorded.green_requests > 0)


def test_shares_follow_one_another():
    watch = PollingPlan(((0.25, 60), (0.5, 30)), 180)
    assert list(watch.polls()) == [(10, 0.25)] * 6 + [(10, 0.5)] * 3 + [(60, 0.5), (30, 0.5)]


def test_lost_signal_lowers_the_auc_by_what_was_asked():
    spread = NormalDist()
    left = (2**0.5 * spread.inv_cdf(SERVICE.auc - 0.05) / SERVICE.separation) ** 2
    assert spread.cdf((left / 2) ** 0.5 * SERVICE.separation) == pytest.approx(0.88)


def test_a_model_in_order_scores_as_its_ranks_say():
    below = ranks(SERVICE).below(np.array([0.1, 0.5, 0.9]), np.array(SERVICE.positive_share))
    assert below == pytest.approx([0.1, 0.5, 0.9], abs=1e-3)


@pytest.mark.parametrize("share", [0.5, 0.1, 0.01])
def test_a_latency_is_exceeded_by_its_share_of_requests(share):
    limit = np.array([latency_at(SERVICE, share)])
    assert slower_than(SERVICE, limit, np.array(1.0)) == pytest.approx([share])


def test_scores_that_no_one_watches_cost_no_time():
    plan = Tolerances(watches_scores=False)
    unwatched = analyse_rollouts(plan, BY_THE_MINUTE, traffic(rollouts=50, seed=2))
    watched = simulate(Fault(), 20.0, rollouts=50, seed=2, watch=BY_THE_MINUTE)
    assert np.median(unwatched.seconds) <= np.median(watched.seconds)
    assert unwatched.share(Decision.PROMOTE) >= 0.9


@pytest.mark.parametrize("fault", [Fault(error_points=5), Fault(latency_factor=2)], ids=["errors", "latency"])
def test_what_the_servers_report_is_found_before_the_minute_is_over(fault):
    found = {}
    for watched in (True, False):
        plan = replace(TOLERANCES, watches_servers=watched, watches_scores=False)
        drawn = traffic(fault, rollouts=100, seed=5)
        found[watched] = analyse_rollouts(plan, PollingPlan(((0.25, 600),)), drawn)
    assert np.median(found[True].seconds) <= 60 <= found[False].seconds.min()
    assert found[True].green_requests.mean() < found[False].green_requests.mean() / 1.3


@pytest.mark.parametrize("cold", [(10, 3.0), (60, 1.5)])
def test_a_good_model_that_is_slow_at_first_is_rolled_back_without_a_grace_and_not_with_one(cold):
    shares = []
    for warm_up_seconds in (0.0, 60.0):
        drawn = traffic(Fault(cold=cold), rollouts=150, seed=4)
        outcomes = analyse_rollouts(Tolerances(warm_up_seconds=warm_up_seconds), PollingPlan(((0.25, 300),)), drawn)
        shares.append(outcomes.share(Decision.ROLL_BACK))
    assert shares[0] > 0.9
    assert shares[1] <= 0.02
