"""Many simulated experiments at once: weights that move by rewards, and the one decision at the planned size."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, count
from math import pi, sin

import numpy as np
from numpy.typing import NDArray

from slipway.experiment.arm_comparison import compare
from slipway.experiment.experiment_plan import ExperimentPlan
from slipway.experiment.posterior import with_floor
from slipway.experiment.rewards import Period, Rewards, by_arm
from slipway.simulation.service import Floats

DRAWS = 400
"""Of the posterior, a period and experiment: a fifth of what the product draws."""


@dataclass(frozen=True)
class Audience:
    """Whom the arms serve, and what they earn.

    Attributes:
        means: each arm's mean reward, the champion's first.
        requests_per_period: with an outcome; on average.
        daily_rise: the busiest hour has so many times the mean's requests more, and the quietest so many less.
        daily_swing: so much of the means is added in that hour, of all arms alike.
        lag_periods: until the outcomes of a period count.
        periods_per_day: of weights.
    """

    means: tuple[float, ...]
    requests_per_period: int
    daily_rise: float = 0.0
    daily_swing: float = 0.0
    lag_periods: int = 1
    periods_per_day: int = 24

    def requests(self, number: int) -> int:
        return max(1, round(self.requests_per_period * (1 + self.daily_rise * self._day(number))))

    def means_at(self, number: int) -> tuple[float, ...]:
        factor = 1 + self.daily_swing * self._day(number)
        return tuple(mean * factor for mean in self.means)

    def _day(self, number: int) -> float:
        return sin(2 * pi * number / self.periods_per_day)


@dataclass(frozen=True)
class SimulatedExperiments:
    """A row an experiment.

    Attributes:
        periods: as they were counted.
        winners: the arm that was decided for.
        regrets: the mean reward that each experiment's requests have not earned.
        shares: of the requests, by period and arm; the mean over all experiments.
    """

    periods: list[Period]
    winners: NDArray[np.int_]
    regrets: Floats
    shares: list[tuple[float, ...]]

    def share(self, arm: int) -> float:
        """Of the experiments that decided for it."""
        return float(np.mean(self.winners == arm))


def periods_until(size: int, audience: Audience) -> int:
    """How many periods bring so many requests."""
    sums = accumulate(audience.requests(number) for number in count())
    return next(number for number, requests in enumerate(sums, 1) if requests >= size)


def run_experiments(
    plan: ExperimentPlan, audience: Audience, *, experiments: int, rng: np.random.Generator, periods: int | None = None
) -> SimulatedExperiments:
    """To the planned size, or for so many periods."""
    weights = np.tile(np.array(plan.first_shares), (experiments, 1))
    best, regrets = max(audience.means), np.zeros(experiments)
    seen: list[Period] = []
    shares: list[tuple[float, ...]] = []
    for number in range(periods or periods_until(plan.planned_size, audience)):
        if plan.mode == "thompson" and (known := seen[: max(0, number - audience.lag_periods)]):
            weights = _weights(plan, by_arm(known, plan.arms), rng)
        counts = rng.multinomial(audience.requests(number), weights)
        seen.append(_earned(plan, counts, audience.means_at(number), rng))
        regrets += counts @ np.array([best - mean for mean in audience.means])
        shares.append(tuple(float(share) for share in weights.mean(axis=0)))
    return SimulatedExperiments(seen, _winners(plan, seen, experiments), regrets, shares)


def _weights(plan: ExperimentPlan, arms: Sequence[Rewards], rng: np.random.Generator) -> Floats:
    drawn = np.stack([_drawn(plan, arm, rng) for arm in arms])
    likely = np.stack([(drawn.argmax(axis=0) == number).mean(axis=1) for number in range(len(arms))])
    return np.stack(with_floor(list(likely), plan.floor), axis=1)


def _drawn(plan: ExperimentPlan, arm: Rewards, rng: np.random.Generator) -> Floats:
    total, requests = np.asarray(arm.total)[:, None], np.asarray(arm.count)[:, None]
    size = (total.size, DRAWS)
    if plan.reward == "yes_no":
        return rng.beta(1 + total, 1 + requests - total, size)
    freedom = np.maximum(requests - 1, 1.0)
    error = np.sqrt(np.asarray(arm.scatter)[:, None] / freedom / np.maximum(requests, 1.0))
    drawn: Floats = np.asarray(arm.mean)[:, None] + error * rng.standard_t(freedom, size)
    return drawn


def _earned(
    plan: ExperimentPlan, counts: NDArray[np.int_], means: Sequence[float], rng: np.random.Generator
) -> tuple[Rewards, ...]:
    return tuple(_rewards(plan, counts[:, arm], mean, rng) for arm, mean in enumerate(means))


def _rewards(plan: ExperimentPlan, counts: NDArray[np.int_], mean: float, rng: np.random.Generator) -> Rewards:
    requests = counts.astype(float)
    if plan.reward == "yes_no":
        total = rng.binomial(counts, mean).astype(float)
        return Rewards(requests, total, total)
    total = rng.normal(requests * mean, np.sqrt(requests) * plan.spread)
    scatter = plan.spread**2 * np.where(counts > 1, rng.chisquare(np.maximum(counts - 1, 1)), 0.0)
    return Rewards(requests, total, scatter + total**2 / np.maximum(requests, 1.0))


def _winners(plan: ExperimentPlan, periods: Sequence[Period], experiments: int) -> NDArray[np.int_]:
    border = 0.0 if plan.test == "two_sided" else -plan.effect
    differences = np.full((experiments, plan.arms), -np.inf)
    for arm in range(1, plan.arms):
        found = compare(periods, arm, plan.reward)
        won = np.asarray(found.distance(border)) >= plan.quantile
        differences[:, arm] = np.where(won, found.difference, -np.inf)
    return np.where(np.isinf(differences.max(axis=1)), 0, differences.argmax(axis=1))
