"""What a scaling policy wants, by the values of its alarm's minutes."""

from typing import Any

import pytest

from rehearsal.cloud.scaling_policy import Change, Signal, capacity

FIVE_WAITING = {
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 5.0, "ScaleInCooldown": 600, "ScaleOutCooldown": 300},
}
FIRST = {
    "PolicyType": "StepScaling",
    "StepScalingPolicyConfiguration": {
        "Cooldown": 300,
        "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
    },
}


def wanted(policy: dict[str, Any], *values: float, current: int, last: Change | None = None, now: float = 0) -> int:
    """Its low alarm is in ALARM where the newest value is below the target, else its high one."""
    signal = Signal(values, 4.5 if values[-1] < 4.5 else 5.0, is_low=values[-1] < 4.5)
    return capacity(policy, signal, current=current, last=last, now=now)


@pytest.mark.parametrize(
    ("values", "current", "instances"),
    [
        ((6, 6, 6), 1, 2),  # in proportion, rounded up
        ((6, 6, 50), 1, 10),  # by the newest minute
        ((5.01, 5.01, 5.01), 4, 5),
        ((0,) * 15, 4, 0),
        ((0,) * 14 + (1,), 4, 1),  # by the highest minute: one that works is not the last to go
        ((0,) * 7 + (4.4,) + (0,) * 7, 4, 4),  # one fewer would have 5.9
    ],
)
def test_a_tracked_metric_is_brought_to_its_target(values: tuple[float, ...], current: int, instances: int) -> None:
    assert wanted(FIVE_WAITING, *values, current=current) == instances


OUT, IN = Change(1, 3, ended_at=1000.0), Change(4, 2, ended_at=1000.0)


@pytest.mark.parametrize(
    ("value", "last", "now", "instances"),
    [
        (20.0, OUT, 1200, 4),  # in proportion to what there was before the change
        (8.0, OUT, 1200, 3),  # which has added more than that
        (8.0, OUT, 1300, 5),
        (0.0, OUT, 1200, 3),
        (0.0, IN, 1500, 3),
        (0.0, IN, 1600, 0),
        (20.0, IN, 1001, 12),  # adding waits for no scale-in
    ],
)
def test_a_change_counts_until_its_cooldown_has_passed(value: float, last: Change, now: float, instances: int) -> None:
    assert wanted(FIVE_WAITING, value, current=3, last=last, now=now) == instances


def test_scaling_in_can_be_left_to_others() -> None:
    rules = {**FIVE_WAITING["TargetTrackingScalingPolicyConfiguration"], "DisableScaleIn": True}  # type: ignore[dict-item]
    assert wanted({**FIVE_WAITING, "TargetTrackingScalingPolicyConfiguration": rules}, 0.0, current=3) == 3


def test_a_step_is_taken_once_a_cooldown() -> None:
    waiting = Signal((1.0,), 1.0)
    assert capacity(FIRST, waiting, current=0, last=None, now=0) == 1
    assert capacity(FIRST, waiting, current=1, last=Change(0, 1, 100), now=200) == 1
    assert capacity(FIRST, waiting, current=1, last=Change(0, 1, 100), now=400) == 2
