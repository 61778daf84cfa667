"""Whether this machine had enough CPU for a rollout; if not, the end of the rollout proves nothing about the model."""

from rehearsal.endpoints.load_generator import Promptness

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
