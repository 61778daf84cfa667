"""When a rollout's end is put down to a busy machine."""

from typing import Any

import pytest

from rehearsal.endpoints.load_generator import Promptness
from rehearsal.journey.rollout_result import LatencyLimit, LaunchTarget, RolloutResult
from rehearsal.journey.starvation import slowness, starvation


@pytest.mark.parametrize(
    ("users", "expected"),
    [
        (Promptness(due=1000, not_sent=0, late_p99_ms=30.0), None),
        (Promptness(due=1000, not_sent=10, late_p99_ms=100.0), None),
        (Promptness(due=0, not_sent=0, late_p99_ms=0.0), None),
        (Promptness(due=1000, not_sent=11, late_p99_ms=5.0), "11 of 1000 requests that were due could not be sent"),
        (Promptness(due=1000, not_sent=0, late_p99_ms=130.2), "one request in a hundred was sent 130 ms late or later"),
    ],
)
def test_users_that_are_late_or_do_not_come_show_a_busy_machine(users: Promptness, expected: str | None) -> None:
    found = starvation(users)
    assert (found is None) == (expected is None)
    assert expected is None or f"this machine was busy: {expected}" in str(found)


class OldFleet:
    """CloudWatch with the latency of one fleet, in µs."""

    def __init__(self, latency_us: float, requests: int) -> None:
        self._latency_us, self._requests = latency_us, requests

    def client(self, _service: str) -> "OldFleet":
        return self

    def get_metric_statistics(self, *, Dimensions: list[dict[str, str]], **_: Any) -> dict[str, Any]:  # noqa: N803
        assert Dimensions[-1]["Value"] == "old"
        point = {"SampleCount": float(self._requests), "ExtendedStatistics": {"p90": self._latency_us}}
        return {"Datapoints": [point] if self._requests else []}


@pytest.mark.parametrize(
    ("latency_us", "requests", "by", "is_machines"),
    [
        (700_000, 40, "new-Latency", True),
        (400_000, 40, "new-Latency", False),  # the old fleet is as fast as it should be
        (700_000, 4, "new-Latency", False),  # of too few requests
        (0, 0, "new-Latency", False),
        (700_000, 40, "new-ServerErrors", False),
    ],
)
def test_an_old_fleet_beyond_the_limit_too_shows_a_busy_machine(
    latency_us: float, requests: int, by: str, *, is_machines: bool
) -> None:
    aws: Any = OldFleet(latency_us, requests)
    traffic: Any = None
    limit = LatencyLimit(ms=500.0, percentile=90.0, seconds=5.0, min_requests=10)
    target = LaunchTarget(aws, "shop", "rollout", traffic, latency=limit)
    rollout = RolloutResult("arn:3", None, "canary", by=by, alarms=[by], moments=[(1e9, "alarm")])
    rollout.previous_config = "old"
    found = slowness(target, rollout)
    assert (found is not None) == is_machines
    assert found is None or "700 ms at the percentile 90 of 40 requests" in found
