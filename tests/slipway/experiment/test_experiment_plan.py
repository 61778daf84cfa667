"""How large an experiment is, before it begins."""

from dataclasses import replace

import pytest

from slipway.experiment.experiment_plan import ExperimentPlan

PLAN = ExperimentPlan("split", "yes_no", "two_sided", 2, 0.05, 0.0, 0.01)


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        # Two proportions of 5 and 6 %, 95 % and 80 %, without a correction for continuity: 8,155 an arm in textbooks.
        ({}, 2 * 8155),
        # No worse by a point: (1.645 + 0.842)^2 x 2 x 0.05 x 0.95 / 0.01^2 an arm.
        ({"test": "non_inferiority"}, 2 * 5874),
        # Two means with a spread of 20, half apart: 2 x (1.96 + 0.842)^2 x 20^2 / 0.5^2 an arm.
        ({"reward": "value", "expected": 10.0, "spread": 20.0, "effect": 0.5}, 2 * 25117),
    ],
)
def test_a_split_is_as_large_as_the_textbook_has_it(changes, size):
    assert replace(PLAN, **changes).planned_size == pytest.approx(size, rel=5e-4)


def test_more_challengers_smaller_effects_and_moving_weights_need_more():
    larger = (
        replace(PLAN, arms=3),
        replace(PLAN, effect=0.005),
        replace(PLAN, confidence=0.99),
        replace(PLAN, power=0.9),
        replace(PLAN, champion_share=0.9),
        replace(PLAN, mode="thompson"),
    )
    assert all(plan.planned_size > PLAN.planned_size for plan in larger)
    wide, narrow = (replace(PLAN, mode="thompson", floor=floor).planned_size for floor in (0.3, 0.05))
    assert narrow > wide


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        # 50 outcomes an arm, however large the effect.
        ({"reward": "value", "expected": 0.0, "spread": 1.0, "effect": 5.0}, 100),
        ({"reward": "value", "expected": 0.0, "spread": 1.0, "effect": 5.0, "mode": "thompson", "arms": 5}, 500),
        # Ten of the rarer outcome, of the smaller arm.
        ({"expected": 0.001, "effect": 0.01, "champion_share": 0.99}, 1_000_000),
        ({"test": "non_inferiority", "effect": 0.04}, 2000),
    ],
)
def test_a_large_effect_needs_outcomes_enough_for_each_arms_mean(changes, size):
    assert replace(PLAN, **changes).planned_size == pytest.approx(size, abs=1)


def test_a_plan_survives_its_document():
    assert ExperimentPlan.from_document(PLAN.to_document()) == PLAN
    assert sum(replace(PLAN, arms=4).first_shares) == pytest.approx(1)
