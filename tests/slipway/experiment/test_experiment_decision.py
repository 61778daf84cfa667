"""The one decision of an experiment."""

import math

import pytest
from scipy import stats

from slipway.experiment.arm_comparison import compare
from slipway.experiment.experiment_decision import decide, estimated_regret, interval
from slipway.experiment.experiment_plan import ExperimentPlan
from slipway.experiment.rewards import Rewards


def plan(**changes):
    given = {"mode": "split", "reward": "yes_no", "test": "two_sided", "arms": 2}
    return ExperimentPlan(**{**given, "expected": 0.05, "spread": 0.0, "effect": 0.01, **changes})


def yes_no(count, yes):
    return Rewards(float(count), float(yes), float(yes))


def test_one_period_of_a_split_is_compared_as_by_the_chi_squared_test_of_scipy():
    found = compare([(yes_no(10_000, 500), yes_no(10_000, 560))], 1, "yes_no")
    peer = stats.chi2_contingency([[500, 9500], [560, 9440]], correction=False)
    assert found.distance(0.0) == pytest.approx(math.sqrt(peer.statistic), rel=2e-3)


def test_values_are_compared_as_by_the_test_of_welch():
    champion, challenger = [1.0, 5.0, 2.0, 8.0, 4.0] * 40, [3.0, 4.0, 3.5, 3.0] * 60
    found = compare([(Rewards.of(champion), Rewards.of(challenger))], 1, "value")
    peer = stats.ttest_ind(challenger, champion, equal_var=False)
    assert found.distance(0.0) == pytest.approx(peer.statistic, rel=1e-9)


def test_what_all_arms_share_is_no_difference():
    """The challenger has most of its requests in the good hours; in no hour is it any better."""
    hours = [(yes_no(9000, 450), yes_no(1000, 50)), (yes_no(1000, 300), yes_no(9000, 2700))]
    assert compare(hours, 1, "yes_no").difference == pytest.approx(0.0, abs=1e-12)
    pooled = [tuple(a + b for a, b in zip(*hours, strict=True))]
    assert compare(pooled, 1, "yes_no").difference > 0.1
    assert decide(plan(), hours).winner == 0


@pytest.mark.parametrize(
    ("test", "yes", "winner"),
    [
        ("two_sided", 640, 1),
        ("two_sided", 500, 0),
        ("two_sided", 300, 0),
        ("non_inferiority", 500, 1),
        ("non_inferiority", 410, 0),
    ],
)
def test_a_challenger_wins_only_by_the_plans_test(test, yes, winner):
    found = decide(plan(test=test), [(yes_no(10_000, 500), yes_no(10_000, yes))])
    assert found.winner == winner
    assert "95% interval, 20,000 outcomes" in found.explanation


def test_of_several_challengers_the_best_one_wins_and_each_needs_more():
    arms = (yes_no(10_000, 500), yes_no(10_000, 600), yes_no(10_000, 700))
    three = plan(arms=3)
    assert decide(three, [arms]).winner == 2
    alone, together = (interval(each, [arms], 1) for each in (plan(), three))
    assert together.low < alone.low < alone.difference == together.difference


def test_without_rewards_the_champion_stays():
    assert decide(plan(), []).winner == 0
    assert decide(plan(), [(yes_no(100, 0), Rewards())]).winner == 0
    assert decide(plan(), [(yes_no(100, 0), yes_no(100, 0))]).winner == 0


@pytest.mark.parametrize(
    ("changes", "champion", "challenger"),
    [
        # One outcome has no variance, and few yes no normal share.
        ({"reward": "value", "spread": 1.0}, Rewards.of([0.0, 1.0] * 100), Rewards.of([9.0])),
        ({}, yes_no(99_000, 99), yes_no(1000, 9)),
        # At half a confidence nothing has to be proven.
        ({"test": "non_inferiority", "confidence": 0.5}, yes_no(1000, 50), Rewards()),
    ],
)
def test_an_arm_with_too_few_outcomes_does_not_win(changes, champion, challenger):
    found = decide(plan(**changes), [(champion, challenger)])
    assert (found.winner, "too few outcomes to decide by" in found.explanation) == (0, True)


def test_the_regret_is_what_lesser_arms_have_not_earned():
    assert estimated_regret([(yes_no(100, 5), yes_no(300, 30))], 2) == pytest.approx(5)
