"""One poll: weights while it runs, and a decision only at the planned size or when the time is over."""

import pytest

from slipway.experiment.experiment_decision import decide
from slipway.experiment.experiment_plan import ExperimentPlan
from slipway.experiment.poll import differ, poll, summary
from slipway.experiment.rewards import Rewards

PLAN = ExperimentPlan("thompson", "yes_no", "two_sided", 2, 0.2, 0.0, 0.05)


def period(count, champion, challenger):
    return [Rewards(count, champion, champion), Rewards(count, challenger, challenger)]


def test_nothing_is_decided_before_the_planned_size_however_clear_it_looks():
    clear = [period(500.0, 50.0, 250.0)]
    found = poll(PLAN, clear, is_over=False)
    assert found.winner is None
    assert found.shares == pytest.approx((0.1, 0.9), abs=0.01)
    assert poll(PLAN, clear * 4, is_over=False).winner == 1
    assert poll(PLAN, clear, is_over=True).winner == 1


def test_the_champion_stays_when_the_time_is_over_without_outcomes():
    found = poll(PLAN, [], is_over=True)
    assert (found.winner, "0 outcomes" in found.explanation) == (0, True)


def test_a_split_keeps_its_shares():
    plan = ExperimentPlan("split", "yes_no", "two_sided", 3, 0.2, 0.0, 0.05, champion_share=0.5)
    rewards = [Rewards(100.0, 20.0, 20.0), Rewards(100.0, 50.0, 50.0), Rewards(100.0, 10.0, 10.0)]
    assert poll(plan, [rewards], is_over=False).shares == pytest.approx((0.5, 0.25, 0.25))


def test_only_a_change_that_is_worth_an_update_is_one():
    assert differ((0.5, 0.5), (1.0, 0.0))
    assert not differ((0.5, 0.5), (2.0, 2.0))
    assert not differ((0.5, 0.5), (0.503, 0.497))
    assert differ((0.5, 0.5), ())
    assert differ((0.985, 0.015), (1.0, 0.0)), "an arm without weight gets no request at all"


def test_the_summary_has_each_arm_and_how_far_it_is():
    found = summary(PLAN, [period(100.0, 20.0, 30.0)])
    assert (found["outcomes"], found["planned_size"]) == (200, PLAN.planned_size)
    champion, challenger = found["arms"]
    assert (champion["mean"], challenger["mean"]) == (0.2, 0.3)
    assert challenger["low"] < challenger["difference"] < challenger["high"]
    assert found["estimated_regret"] == pytest.approx(10)


@pytest.mark.parametrize("rewards", [(Rewards(), Rewards()), (Rewards(100.0, 20.0, 20.0), Rewards())])
def test_an_arm_without_outcomes_is_not_compared(rewards):
    assert summary(PLAN, [rewards])["arms"][1] == {"requests": 0, "mean": None}
    assert "challenger 1 not compared, too few outcomes" in decide(PLAN, [rewards]).explanation
