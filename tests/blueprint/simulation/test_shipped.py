"""The alarm on errors as a use case gets it, beside a simulated judge."""

import numpy as np
import pytest

from blueprint.settings import Rollout
from blueprint.simulation import Block, Fault, FleetBlock, Outcomes, Service, Traffic, Watch, judge_rollouts
from blueprint.simulation.shipped import AlarmWatch, ErrorAlarm
from blueprint.verdicts import JudgePlan, Verdict


@pytest.mark.parametrize(
    ("requests", "failed", "goes_off"),
    [(0, 0, False), (19, 19, False), (20, 4, False), (20, 5, True), (100, 5, False), (100, 6, True)],
)
def test_it_takes_enough_requests_enough_errors_and_more_than_five_percent(requests, failed, goes_off):
    assert ErrorAlarm().goes_off(np.array([float(requests)]), np.array([float(failed)])).tolist() == [goes_off]


def test_the_settings_count():
    strict = ErrorAlarm(Rollout(max_error_percent=1.0, min_requests=300))
    assert strict.goes_off(np.array([299.0, 300.0]), np.array([5.0, 5.0])).tolist() == [False, True]


def test_an_alarm_of_several_minutes_is_refused():
    with pytest.raises(ValueError, match="must be 60, got 120"):
        ErrorAlarm(Rollout(alarm_periods=2))


def fleet(*counts):
    requests, failed = (np.array(each, dtype=float) for each in zip(*counts, strict=True))
    nothing = np.zeros((len(counts), 1), dtype=np.int64)
    return FleetBlock(requests, failed, nothing, nothing)


def test_a_minute_is_summed_over_its_blocks_and_the_first_to_object_counts():
    watch = AlarmWatch(ErrorAlarm(), 4)
    alone = np.arange(4)
    for second in (30, 60):
        green = fleet((10, 3), (10, 1), (10, 0), (10, 3))
        watch.see(Block(second, np.array([]), green, green), alone, np.full(4, second / 3))
    assert watch.seconds.tolist() == [60, np.inf, np.inf, 60]
    judged = Outcomes(np.array([0, 1, 2, 2]), np.array([600.0, 600, 40, 40]), np.array([200.0, 200, 13, 13]))
    both = watch.before(judged)
    assert both.verdicts.tolist() == [Verdict.ROLL_BACK, Verdict.PROMOTE, Verdict.ROLL_BACK, Verdict.ROLL_BACK]
    assert both.seconds.tolist() == [60, 600, 40, 40]
    assert both.green_requests.tolist() == [20, 200, 13, 13]


def test_beside_the_judge_it_sees_every_minute_of_the_rollouts_that_are_left():
    rng = np.random.default_rng(3)
    traffic = Traffic(Service(), Fault(error_points=8), requests_per_second=2.0, rollouts=200, rng=rng)
    alarm = AlarmWatch(ErrorAlarm(), 200)
    judged = judge_rollouts(JudgePlan(), Watch(((0.25, 600),)), traffic, beside=alarm.see)
    both = alarm.before(judged)
    seen = np.isfinite(alarm.seconds)
    assert 0.2 < seen.mean() < 1
    assert set(alarm.seconds[seen] % 60) == {0}
    assert np.all(alarm.seconds[seen] <= judged.seconds[seen])
    assert np.all(both.green_requests <= judged.green_requests)
    assert both.share(Verdict.ROLL_BACK) >= judged.share(Verdict.ROLL_BACK)
