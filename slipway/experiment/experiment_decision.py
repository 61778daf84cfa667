"""The one decision of an experiment, at its planned size: which arm serves from now on, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from slipway.experiment.arm_comparison import ArmComparison, compare
from slipway.experiment.experiment_plan import FEWEST, FEWEST_OF_EACH, ExperimentPlan
from slipway.experiment.rewards import Period, by_arm

CHAMPION = 0
_NORMAL = NormalDist()


@dataclass(frozen=True)
class Interval:
    """Of a challenger's mean reward less the champion's, at the plan's confidence for all challengers together."""

    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class ExperimentDecision:
    """`winner` is the arm that serves from now on: 0, the champion, where no challenger has won."""

    winner: int
    explanation: str


def interval(plan: ExperimentPlan, periods: Sequence[Period], challenger: int) -> Interval:
    """Two-sided; of `non_inferiority` too, whose test is its lower end at twice the error."""
    found = compare(periods, challenger, plan.reward)
    difference, reach = float(found.difference), _NORMAL.inv_cdf(1 - plan.error / 2) * float(found.error)
    return Interval(difference, difference - reach, difference + reach)


def wins(plan: ExperimentPlan, found: ArmComparison) -> bool:
    """Whether the test says that a challenger is better, or of `non_inferiority` no worse than by the margin."""
    border = 0.0 if plan.test == "two_sided" else -plan.effect
    return bool(found.distance(border) >= plan.quantile)


def has_enough(plan: ExperimentPlan, periods: Sequence[Period], challenger: int) -> bool:
    """Whether champion and challenger have outcomes enough for the test, as they may not when the time is over.

    Of yes/no rewards half of what is planned with: they may be rarer than was expected.
    """
    rewards = by_arm(periods, plan.arms)
    pair = (rewards[CHAMPION], rewards[challenger])
    fewest, both = float(min(arm.count for arm in pair)), pair[0] + pair[1]
    if plan.reward == "value" or fewest < FEWEST:
        return fewest >= FEWEST
    return fewest * min(float(both.mean), 1 - float(both.mean)) >= FEWEST_OF_EACH / 2


def decide(plan: ExperimentPlan, periods: Sequence[Period]) -> ExperimentDecision:
    """Of several challengers that win, the one with the largest difference; the caller knows that the time has come."""
    challengers = range(1, plan.arms)
    found = {arm: compare(periods, arm, plan.reward) for arm in challengers}
    winners = [arm for arm in challengers if wins(plan, found[arm]) and has_enough(plan, periods, arm)]
    winner = max(winners, key=lambda arm: found[arm].difference, default=CHAMPION)
    return ExperimentDecision(winner, _explained(plan, periods, winner))


def _explained(plan: ExperimentPlan, periods: Sequence[Period], winner: int) -> str:
    rewards = by_arm(periods, plan.arms)
    count = sum(arm.count for arm in rewards)
    shown = [winner] if winner else range(1, plan.arms)
    few = {arm: "" if has_enough(plan, periods, arm) else ", too few outcomes to decide by," for arm in shown}
    found = {
        arm: _of(interval(plan, periods, arm)) if rewards[arm].count and rewards[CHAMPION].count else "not compared"
        for arm in shown
    }
    parts = [f"challenger {arm} {found[arm]}{few[arm]}" for arm in shown]
    proven = "is better" if plan.test == "two_sided" else f"is no worse than by {plan.effect:g}"
    outcome = f"challenger {winner} {proven}" if winner else f"no challenger {proven}"
    return f"{outcome}: {'; '.join(parts)} against the champion, {plan.confidence:.0%} interval, {count:,.0f} outcomes"


def _of(found: Interval) -> str:
    return f"{found.difference:+.4g} ({found.low:+.4g} to {found.high:+.4g})"


def estimated_regret(periods: Sequence[Period], arms: int) -> float:
    """The reward that requests of lesser arms have not earned, by the means as they are now: an upward estimate."""
    rewards = by_arm(periods, arms)
    best = max((arm.mean for arm in rewards if arm.count), default=0.0)
    return float(sum(arm.count * (best - arm.mean) for arm in rewards if arm.count))
