"""What is believed of each arm's mean reward, and how likely each is the best: Thompson sampling of a whole period.

A yes/no reward has a Beta posterior from a uniform prior. A value has Student's t, the posterior of a normal mean with
unknown variance from the prior 1/variance: an arm with fewer than two rewards is believed to be anything.
"""

from collections.abc import Callable, Sequence
from math import sqrt
from random import Random

from slipway.experiment.experiment_plan import Reward
from slipway.experiment.rewards import Rewards

DRAWS = 2000
_FEWEST = 2


def shares_of_best(arms: Sequence[Rewards], reward: Reward, *, draws: int = DRAWS) -> tuple[float, ...]:
    """How likely each arm is the best one; the same rewards give the same shares.

    A value's arms are all as likely as each other until each of them has two rewards that are not all alike.
    """
    if reward == "value" and not all(arm.count > _FEWEST and arm.scatter > 0 for arm in arms):
        return (1 / len(arms),) * len(arms)
    random = Random(repr([(arm.count, arm.total) for arm in arms]))  # noqa: S311 -- a simulation and no secret
    samplers = [_sampler(arm, reward, random) for arm in arms]
    wins = [0] * len(arms)
    for _ in range(draws):
        drawn = [sample() for sample in samplers]
        wins[max(range(len(arms)), key=drawn.__getitem__)] += 1
    return tuple(count / draws for count in wins)


def _sampler(arm: Rewards, reward: Reward, random: Random) -> Callable[[], float]:
    if reward == "yes_no":
        yes, no = float(1 + arm.total), float(1 + arm.count - arm.total)
        return lambda: random.betavariate(yes, no)
    freedom, mean = float(arm.count - 1), float(arm.mean)
    error = sqrt(arm.scatter / freedom / arm.count)
    # Student's t: a normal over the root of a chi-squared by its degrees of freedom, which is a gamma.
    return lambda: mean + error * random.gauss() / sqrt(random.gammavariate(freedom / 2, 2 / freedom))


def with_floor(shares: Sequence[float], floor: float) -> tuple[float, ...]:
    """The shares of the requests: each arm its floor, and the rest as likely as it is the best.

    Raises:
        ValueError: the floors leave nothing.
    """
    left = 1 - floor * len(shares)
    if left < 0:
        raise ValueError(f"floor must be at most 1/{len(shares)} for {len(shares)} arms, got {floor}")
    return tuple(floor + left * share for share in shares)
