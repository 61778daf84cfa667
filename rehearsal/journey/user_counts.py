"""What users got in all rollouts of a rehearsal; every request counts as one user."""

from collections.abc import Iterable, Sequence

from rehearsal.journey.rollout_result import RolloutResult
from slipway.rounding import counted


def user_counts(rollouts: Sequence[RolloutResult]) -> dict[str, int | None]:
    """The counts for `report.json`; those of the bad model are None if its rollout was cut off."""
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
    """None if one of them is."""
    known = list(counts)
    return None if None in known else sum(filter(None, known))


def failed_by_other_models(rollout: RolloutResult) -> int:
    """Errors that users got, except those from the model with the fault."""
    return rollout.failed - (rollout.failed_by_new_fleet or 0 if rollout.fault else 0)


def bad_model_line(rollouts: Sequence[RolloutResult]) -> str | None:
    """The counts of the bad model for the terminal; None if no bad model was launched."""
    if not any(rollout.fault for rollout in rollouts):
        return None
    counts = user_counts(rollouts)
    exposed, failed = counts["met_bad_model"], counts["failed_by_bad_model"]
    if exposed is None or failed is None:
        return "how many requests reached the bad model is unknown, because its rollout was cut off"
    return f"{counted(exposed, 'request')} reached the bad model, {failed:,} of them failed"
