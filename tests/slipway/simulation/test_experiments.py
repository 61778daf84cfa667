"""Simulated experiments: false winners, power, and what moving the weights saves."""

from dataclasses import replace

import numpy as np
import pytest

from slipway.experiment.experiment_plan import ExperimentPlan
from slipway.experiment.posterior import shares_of_best
from slipway.experiment.rewards import Rewards
from slipway.simulation.experiments import Audience, run_experiments

PLAN = ExperimentPlan("split", "yes_no", "two_sided", 2, 0.2, 0.0, 0.05)


def run(mode, *, lift=0.0, experiments=400, **audience):
    means = (PLAN.expected, PLAN.expected + lift)
    rng = np.random.default_rng(3)
    return run_experiments(replace(PLAN, mode=mode), Audience(means, 150, **audience), experiments=experiments, rng=rng)


@pytest.mark.parametrize("mode", ["split", "thompson"])
@pytest.mark.parametrize("swing", [0.0, 0.5])
def test_few_equal_challengers_win_even_where_day_and_night_differ(mode, swing):
    found = run(mode, daily_rise=0.8 * (swing > 0), daily_swing=swing)
    assert found.share(1) <= 0.05  # 2.5 % is promised


@pytest.mark.parametrize("mode", ["split", "thompson"])
def test_most_better_challengers_win_at_the_planned_size(mode):
    assert run(mode, lift=0.05).share(1) >= 0.75  # 80 % is planned


def test_moving_the_weights_saves_regret_and_keeps_the_floor():
    split, bandit = (run(mode, lift=0.05) for mode in ("split", "thompson"))
    periods = len(split.periods)
    assert bandit.shares[periods - 1][1] > 0.7
    assert min(map(min, bandit.shares)) >= PLAN.floor
    assert bandit.regrets.mean() < 0.8 * split.regrets.mean()


def test_values_move_the_weights_as_well():
    plan = replace(PLAN, mode="thompson", reward="value", expected=10.0, spread=5.0, effect=1.0)
    found = run_experiments(plan, Audience((10.0, 11.0), 60), experiments=200, rng=np.random.default_rng(4))
    assert found.share(1) >= 0.75
    assert found.shares[-1][1] > 0.7


def test_the_simulated_weights_are_those_of_the_product():
    means, rng = (PLAN.expected, PLAN.expected + 0.05), np.random.default_rng(5)
    found = run_experiments(replace(PLAN, mode="thompson"), Audience(means, 40), experiments=100, rng=rng, periods=3)
    assert found.shares[0] == found.shares[1] == (0.5, 0.5)  # no outcome is known yet
    champion, challenger = (np.stack([np.asarray(of) for of in vars(arm).values()], axis=1) for arm in found.periods[0])
    likely = [
        shares_of_best([Rewards(*a), Rewards(*b)], "yes_no", draws=200)[1]
        for a, b in zip(champion.tolist(), challenger.tolist(), strict=True)
    ]
    assert found.shares[2][1] == pytest.approx(PLAN.floor + 0.8 * np.mean(likely), abs=0.01)
