"""A challenger's mean reward less the champion's, and its standard error, though weights have moved by the rewards.

Two things go wrong with means over a whole bandit. What all arms share changes with the time of day, and an arm that
had most of its requests in a good hour looks better: so arms are compared within each period, in which weights stand
still. And the weights depend on what was seen before, so that the pooled difference is not normal: so each period
counts by its requests of all arms, on which the weights have no influence (the batched estimator of Zhang, Janson and
Murphy, "Inference for Batched Bandits", 2020). With a fixed split this is the ordinary stratified test.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from slipway.canary.statistics.arithmetic import Numbers, larger, sqrt, where
from slipway.experiment.experiment_plan import Reward
from slipway.experiment.rewards import Period, Rewards

_TINY = 1e-12


@dataclass(frozen=True)
class ArmComparison:
    """`difference` of the means, and its standard `error`; both 0 where nothing could be compared."""

    difference: Numbers
    error: Numbers

    def distance(self, border: float) -> Numbers:
        """How many standard errors the difference lies above `border`; -inf where its error is not known."""
        return where(self.error > 0, (self.difference - border) / larger(self.error, _TINY), -inf)


def compare(periods: Sequence[Period], challenger: int, reward: Reward) -> ArmComparison:
    """The arm `challenger` and the champion, over all periods in which both had requests."""
    weight: Numbers = 0.0
    weighted: Numbers = 0.0
    leverages: list[Numbers] = [0.0, 0.0]
    for period in periods:
        pair = (period[0], period[challenger])
        requests: Numbers = sum(arm.count for arm in period)
        both = larger(pair[0].count + pair[1].count, 1.0)
        harmonic = pair[0].count * pair[1].count / both
        root = sqrt(requests * harmonic)
        weight, weighted = weight + root, weighted + root * (pair[1].mean - pair[0].mean)
        for number, arm in enumerate(pair):
            leverages[number] = leverages[number] + requests * harmonic / larger(arm.count, 1.0)
    champion, other = _variances(periods, challenger, reward)
    variance = leverages[0] * champion + leverages[1] * other
    return ArmComparison(weighted / larger(weight, _TINY), sqrt(variance) / larger(weight, _TINY))


def _variances(periods: Sequence[Period], challenger: int, reward: Reward) -> tuple[Numbers, Numbers]:
    """Of one reward of the champion, and of the challenger; within periods, since their means may drift.

    Of yes/no rewards both are estimated together: an arm without any yes has no variance of its own.
    """
    champion, other = (_scattered([period[arm] for period in periods]) for arm in (0, challenger))
    if reward == "yes_no":
        together = (champion[0] + other[0]) / larger(champion[1] + other[1], 1.0)
        return together, together
    return champion[0] / larger(champion[1], 1.0), other[0] / larger(other[1], 1.0)


def _scattered(rewards: Sequence[Rewards]) -> tuple[Numbers, Numbers]:
    """The scatter within periods, and its degrees of freedom."""
    scatter: Numbers = 0.0
    freedom: Numbers = 0.0
    for each in rewards:
        scatter, freedom = scatter + each.scatter, freedom + larger(each.count - 1, 0.0)
    return scatter, freedom
