"""Whether this machine had enough CPU for a rollout; if not, its end proves nothing about the model."""

from rehearsal.endpoints.load_generator import Promptness
from rehearsal.journey.fleet_metrics import latency_ms
from rehearsal.journey.rollout_result import LaunchTarget, RolloutResult

INCONCLUSIVE = "inconclusive"
"""The outcome of such a rollout."""
MOST_LATE_MS = 100.0
MOST_SHARE_NOT_SENT = 0.01


def starvation(users: Promptness) -> str | None:
    """What shows that the machine was busy, in words; None if it kept up."""
    if users.share_not_sent > MOST_SHARE_NOT_SENT:
        return (
            f"this machine was busy: {users.not_sent} of {users.due} requests that were due could not be sent,"
            f" at most {MOST_SHARE_NOT_SENT:.0%} may be"
        )
    if users.late_p99_ms > MOST_LATE_MS:
        return (
            f"this machine was busy: one request in a hundred was sent {users.late_p99_ms:.0f} ms late or later,"
            f" at most {MOST_LATE_MS:.0f} ms may be"
        )
    return None


def slowness(target: LaunchTarget, rollout: RolloutResult) -> str | None:
    """What shows that a rollback for latency was no fault of the new fleet, in words; None where nothing does.

    The old fleet was promoted at the same limit: where it is beyond it in the same minutes, what both share is slow.
    """
    limit, at, old = target.latency, rollout.alarmed_at, rollout.previous_config
    if not limit or not at or not old or not (rollout.by or "").endswith("-Latency"):
        return None
    found, requests = latency_ms(
        target.aws,
        endpoint=target.endpoint,
        config=old,
        since=at - limit.seconds,
        until=at,
        percentile=limit.percentile,
    )
    if requests < limit.min_requests or found <= limit.ms:
        return None
    return (
        f"this machine was busy: the old fleet's latency was above the limit of {limit.ms:g} ms too, {found:.0f} ms at"
        f" the percentile {limit.percentile:g} of {requests:,} requests"
    )
