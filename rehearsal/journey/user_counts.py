"""What users got in a rehearsal's rollouts, all together: one request is one user."""

from collections.abc import Iterable, Sequence

from rehearsal.journey.rollouts import Rollout


def users_document(rollouts: Sequence[Rollout]) -> dict[str, int | None]:
    """The counts for `report.json`; those of the bad model are None where its rollout was cut off."""
    bad = [rollout for rollout in rollouts if rollout.fault]
    return {
        "requests": sum(rollout.requests for rollout in rollouts),
        "failed": sum(rollout.failed for rollout in rollouts),
        "dropped": sum(rollout.dropped for rollout in rollouts),
        "not_sent": sum(rollout.not_sent for rollout in rollouts),
        "met_bad_model": _sum_of_known(rollout.exposed for rollout in bad),
        "failed_by_bad_model": _sum_of_known(rollout.failed_by_new_fleet for rollout in bad),
    }


def _sum_of_known(counts: Iterable[int | None]) -> int | None:
    """None where one of them is."""
    total = 0
    for count in counts:
        if count is None:
            return None
        total += count
    return total


def failed_by_other_models(rollout: Rollout) -> int:
    """Errors that users got, but for those from the model with the fault."""
    return rollout.failed - (rollout.failed_by_new_fleet or 0 if rollout.fault else 0)


def user_counts_line(rollouts: Sequence[Rollout]) -> str | None:
    """The counts of the bad model in a line for the terminal; None where no bad model was launched."""
    if not any(rollout.fault for rollout in rollouts):
        return None
    counts = users_document(rollouts)
    met, failed = counts["met_bad_model"], counts["failed_by_bad_model"]
    if met is None or failed is None:
        return "how many requests met the bad model is unknown: its rollout was cut off"
    return f"{met} requests met the bad model, {failed} of them failed"
