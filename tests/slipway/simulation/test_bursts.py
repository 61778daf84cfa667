"""Answers that come in bursts within a fleet: how they are drawn, and what canary analysis makes of them."""

import numpy as np
import pytest

from slipway.canary.config import Tolerances
from slipway.canary.statistics.evidence import Decision
from slipway.simulation import Fault, PollingPlan, Service, analyse_rollouts, latency_edges, reference_dispersions
from tests.slipway.simulation.drawn import traffic

TOLERANCES = Tolerances()
CALM = {"drift": (0.0, 0.0, 0.0), "fleet_spread": 0.0}


def drawn(service, *, blocks=60, **how):
    """What the new fleet counted in each block, [blocks, rollouts]: requests, failures, slow answers, high scores."""
    made, edges = traffic(service=service, **how), latency_edges(TOLERANCES, service)
    found = [made.draw(10, green_share=0.5, edges=edges).green for _ in range(blocks)]
    return [
        np.array(counts)
        for counts in (
            [fleet.requests for fleet in found],
            [fleet.failed for fleet in found],
            [fleet.latencies[:, -1] for fleet in found],
            [fleet.scores[:, -1] for fleet in found],
        )
    ]


@pytest.mark.parametrize("rate", [1.0, 20.0])
def test_failures_that_come_in_bursts_are_no_more_than_before(rate):
    requests, failed, _, _ = drawn(Service(**CALM, error_rate=0.02, bursts=(10, 1, 1)), rate=rate, blocks=120)
    assert failed.sum() / requests.sum() == pytest.approx(0.02, rel=0.1)
    assert np.all(failed <= requests)


def test_a_burst_proceeds_where_a_block_has_too_few_requests():
    """One request a second: the ten failures of a burst take two blocks, so that none is lost."""
    requests, failed, _, _ = drawn(Service(**CALM, bursts=(10, 1, 1)), rate=1.0, blocks=120, rollouts=500)
    started = failed.sum(axis=0)
    assert started.max() > 5
    assert np.mean(started[started > 0] % 10 == 0) > 0.9
    assert requests.mean() == pytest.approx(5, rel=0.05)


@pytest.mark.parametrize(("which", "bursts"), [(1, (10, 1, 1)), (2, (1, 10, 1)), (3, (1, 1, 10))])
def test_what_comes_in_bursts_varies_as_many_times_as_much(which, bursts):
    requests, *_ = even = drawn(Service(**CALM))
    uneven = drawn(Service(**CALM, bursts=bursts))
    variance = [np.var(counts[which] - requests * counts[which].mean() / requests.mean()) for counts in (even, uneven)]
    assert variance[1] / variance[0] == pytest.approx(10, rel=0.2)
    for other in {1, 2, 3} - {which}:
        assert np.var(uneven[other]) == pytest.approx(np.var(even[other]), rel=0.1)


def test_the_hour_before_takes_nothing_from_the_chance_of_the_rollout():
    one, other = traffic(), traffic()
    expected = reference_dispersions(TOLERANCES, one)
    edges = latency_edges(TOLERANCES, Service())
    blocks = [made.draw(10, green_share=0.5, edges=edges) for made in (one, other)]
    assert np.array_equal(blocks[0].blue.failed, blocks[1].blue.failed)
    assert {name: len(found) for name, found in expected.items()} == dict.fromkeys(expected, 300)


@pytest.mark.parametrize("size", [1, 10])
def test_the_hour_before_reports_the_size_of_bursts_though_the_level_wanders(size):
    expected = reference_dispersions(TOLERANCES, traffic(service=Service(bursts=(size, size, size))))
    found = {name: float(np.median(of)) for name, of in expected.items()}
    errors = [found.pop(name) for name in ("errors", "served errors")]
    over = [found.pop(f"{name} over minutes") for name in ("errors", "served errors")]
    first = [found.pop(f"{name} at first") for name in ("errors", "served errors")]
    assert found == pytest.approx(dict.fromkeys(found, size), rel=0.25)
    assert errors == pytest.approx([size] * 2, rel=0.25, abs=0.8)  # minutes count for them, in which the level wanders
    assert over == pytest.approx([size] * 2, rel=0.25, abs=1.2)
    assert first == pytest.approx([size] * 2, rel=0.25, abs=0.8)


@pytest.mark.parametrize("bursts", [(10, 1, 1), (1, 10, 1), (1, 1, 10)], ids=["errors", "latencies", "scores"])
def test_bursts_send_good_models_back_in_at_most_one_percent(bursts):
    service, watch = Service(bursts=bursts), PollingPlan(((0.25, 600),))
    analysed = analyse_rollouts(TOLERANCES, watch, traffic(service=service, rollouts=100))
    assert analysed.share(Decision.ROLL_BACK) <= 0.01
    taken_for_independent = analyse_rollouts(TOLERANCES, watch, traffic(service=service, rollouts=100), dispersion={})
    assert taken_for_independent.share(Decision.ROLL_BACK) > 0.3


def test_a_level_that_both_fleets_share_sends_few_good_models_back_for_lack_of_evidence():
    watch = PollingPlan(((0.25, 600),), poll_seconds=60)
    analysed = analyse_rollouts(
        TOLERANCES, watch, traffic(service=Service(drift=(0.6, 0.2, 0.2)), rate=100.0, rollouts=80)
    )
    assert analysed.share(Decision.PROMOTE) >= 0.6


def test_a_model_that_fails_more_is_found_though_failures_come_in_bursts():
    made = traffic(service=Service(bursts=(10, 1, 1)), rate=100.0, rollouts=50, fault=Fault(error_points=2.0))
    assert analyse_rollouts(TOLERANCES, PollingPlan(((0.25, 600),), 1200), made).share(Decision.ROLL_BACK) >= 0.95
