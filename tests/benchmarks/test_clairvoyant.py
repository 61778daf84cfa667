"""How far any analysis could get: the likelihood ratio, the sequential test on it, and the bound on the median."""

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.clairvoyant import Ratios, least_exposed, stopped_after
from slipway.canary.config import Tolerances
from slipway.simulation import POLL_SECONDS, Fault, PollingPlan, Service, Traffic, analyse_rollouts, latency_edges

SERVICE, TOLERANCES = Service(), Tolerances()
EDGES = latency_edges(TOLERANCES, SERVICE)
ERRORS = Fault("errors", error_points=5)


def ratios(drawn, faulty, *, rate=5.0, rollouts=2000, polls=12, seed=1):
    rng = np.random.default_rng(seed)
    traffic = Traffic(SERVICE, drawn, requests_per_second=rate, rollouts=rollouts, rng=rng)
    logs, requests = [], []
    for _ in range(polls):
        block = traffic.draw(POLL_SECONDS, green_share=0.25, edges=EDGES)
        logs.append(traffic.log_ratio(block, faulty))
        requests.append(block.green.requests)
    return Ratios.of(logs, requests)


@pytest.mark.parametrize(
    "faulty",
    [Fault(error_points=1), Fault(latency_factor=1.1), Fault(auc_loss=0.02)],
    ids=["errors", "latency", "scores"],
)
def test_the_likelihood_ratio_is_one_on_average_while_the_fleet_is_healthy(faulty):
    healthy = ratios(Fault(), faulty, rate=0.8, polls=1, rollouts=40_000)
    assert np.exp(healthy.logs).mean() == pytest.approx(1, abs=0.02)
    assert ratios(faulty, faulty, polls=1).logs.mean() > 0


def test_at_most_the_promised_share_of_other_healthy_rollouts_is_stopped():
    limits = ratios(Fault(), ERRORS, rollouts=4000)
    stopped = stopped_after(limits, ratios(Fault(), ERRORS, seed=2), false_rollback_rate=0.01)
    assert np.isfinite(stopped).mean() <= 0.016


def test_a_rollout_is_stopped_at_the_first_look_above_the_limit():
    healthy = Ratios.of([np.array([0.0, 1.0])], [np.ones(2)])
    analysed = Ratios.of([np.array([0.5, 2.0, 0.5]), np.array([0.7, -3.0, 0.1])], [np.ones(3)] * 2)
    assert stopped_after(healthy, analysed, false_rollback_rate=0.0).tolist() == [20.0, 10.0, inf]


def test_canary_analysis_exposes_no_fewer_than_the_bound():
    rng = np.random.default_rng(4)
    traffic = Traffic(SERVICE, ERRORS, requests_per_second=20.0, rollouts=300, rng=rng)
    ours = float(np.median(analyse_rollouts(TOLERANCES, PollingPlan(((0.25, 120),)), traffic).green_requests))
    healthy, faulty = ratios(Fault(), ERRORS, rate=20.0), ratios(ERRORS, ERRORS, rate=20.0, seed=5)
    assert 0 < least_exposed(healthy, faulty, false_rollback_rate=0.01) <= ours


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.2, 2), st.sampled_from([0.01, 0.05]))
def test_the_bound_is_where_half_of_the_faulty_rollouts_can_be_told(seed, drift, error):
    rng = np.random.default_rng(seed)
    steps = [rng.normal(side * drift, (2 * drift) ** 0.5, (30, 400)) for side in (-1, 1)]
    healthy, faulty = (Ratios.of(list(step), [np.full(400, 3.0)] * 30) for step in steps)
    least = least_exposed(healthy, faulty, false_rollback_rate=error)
    polls = int(least // 3) - 1
    limits = np.sort(healthy.logs, axis=0)[::-1][int(error * 400)]
    power = (faulty.logs > limits).mean(axis=0)
    assert power[polls] >= 0.5
    assert polls == 0 or power[polls - 1] < 0.5


def test_what_no_one_can_report_has_no_bound():
    same = ratios(Fault(), ERRORS)
    assert least_exposed(same, same, false_rollback_rate=0.01) == inf


def test_before_the_first_request_nothing_is_known():
    counted = Ratios.of([np.array([3.0]), np.array([4.0])], [np.array([5.0]), np.array([5.0])])
    assert [counted.after(requests).item() for requests in (4, 5, 9, 10)] == [0.0, 3.0, 3.0, 7.0]
