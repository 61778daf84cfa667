"""What users got in a rehearsal's rollouts, all together: one request is one user."""

from collections.abc import Sequence

from rehearsal.journey.rollouts import Rollout


def users_document(rollouts: Sequence[Rollout]) -> dict[str, int]:
    """The counts for `report.json`."""
    return {
        "requests": sum(rollout.requests for rollout in rollouts),
        "failed": sum(rollout.failed for rollout in rollouts),
        "dropped": sum(rollout.dropped for rollout in rollouts),
        "not_sent": sum(rollout.not_sent for rollout in rollouts),
        "met_bad_model": sum(rollout.exposed for rollout in rollouts if rollout.fault),
        "failed_by_bad_model": sum(map(failed_by_bad_model, rollouts)),
    }


def failed_by_bad_model(rollout: Rollout) -> int:
    """Errors that users got from the model with the fault."""
    return rollout.failed_by_new_fleet if rollout.fault else 0


def users_told(rollouts: Sequence[Rollout]) -> str:
    """The counts in a line for the terminal."""
    counts = users_document(rollouts)
    return f"{counts['met_bad_model']} requests met the bad model, {counts['failed_by_bad_model']} of them failed"
