"""The plan that fits a traffic: short and strict where there is much of it, longer and wider where there is little."""

import itertools
from dataclasses import replace
from unittest.mock import ANY

import pytest

from slipway.canary.config import Tolerances
from slipway.canary.proposal import TARGET, propose
from slipway.rollout.deployment_config import LONGEST_TIMEOUT_SECONDS, LONGEST_WAIT_SECONDS
from slipway.rollout.plan import deployment_config, plan_from_deployment_config
from slipway.settings import Rollout

DEFAULT = (0.005, 0.05)


def margins(proposed):
    return proposed.tolerances.error_tolerance, proposed.tolerances.score_limit


@pytest.mark.parametrize("instances", [2, 4, 10])
@pytest.mark.parametrize("rate", [0.1, 0.2, 1, 5, 20, 100, 5000])
def test_a_plan_is_accepted_by_the_settings_and_by_sagemaker_and_promotes_good_models(rate, instances):
    found = propose(rate, instances=instances)
    rollout = Rollout(**found.rollout(), canary_analysis=found.analysis(), shadow=found.shadow_keys())
    assert rollout.shadow_comparison() == (found.shadow and replace(found.shadow, tolerances=ANY))
    assert found.promoted >= TARGET
    assert rollout.bake_seconds <= LONGEST_WAIT_SECONDS
    assert found.seconds < rollout.timeout_seconds <= LONGEST_TIMEOUT_SECONDS
    first = rate * found.route.shares(instances)[0]
    assert first * rollout.alarm_period_seconds >= 2 * rollout.min_requests
    assert first * rollout.bake_seconds >= rollout.canary_analysis.min_requests


@pytest.mark.parametrize("instances", [4, 10, 16, 27])
def test_a_plan_of_many_steps_is_accepted_too(instances):
    for rate, shadow in itertools.product((0.01, 0.05, 0.5), (True, False)):
        found = propose(rate, instances=instances, shadow=shadow)
        rollout = Rollout(**found.rollout(), canary_analysis=found.analysis(), shadow=found.shadow_keys())
        assert plan_from_deployment_config(deployment_config(rollout, []), instances=instances).wait_seconds
        assert found.seconds < rollout.timeout_seconds


@pytest.mark.parametrize(("rate", "bake"), [(20, 1200), (40, 900), (100, 600)])
def test_a_bake_is_long_enough_for_the_dispersion_that_so_short_a_one_finds(rate, bake):
    """With 900 s at 20 requests a second, and 600 s at 40, simulations promote 82 %; with these, 95 % and more."""
    found = propose(rate, instances=4, tolerances=Tolerances(watches_scores=False))
    assert found.route.bake_seconds == bake
    assert found.promoted >= found.least_promoted >= 0.9


def test_more_traffic_shortens_the_bake_and_less_of_it_widens_the_margins():
    plans = [propose(rate, instances=4) for rate in (0.2, 1, 5, 20, 100)]
    assert [margins(plan) == DEFAULT for plan in plans] == [False, False, True, True, True]
    assert [margins(plan) for plan in plans] == sorted((margins(plan) for plan in plans), reverse=True)
    assert [plan.seconds for plan in plans[2:]] == sorted((plan.seconds for plan in plans[2:]), reverse=True)


def test_where_a_canary_alone_would_need_wide_margins_the_candidate_is_a_shadow_first():
    assert [propose(rate, instances=4).shadow is None for rate in (0.1, 0.3, 0.5, 100)] == [False, False, True, True]
    alone, shadowed = (propose(0.2, instances=4, shadow=shadow) for shadow in (False, None))
    assert margins(alone) == (0.05, 0.15)
    assert margins(shadowed) == (0.03, 0.05)
    assert (shadowed.error_tolerance, alone.error_tolerance) == (0.005, 0.05)
    assert shadowed.shadow_keys() == {"enabled": True, "max_seconds": 22 * 3600, "error_tolerance": 0.005}
    assert alone.shadow_keys() == {}
    assert shadowed.most_seconds == shadowed.seconds + 22 * 3600 < 86_400


def test_a_shadow_that_is_asked_for_is_planned_at_any_traffic_and_takes_as_long_as_needed():
    hours = [propose(rate, instances=4, shadow=True).shadow.most_seconds / 3600 for rate in (0.3, 1, 5, 100)]
    assert hours == [16, 4, 1, 1]


def test_a_canary_is_a_whole_number_of_instances_and_never_all_of_them():
    assert propose(20, instances=2).route.percent == 50
    assert propose(20, instances=3).route.shares(3) == (1 / 3,)
    with pytest.raises(ValueError, match="needs 2 instances at least, one of them the canary, got 1"):
        propose(20, instances=1)


def test_hardly_any_traffic_gets_the_plan_that_promotes_the_most_and_reports_how_few_they_are():
    assert propose(0.01, instances=2).promoted < 0.5


def test_scores_that_another_comparison_has_proven_need_no_wider_margin():
    assert [margins(propose(1, instances=4, proven=proven)) for proven in ([], ["scores"])] == [
        (0.01, 0.075),
        (0.01, 0.05),
    ]


@pytest.mark.parametrize("rows", [600, 1000, 2000])
def test_with_few_rows_of_validation_little_traffic_still_gets_a_shadow_and_margins_that_mean_something(rows):
    for rate in (0.1, 0.15, 0.2, 0.3):
        found = propose(rate, instances=4, tolerances=Tolerances(baseline_rows=rows, score_limit=0.19))
        assert found.shadow, rate
        assert found.error_tolerance <= 0.01


def test_few_rows_of_validation_widen_the_margin_of_scores_alone():
    assert margins(propose(100, instances=4, tolerances=Tolerances(baseline_rows=600, score_limit=0.18))) == (
        0.005,
        0.075,
    )
