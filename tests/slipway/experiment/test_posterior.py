"""How likely each arm is the best, and what share of the requests follows."""

import pytest

from slipway.experiment.posterior import shares_of_best, with_floor
from slipway.experiment.rewards import Rewards


def yes_no(count, yes):
    return Rewards(float(count), float(yes), float(yes))


def test_an_arm_without_rewards_may_be_the_best():
    assert shares_of_best([Rewards(), Rewards()], "yes_no") == pytest.approx((0.5, 0.5), abs=0.05)
    assert shares_of_best([Rewards.of([1.0, 2.0, 3.0, 2.0]), Rewards()], "value") == (0.5, 0.5)


def test_the_better_arm_of_many_requests_is_almost_surely_the_best():
    shares = shares_of_best([yes_no(10_000, 500), yes_no(10_000, 700), yes_no(100, 5)], "yes_no")
    assert shares[0] < 0.05  # the third has too few to be given up
    assert shares[1] > 0.7
    assert sum(shares) == pytest.approx(1)


@pytest.mark.parametrize("reward", ["yes_no", "value"])
def test_the_probability_is_that_of_the_posterior(reward):
    arms = [yes_no(1000, 500), yes_no(1000, 522)]  # 0.98 standard errors apart: the normal distribution has 0.837
    assert shares_of_best(arms, reward)[1] == pytest.approx(0.837, abs=0.03)


def test_the_same_rewards_give_the_same_shares():
    arms = [yes_no(100, 5), yes_no(100, 9)]
    assert shares_of_best(arms, "yes_no") == shares_of_best(arms, "yes_no")


def test_no_arm_gets_less_than_its_floor():
    assert with_floor((1.0, 0.0, 0.0), 0.1) == pytest.approx((0.8, 0.1, 0.1))
    with pytest.raises(ValueError, match="at most 1/3"):
        with_floor((1.0, 0.0, 0.0), 0.34)
