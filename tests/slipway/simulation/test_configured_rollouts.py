"""Rollouts as a use case gets them: when the decision is due, what follows without one, and who polls until when."""

from dataclasses import replace

import numpy as np
import pytest

from slipway.canary.checkpoint import Checkpoint
from slipway.canary.config import AnalysisConfig, Tolerances
from slipway.canary.decision import decide
from slipway.canary.statistics.dispersion import after
from slipway.canary.statistics.e_values import Counts
from slipway.canary.statistics.evidence import Decision
from slipway.rollout.plan import deployment_config, plan_from_deployment_config
from slipway.settings import Rollout
from slipway.simulation import Fault, Service, latency_edges, reference_dispersions, stream_counts
from slipway.simulation.configured_rollouts import ConfiguredRollout, Ending, roll_out
from slipway.simulation.error_alarm import ErrorAlarm
from tests.slipway.simulation.drawn import traffic

TOLERANCES = Tolerances(min_requests=100)
CONFIGURED = ConfiguredRollout(((0.25, 300), (1.0, 120)), ErrorAlarm(), TOLERANCES, decide_seconds=90)
"""The decision is due after 210 seconds."""
LENIENT = replace(TOLERANCES, error_tolerance=0.05, latency_tolerance=20.0, score_limit=0.18)


def configured_by(instances=4, **settings):
    rollout = Rollout(**{"bake_seconds": 300, "final_bake_seconds": 120, **settings})
    plan = plan_from_deployment_config(deployment_config(rollout, ()), instances=instances)
    return ConfiguredRollout.of(rollout, plan)


def test_without_evidence_a_model_is_rolled_back_when_the_decision_is_due():
    ended = roll_out(CONFIGURED, traffic(Fault(), 0.5, rollouts=100), dispersion={})
    assert ended.share(Ending.WITHOUT_EVIDENCE) > 0.95
    assert set(ended.seconds[ended.how == Ending.WITHOUT_EVIDENCE]) == {210}
    assert ended.results().share(Decision.ROLL_BACK) > 0.95


def test_or_proceeds_unproven_where_the_settings_let_it():
    ended = roll_out(replace(CONFIGURED, proceeds=True), traffic(Fault(), 0.5, rollouts=100), dispersion={})
    assert ended.share(Ending.UNPROVEN) > 0.95
    assert set(ended.seconds[ended.how == Ending.UNPROVEN]) == {420}
    assert ended.results().share(Decision.PROMOTE) > 0.95


def test_a_model_proven_safe_serves_everybody_after_the_last_bake():
    ended = roll_out(replace(CONFIGURED, tolerances=LENIENT), traffic(Fault(), 200.0, rollouts=50), dispersion={})
    assert ended.share(Ending.PROVEN) > 0.95
    assert set(ended.seconds[ended.how == Ending.PROVEN]) == {420}
    # a quarter of the users for 300 seconds, then all of them for 120
    assert np.median(ended.green_requests[ended.how == Ending.PROVEN]) == pytest.approx(200 * (75 + 120), rel=0.02)


def test_canary_analysis_may_roll_back_after_its_decision_but_no_more_when_everybody_is_served():
    ended = roll_out(replace(CONFIGURED, proceeds=True), traffic(Fault(error_points=2.0), 4.0, rollouts=200))
    back = ended.seconds[ended.how == Ending.BY_ANALYSIS]
    assert (back < 210).any()
    assert (back > 210).any()
    assert back.max() <= 300


def test_the_alarm_watches_the_last_bake_too():
    alone = replace(CONFIGURED, tolerances=None, bakes=((0.1, 300), (1.0, 120)))
    ended = roll_out(
        alone, traffic(Fault(error_points=40), 1.0, rollouts=200)
    )  # 6 requests a minute in the canary, of 20 needed
    assert ended.share(Ending.BY_ALARM) > 0.95
    assert set(ended.seconds[ended.how == Ending.BY_ALARM]) <= {360, 420}


def test_without_canary_analysis_nothing_is_proven_and_no_one_is_rolled_back_for_lack_of_evidence():
    ended = roll_out(replace(CONFIGURED, tolerances=None), traffic(Fault(), 50.0, rollouts=200))
    assert ended.share(Ending.UNPROVEN, Ending.BY_ALARM) == 1
    assert ended.share(Ending.UNPROVEN) > 0.9


@pytest.mark.parametrize("instances", [1, 4])
def test_fleets_that_never_serve_together_prove_nothing(instances):
    configured = configured_by(
        instances, type="canary" if instances == 1 else "all_at_once", canary_analysis={"enabled": True}
    )
    ended = roll_out(configured, traffic(Fault(), 50.0, rollouts=20), dispersion={})
    assert configured.comparable_seconds == 0
    assert ended.share(Ending.WITHOUT_EVIDENCE, Ending.BY_ALARM) == 1


@pytest.mark.parametrize(
    ("settings", "analysed", "due", "total"),
    [
        ({}, 300, 180, 420),
        ({"canary_analysis": {"enabled": True, "decide_seconds": 200}}, 300, 150, 420),
        ({"type": "linear"}, 900, 780, 1020),
        ({"type": "rolling"}, 900, 780, 1200),
        ({"type": "all_at_once"}, 300, 180, 300),
    ],
    ids=["canary", "at most half of the bake", "linear", "rolling", "all at once"],
)
def test_the_decision_is_due_before_all_traffic_goes_to_the_new_fleet(settings, analysed, due, total):
    configured = configured_by(**{"canary_analysis": {"enabled": True}, **settings})
    assert (configured.compared_seconds, configured.due_seconds, configured.seconds) == (analysed, due, total)
    ends = np.cumsum([step for step, _ in configured.polls()])
    assert {due, analysed, total, *range(60, total, 60)} <= set(ends.tolist())
    assert ends[-1] == total


def test_the_use_case_s_own_analysis_and_alarm_are_taken():
    settings = {"enabled": True, "error_tolerance": 0.02, "baseline_rows": 1600, "without_evidence": "proceed"}
    configured = configured_by(canary_analysis=settings, alarm_period_seconds=120, alarm_periods=2)
    assert configured.tolerances == Tolerances(error_tolerance=0.02, baseline_rows=800)
    assert configured.proceeds
    assert configured.alarm.period_minutes == 2
    assert configured_by().tolerances is None


@pytest.mark.parametrize("without_evidence", ["roll_back", "proceed"])
def test_each_rollout_ends_as_the_deployed_analysis_decides(without_evidence):
    """`decide` is what the analysis function calls at each poll; here with one rollout's counts."""
    configured = replace(
        CONFIGURED,
        tolerances=LENIENT,
        proceeds=without_evidence == "proceed",
        alarm=ErrorAlarm(Rollout(min_requests=100_000)),
    )
    source = traffic(Fault(error_points=2.0), 6.0, rollouts=25, seed=5)
    dispersion = reference_dispersions(LENIENT, source)
    edges = latency_edges(LENIENT, source.service)
    blocks = [source.draw(step, green_share=share, edges=edges) for step, share in configured.polls()]
    ended = roll_out(configured, source, blocks, dispersion=dispersion)
    expected = [decided(configured, without_evidence, blocks, dispersion, number) for number in range(25)]
    assert ended.how.tolist() == [int(how) for how, _ in expected]
    assert ended.seconds.tolist() == [second for _, second in expected]
    assert len(set(ended.how.tolist())) == 3


def decided(configured, without_evidence, blocks, dispersion, number):
    config = AnalysisConfig(LENIENT, without_evidence, configured.decide_seconds, "AllTraffic", {}, 4)
    checkpoint, minute = Checkpoint.start(LENIENT, endpoint_config="new", since=0.0), None
    for block in blocks:
        if block.end_second > configured.compared_seconds:
            break
        minute = minute + block if minute else block
        whole = block.end_second % 60 == 0
        counts = stream_counts(LENIENT, Service(), block, minute if whole else None)
        alone = {
            name: Counts(*(float(value[number]) for value in vars(found).values())) for name, found in counts.items()
        }
        known = after(block.end_second, {name: float(of[number]) for name, of in dispersion.items()})
        seen = checkpoint.evidence.observe(alone, known, minute=(block.end_second - 1) // 60)
        left = float(configured.compared_seconds - block.end_second)
        checkpoint = decide(replace(checkpoint, evidence=seen), config, left=left)
        minute = None if whole else minute
        if checkpoint.decision is Decision.ROLL_BACK:
            unproven = checkpoint.explanation.startswith("roll back: the bake ends with too little evidence")
            return Ending.WITHOUT_EVIDENCE if unproven else Ending.BY_ANALYSIS, block.end_second
    # the decision that was given when it was due; later polls leave it as it was
    return Ending.PROVEN if checkpoint.decision is Decision.PROMOTE else Ending.UNPROVEN, configured.seconds
