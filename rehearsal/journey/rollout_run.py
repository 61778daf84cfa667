"""Run one rollout: approve a package, follow it to its end, count what the users got, conclude how it ended."""

import time

from rehearsal.journey.phases import PhaseLog
from rehearsal.journey.rollout_conclusion import conclude
from rehearsal.journey.rollout_counts import count_new_fleet, count_users, start_users
from rehearsal.journey.rollout_following import execution_of, follow
from rehearsal.journey.rollout_result import FIRST, LaunchTarget, RolloutResult
from rehearsal.journey.starvation import INCONCLUSIVE, slowness, starvation


def roll_out(target: LaunchTarget, rollout: RolloutResult, *, phase: PhaseLog) -> None:
    """Approve the package and follow the deployed function to its end; `rollout` is filled meanwhile.

    Raises:
        LaunchError: the approval started no rollout, or the rollout ended without an outcome.
    """
    package_arn, rollout.started_at = rollout.model_package, time.time()
    before = target.traffic.snapshot()
    try:
        target.aws.client("sagemaker").update_model_package(ModelPackageArn=package_arn, ModelApprovalStatus="Approved")
        execution = execution_of(target, package_arn)
        follow(target, execution, rollout, phase)
        if rollout.type == FIRST:
            start_users(target)
    finally:
        users = count_users(target, rollout, before)
    count_new_fleet(target, rollout)
    conclude(target, execution, rollout)
    if rollout.has_two_fleets and (busy := starvation(users) or slowness(target, rollout)):
        rollout.reason = f"{busy}; it ended {rollout.outcome_in_words}"
        rollout.outcome = INCONCLUSIVE
