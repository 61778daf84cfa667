"""The analyses of others, on minutes made by hand."""

from math import inf, nan

import numpy as np
import pytest

from benchmarks.peers import Minutes, fixed_thresholds, mann_whitney, minutes, static_alarms
from slipway.canary.config import Tolerances
from slipway.simulation import Fault, Service, Traffic, latency_edges

WAVY = np.array([0.0, 0.01, 0.02, 0.005, 0.015] * 2)


def expected(*, errors=WAVY * 0, latency=None, rank=None):
    rows = np.array([errors], dtype=float)
    return Minutes(
        np.full(rows.shape, 100.0),
        rows,
        rows * 0 + 1 + WAVY if latency is None else np.array([latency], dtype=float),
        rows * 0 + 0.5 + WAVY if rank is None else np.array([rank], dtype=float),
    )


def alarmed(green, comparison="GreaterThanThreshold"):
    return static_alarms(green, expected(), slow=3.0, errors=0.01, comparison=comparison).item()


def test_a_static_alarm_goes_off_at_the_end_of_the_first_minute_above_its_limit():
    assert alarmed(expected(errors=[0.01, 0.01, 0.02] + [0.0] * 7)) == 180
    assert alarmed(expected(errors=[0.01] * 10)) == inf
    assert alarmed(expected(errors=[0.01] * 10), "GreaterThanOrEqualToThreshold") == 60
    assert alarmed(expected(latency=[1.0, 3.5] + [1.0] * 8)) == 120
    assert alarmed(expected(latency=[nan] * 10)) == inf


def test_fixed_thresholds_wait_for_the_fifth_failed_check():
    assert fixed_thresholds(expected(errors=[0.0, 0.02] * 5), expected(), slow=3.0).item() == 600
    assert fixed_thresholds(expected(errors=[0.0, 0.02] * 4 + [0.0] * 2), expected(), slow=3.0).item() == inf


def test_a_rank_test_finds_what_is_a_quarter_beyond_and_nothing_in_equal_minutes():
    assert mann_whitney(expected(), expected()).item() == inf
    assert mann_whitney(expected(latency=2 + WAVY), expected()).item() == 300
    assert mann_whitney(expected(latency=0.2 + WAVY), expected()).item() == inf
    assert mann_whitney(expected(rank=0.1 + WAVY), expected()).item() == 300


def test_minutes_are_summed_from_their_blocks():
    service = Service()
    edges = latency_edges(Tolerances(), service, list(np.geomspace(0.3, 30, 24)))
    rng = np.random.default_rng(1)
    traffic = Traffic(service, Fault(latency_factor=3.0), requests_per_second=400.0, rollouts=3, rng=rng)
    blocks = [traffic.draw(10, green_share=0.25, edges=edges).green for _ in range(12)]
    found = minutes(blocks, edges)
    assert found.requests[:, 0] == pytest.approx(sum(block.requests for block in blocks[:6]))
    assert found.error_share[:, 1] == pytest.approx(
        sum(block.failed for block in blocks[6:]) / sum(block.requests for block in blocks[6:])
    )
    assert found.latency_p99 == pytest.approx(np.full((3, 2), 3 * 3.15), rel=0.3)
    assert found.mean_rank == pytest.approx(np.full((3, 2), 0.5), abs=0.05)
