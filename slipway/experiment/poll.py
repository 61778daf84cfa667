"""One poll of an experiment: what its rewards ask for now, and what is reported of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from slipway.experiment.experiment_decision import decide, estimated_regret, interval
from slipway.experiment.experiment_plan import ExperimentPlan
from slipway.experiment.posterior import shares_of_best, with_floor
from slipway.experiment.rewards import Period, by_arm

REPORT_NAME = "status.json"
"""Of the object that has the `summary`, below the experiment's prefix."""

LEAST_CHANGE = 0.02
"""Of a weight: a smaller one, as the draws of the posterior alone make, is not worth an update of the endpoint."""


@dataclass(frozen=True)
class PollResult:
    """What is to be done: the shares of the arms, and the winner once the experiment has ended; None before."""

    shares: tuple[float, ...]
    winner: int | None = None
    explanation: str = ""


def poll(plan: ExperimentPlan, periods: Sequence[Period], *, is_over: bool) -> PollResult:
    """By all rewards that are due; `is_over` where the longest time has passed.

    Before the planned size nothing is decided, however clear it looks: a test that is read at each poll finds many more
    winners than it promises.
    """
    rewards = by_arm(periods, plan.arms)
    if sum(arm.count for arm in rewards) >= plan.planned_size or is_over:
        decision = decide(plan, periods)
        return PollResult(plan.first_shares, decision.winner, decision.explanation)
    if plan.mode == "split" or not periods:
        return PollResult(plan.first_shares)
    return PollResult(with_floor(shares_of_best(rewards, plan.reward), plan.floor))


def differ(shares: Sequence[float], weights: Sequence[float]) -> bool:
    """Whether the weights, whatever their sum is, are worth a change: an arm without any has no requests at all."""
    total = sum(weights) or 1.0
    before = [weight / total for weight in weights]
    return len(shares) != len(before) or any(
        abs(a - b) >= LEAST_CHANGE or (a > 0) != (b > 0) for a, b in zip(shares, before, strict=True)
    )


def summary(plan: ExperimentPlan, periods: Sequence[Period]) -> dict[str, Any]:
    """For people: what each arm has earned, how far challengers are from the champion, and what it has cost."""
    rewards = by_arm(periods, plan.arms)
    arms = []
    for number, arm in enumerate(rewards):
        row: dict[str, Any] = {"requests": int(arm.count), "mean": float(arm.mean) if arm.count else None}
        if number and arm.count and rewards[0].count:
            row |= vars(interval(plan, periods, number))
        arms.append(row)
    return {
        "outcomes": int(sum(arm.count for arm in rewards)),
        "planned_size": plan.planned_size,
        "arms": arms,
        "estimated_regret": estimated_regret(periods, plan.arms),
    }
