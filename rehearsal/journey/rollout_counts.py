"""Count what the users of a rollout got: by the traffic generator, and by the new fleet's metrics."""

import time

from rehearsal.endpoints.load_generator import LoadSnapshot, Promptness
from rehearsal.journey.fleet_metrics import invocations
from rehearsal.journey.rollout_following import POLL_SECONDS
from rehearsal.journey.rollout_result import LaunchTarget, RolloutResult

_METRICS_SECONDS = 3.0


def start_users(target: LaunchTarget, count: int = 40) -> None:
    """Start the traffic, and wait until `count` requests were sent."""
    target.traffic.start()
    wanted = target.traffic.snapshot().sent + count
    while target.traffic.snapshot().sent < wanted:
        time.sleep(POLL_SECONDS)


def count_users(target: LaunchTarget, rollout: RolloutResult, before: LoadSnapshot) -> Promptness:
    """Fill in what the traffic generator has counted, which needs no embedded AWS."""
    users, counts = target.traffic.promptness(before), target.traffic.snapshot().since(before)
    rollout.ended_at = time.time()
    rollout.seconds = round(rollout.ended_at - rollout.started_at, 3)
    rollout.requests, rollout.failed, rollout.dropped = counts.sent, counts.failed, counts.dropped
    rollout.not_sent, rollout.late_p99_ms = users.not_sent, users.late_p99_ms
    return users


def count_new_fleet(target: LaunchTarget, rollout: RolloutResult) -> None:
    """Fill in what the new fleet answered, and how many of the users' failed requests were its own."""
    # The smoke test's requests are not users' requests.
    rollout.exposed = min(_sum_of(target, rollout, target.kind.requests), rollout.requests)
    deadline = time.monotonic() + _METRICS_SECONDS  # the last metrics may not have arrived yet
    while True:
        found = sum(_sum_of(target, rollout, (metric, "Sum")) for metric in target.kind.failures)
        if found >= rollout.failed or time.monotonic() > deadline:
            break
        time.sleep(POLL_SECONDS)
    rollout.failed_by_new_fleet = min(found, rollout.failed)


def _sum_of(target: LaunchTarget, rollout: RolloutResult, counted: tuple[str, str]) -> int:
    """A metric of the new fleet since the rollout began, by a statistic of it."""
    if rollout.config is None:
        return 0
    counts = invocations(
        target.aws, endpoint=target.endpoint, config=rollout.config, since=rollout.started_at, counted=counted
    )
    return int(sum(count for _, count in counts))
