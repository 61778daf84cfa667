"""The alarm on errors as a use case gets it, beside a simulated analysis."""

import numpy as np
import pytest

from slipway.canary.config import Tolerances
from slipway.canary.statistics.evidence import Decision
from slipway.cloudwatch import AlarmState
from slipway.rollout.new_fleet_alarms import new_fleet_alarms
from slipway.settings import Rollout
from slipway.simulation import (
    Block,
    Fault,
    FleetBlock,
    PollingPlan,
    Service,
    SimulatedResults,
    Traffic,
    analyse_rollouts,
)
from slipway.simulation.error_alarm import ErrorAlarm, SimulatedErrorAlarm
from tests.slipway.cloudwatch.virtual_clock import VirtualClock


def minute_of(alarm, requests, failed):
    """Whether it goes off in rollouts of one minute, with three times the requests on a sound old fleet."""
    both = np.array(requests), np.array(failed), 4 * np.array(requests), np.array(failed)
    return alarm.goes_off(alarm.datapoints(*both)[np.newaxis]).tolist()


@pytest.mark.parametrize(
    ("requests", "failed", "goes_off"),
    [(0, 0, False), (19, 19, False), (20, 4, False), (20, 6, True), (120, 6, False), (100, 6, True)],
)
def test_it_takes_enough_requests_enough_errors_and_more_than_five_percent(requests, failed, goes_off):
    assert minute_of(ErrorAlarm(), [float(requests)], [float(failed)]) == [goes_off]


def test_the_settings_count():
    strict = ErrorAlarm(Rollout(max_error_percent=1.0, min_requests=300))
    assert minute_of(strict, [299.0, 300.0], [6.0, 6.0]) == [False, True]


@pytest.mark.parametrize(("period", "periods"), [(60, 1), (60, 3), (120, 1), (120, 2), (300, 2)])
def test_it_goes_off_when_cloudwatch_says_so_however_long_its_periods_are(period, periods):
    rollout = Rollout(alarm_period_seconds=period, alarm_periods=periods, bake_seconds=1200)
    rng = np.random.default_rng(period + periods)
    requests = rng.poisson(25, (25, 40)) * (rng.random((25, 40)) < 0.8)  # and minutes without any
    bad = rng.random((25, 40)) < rng.random(40) ** 3  # few of the minutes of some rollouts, most of others'
    failed = rng.binomial(requests, np.where(bad, 0.3, 0.005))
    old = rng.poisson(75, (25, 40)) * (rng.random((25, 40)) < 0.6)  # and minutes with nothing to compare with
    old_failed = rng.binomial(old, 0.02)
    watch = SimulatedErrorAlarm(ErrorAlarm(rollout), 40)
    for minute, counts in enumerate(zip(requests, failed, old, old_failed, strict=True), start=1):
        green, blue = fleet(*zip(*counts[:2], strict=True)), fleet(*zip(*counts[2:], strict=True))
        watch.see(Block(60 * minute, np.array([]), green, blue), np.arange(40), np.zeros(40))
    columns = zip(requests.T, failed.T, old.T, old_failed.T, strict=True)
    expected = [first_alarm(rollout, *counts) for counts in columns]
    assert watch.seconds.tolist() == expected
    assert 0 < np.isfinite(expected).sum() < 40


def first_alarm(rollout, requests, failed, old, old_failed):
    """The second at which the described alarm goes off, on a clock of its own."""
    described = new_fleet_alarms(rollout, endpoint_name="e", config_name="c", package_arn="p")["ServerErrors"]
    clock = VirtualClock([described])
    metrics = {q["Id"]: q["MetricStat"]["Metric"] for q in described["Metrics"] if "MetricStat" in q}
    for asked, wrong, other, other_wrong in np.stack([requests, failed, old, old_failed], axis=1).tolist():
        clock.advance(30)
        expected = {"requests": asked, "errors": wrong} if asked else {}
        expected |= {"all_requests": asked + other, "all_errors": wrong + other_wrong} if asked + other else {}
        for id_, value in expected.items():
            clock.put("AWS/SageMaker", {**metrics[id_], "Value": float(value)})
        clock.advance(30)
        if clock.state(described["AlarmName"]) is AlarmState.ALARM:
            return clock.now
    return np.inf


def fleet(*counts):
    requests, failed = (np.array(each, dtype=float) for each in zip(*counts, strict=True))
    nothing = np.zeros((len(counts), 1), dtype=np.int64)
    return FleetBlock(requests, failed, nothing, nothing)


def test_a_minute_is_summed_over_its_blocks_and_the_first_to_object_counts():
    watch = SimulatedErrorAlarm(ErrorAlarm(), 4)
    alone = np.arange(4)
    for second in (30, 60):
        green, blue = fleet((10, 3), (10, 1), (10, 0), (10, 3)), fleet(*((30, 0),) * 4)
        watch.see(Block(second, np.array([]), green, blue), alone, np.full(4, second / 3))
    assert watch.seconds.tolist() == [60, np.inf, np.inf, 60]
    analysed = SimulatedResults(np.array([0, 1, 2, 2]), np.array([600.0, 600, 40, 40]), np.array([200.0, 200, 13, 13]))
    both = watch.before(analysed)
    assert both.decisions.tolist() == [Decision.ROLL_BACK, Decision.PROMOTE, Decision.ROLL_BACK, Decision.ROLL_BACK]
    assert both.seconds.tolist() == [60, 600, 40, 40]
    assert both.green_requests.tolist() == [20, 200, 13, 13]


def test_beside_canary_analysis_it_sees_every_minute_of_the_rollouts_that_are_left():
    rng = np.random.default_rng(3)
    traffic = Traffic(Service(), Fault(error_points=15), requests_per_second=2.0, rollouts=200, rng=rng)
    alarm = SimulatedErrorAlarm(ErrorAlarm(), 200)
    analysed = analyse_rollouts(Tolerances(), PollingPlan(((0.25, 600),)), traffic, beside=alarm.see)
    both = alarm.before(analysed)
    seen = np.isfinite(alarm.seconds)
    assert 0.2 < seen.mean() < 1
    assert set(alarm.seconds[seen] % 60) == {0}
    assert np.all(alarm.seconds[seen] <= analysed.seconds[seen])
    assert np.all(both.green_requests <= analysed.green_requests)
    assert both.share(Decision.ROLL_BACK) >= analysed.share(Decision.ROLL_BACK)
