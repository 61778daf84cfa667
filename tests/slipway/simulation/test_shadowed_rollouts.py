"""Rollouts whose candidates are shadows first."""

from dataclasses import replace

import numpy as np

from slipway.canary.config import Tolerances
from slipway.canary.shadow_comparison import ShadowComparison
from slipway.canary.statistics.evidence import Decision
from slipway.simulation import Fault
from slipway.simulation.configured_rollouts import ConfiguredRollout, Ending
from slipway.simulation.error_alarm import ErrorAlarm
from slipway.simulation.shadowed_rollouts import ShadowPolls, roll_out_shadowed
from tests.slipway.simulation.drawn import traffic

TOLERANCES = Tolerances(min_requests=100, error_tolerance=0.03)
SHADOW = ShadowComparison(replace(TOLERANCES, error_tolerance=0.01), copied=1.0, most_seconds=28_800)
CONFIGURED = ConfiguredRollout(((0.5, 1800), (1.0, 300)), ErrorAlarm(), TOLERANCES, decide_seconds=120, shadow=SHADOW)


def rolled_out(fault, rate=0.7, *, configured=CONFIGURED, shadow=SHADOW):
    return roll_out_shadowed(configured, shadow, traffic(fault, rate, rollouts=20), dispersion={})


def test_a_good_candidate_is_proven_as_a_shadow_and_needs_its_errors_alone_from_the_canary():
    found = rolled_out(Fault())
    assert found.shadows.share(Decision.PROMOTE) > 0.95
    assert found.endings.share(Ending.PROVEN) > 0.85
    without = rolled_out(
        Fault(), configured=replace(CONFIGURED, proceeds=True), shadow=replace(SHADOW, most_seconds=600)
    )
    assert without.shadows.share(Decision.PROMOTE) < 0.2
    assert without.endings.share(Ending.PROVEN) < 0.5, "scores are left to the canary, which is too short for them"


def test_a_bad_one_is_rejected_before_it_gets_a_request_of_a_user():
    found = rolled_out(Fault(error_points=4.0))
    assert found.endings.share(Ending.AS_SHADOW) > 0.95
    rejected = found.endings.how == Ending.AS_SHADOW
    assert not found.endings.green_requests[rejected].any()
    assert np.median(found.shadows.seconds[rejected]) < 3 * 3600


def test_once_the_time_is_over_the_settings_decide_on_what_is_not_proven():
    short = replace(SHADOW, most_seconds=600)
    found = rolled_out(Fault(), 0.05, shadow=short)
    assert found.endings.share(Ending.WITHOUT_EVIDENCE) > 0.95
    assert not found.endings.green_requests.any()
    proceeding = rolled_out(Fault(), 0.05, shadow=short, configured=replace(CONFIGURED, proceeds=True))
    assert proceeding.endings.share(Ending.UNPROVEN) > 0.95


def test_its_tests_are_at_the_polls_after_each_time_and_share_the_error():
    tests = ShadowPolls.of(SHADOW).promotion_tests(0.06)
    assert list(tests) == [900, 1800, 3600, 7275, 14_415, 28_800]
    assert set(tests.values()) == {0.01}
