from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_steps.evaluation.estimate import Estimate
from pipeline_steps.evaluation.gate import Gate, Measured

GATE = Gate(
    metric="auc",
    direction="maximize",
    confidence=0.95,
    threshold=None,
    min_gain_over_naive=0.0,
    max_loss_to_reference=0.0,
    max_loss_to_champion=0.0,
    max_gap=None,
    accuracy_target=None,
)
FOUND = Measured(
    metric=Estimate(0.874, 0.861, 0.886, 0.863, 0.884, 0.006),
    naive=0.5,
    reference=0.87,
    gain_over_naive=Estimate(0.374, 0.36, 0.39, 0.363, 0.384, 0.006),
    loss_to_reference=Estimate(-0.004, -0.01, 0.002, -0.009, 0.001, 0.003),
    gap=0.12,
)
WORSE = Estimate(0.016, 0.010, 0.022, 0.011, 0.021, 0.003)
PERHAPS_WORSE = Estimate(0.008, -0.025, 0.041, -0.02, 0.036, 0.017)


def test_without_limits_of_its_own_a_use_case_asks_for_a_proven_gain_over_the_naive_reference_alone() -> None:
    decided = GATE.decide(FOUND)
    assert (decided["passed"], decided["reasons"]) == (True, "every condition holds")
    assert decided["gap"] == 0.12


@pytest.mark.parametrize(
    ("gate", "found", "reason"),
    [
        (
            {"threshold": 0.9},
            {},
            (
                "auc 0.874 (95 % interval 0.861 to 0.886) is below the threshold 0.9: it is at most 0.884 with 95 % "
                "confidence"
            ),
        ),
        (
            {},
            {"gain_over_naive": PERHAPS_WORSE},
            (
                "auc 0.874 is not proven better than the naive reference's 0.5: the gain is 0.008 (95 % interval "
                "-0.025 to 0.041), it is at least -0.02 with 95 % confidence, more than 0 is needed"
            ),
        ),
        (
            {},
            {"loss_to_reference": WORSE, "reference": 0.89},
            (
                "auc 0.874 is worse than the linear reference's 0.89 by 0.016 (95 % interval 0.01 to 0.022): by at "
                "least 0.011 with 95 % confidence, at most 0 is allowed"
            ),
        ),
        (
            {"max_loss_to_champion": 0.005},
            {"loss_to_champion": WORSE, "champion": 0.89},
            (
                "auc 0.874 is worse than the champion's 0.89 by 0.016 (95 % interval 0.01 to 0.022): by at least 0.011 "
                "with 95 % confidence, at most 0.005 is allowed"
            ),
        ),
        (
            {},
            {"value_loss_to_champion": Estimate(200, 100, 300, 120, 280, 50)},
            (
                "the value of 1,000 predictions is lower than the champion's by 200 (95 % interval 100 to 300): by at "
                "least 120 with 95 % confidence"
            ),
        ),
        (
            {"max_gap": 0.05},
            {},
            "auc is 0.12 better on the training rows than on the validation rows, at most 0.05 is allowed",
        ),
        (
            {"metric": "rmse", "direction": "minimize", "threshold": 0.8},
            {},
            (
                "rmse 0.874 (95 % interval 0.861 to 0.886) is above the threshold 0.8: it is at least 0.863 with 95 % "
                "confidence"
            ),
        ),
    ],
)
def test_what_is_proven_beyond_a_limit_is_refused_with_the_interval(
    gate: dict[str, Any], found: dict[str, Any], reason: str
) -> None:
    decided = replace(GATE, **gate).decide(replace(FOUND, **found))
    assert (decided["passed"], decided["reasons"]) == (False, reason)


@pytest.mark.parametrize(
    ("gate", "found"),
    [
        ({"threshold": 0.88}, {}),
        ({"threshold": 0.87, "metric": "rmse", "direction": "minimize"}, {}),
        ({}, {"loss_to_reference": PERHAPS_WORSE}),
        ({}, {"loss_to_champion": PERHAPS_WORSE, "champion": 0.882}),
        ({}, {"value_loss_to_champion": Estimate(200, -100, 500, -50, 450, 150)}),
        ({"max_loss_to_reference": 0.011}, {"loss_to_reference": WORSE}),
        ({"max_gap": 0.12}, {}),
        ({"accuracy_target": 0.95}, {"accuracy": 0.9}),
    ],
)
def test_what_the_rows_do_not_prove_is_refused_by_no_limit(gate: dict[str, Any], found: dict[str, Any]) -> None:
    assert replace(GATE, **gate).decide(replace(FOUND, **found))["passed"]


def test_a_model_that_is_the_naive_reference_is_refused() -> None:
    assert not GATE.decide(replace(FOUND, gain_over_naive=Estimate.exactly(0.0)))["passed"]


def test_all_reasons_are_reported_together() -> None:
    bad = replace(FOUND, gain_over_naive=PERHAPS_WORSE, loss_to_reference=WORSE, loss_to_champion=WORSE, champion=0.9)
    assert str(replace(GATE, threshold=0.95).decide(bad)["reasons"]).count("; ") == 3


def test_the_aim_for_accuracy_is_reported_where_there_is_one() -> None:
    aimed = replace(GATE, accuracy_target=0.9)
    assert aimed.decide(replace(FOUND, accuracy=0.91))["accuracy_target_met"] is True
    assert aimed.decide(replace(FOUND, accuracy=0.89))["accuracy_target_met"] is False
    assert aimed.decide(FOUND)["accuracy_target_met"] is None
    assert GATE.decide(replace(FOUND, accuracy=0.91))["accuracy_target_met"] is None


@settings(deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=50), st.floats(-5, 5), st.floats(0.5, 0.99))
def test_an_estimate_holds_its_value_and_its_bounds_in_order(
    replicates: list[float], value: float, confidence: float
) -> None:
    found = Estimate.of(value, np.array(replicates), confidence)
    assert found.low <= found.at_least <= found.value <= found.at_most <= found.high
    other = found.negated()
    assert (other.low, other.at_most) == (-found.high, -found.at_least)


def test_replicates_in_which_the_number_does_not_exist_are_left_out() -> None:
    assert Estimate.of(0.5, np.array([0.4, np.nan, 0.6]), 0.9).high < 0.61
    assert Estimate.of(0.5, np.array([np.nan]), 0.9) == Estimate.exactly(0.5)
