"""The composite verdict and its sentence."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.canary.statistics import (
    SERVED,
    Counts,
    Evidence,
    JudgePlan,
    MeanState,
    MeanTest,
    Verdict,
    explain,
    streams,
)

PLAN = JudgePlan(watches_servers=True)
NOTHING = Counts.of(0, 0, 0, 0)


def block(*, green=250, blue=750, errors=(0.005, 0.005), slow=1.0, tails=0.2, told=("", SERVED)):
    """A block that holds exactly the shares it is told, by SageMaker, the servers or both."""

    def counts(of_green, of_blue):
        return Counts.of(green, round(green * min(of_green, 1)), blue, round(blue * of_blue))

    of_requests = {
        "errors": counts(*errors),
        "slow 0.5": counts(0.4 * slow, 0.5),
        "slow 0.1": counts(0.07 * slow, 0.1),
        "slow 0.01": counts(0.008 * slow, 0.01),
        "slow beyond tolerance": counts(0.02 * slow, 0.1),
    }
    return {
        **{
            who + name: found if who in told else NOTHING for who in ("", SERVED) for name, found in of_requests.items()
        },
        "upper half": counts(0.5, 0.5),
        "tails": counts(tails, 0.2),
    }


def after(blocks, plan=PLAN, **given_shares):
    evidence = Evidence.start(plan)
    for _ in range(blocks):
        evidence = evidence.observe(block(**given_shares))
    return evidence


def test_without_data_the_verdict_is_to_extend():
    evidence = Evidence.start(PLAN)
    assert evidence.verdict() is Verdict.EXTEND
    assert "0 of at least 500 requests" in explain(evidence)


def test_a_good_fleet_is_promoted_once_there_is_evidence_and_not_before():
    verdicts = [after(blocks).verdict() for blocks in (1, 3, 20)]
    assert verdicts == [Verdict.EXTEND, Verdict.EXTEND, Verdict.PROMOTE]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"errors": (0.04, 0.005)}, "errors: 40 of 1,000 (4.00 %) on the new fleet, 16 of 3,000"),
        ({"slow": 2.0}, "percentile"),
        ({"tails": 0.1}, "scores below the model's own 10th"),
    ],
)
def test_a_bad_fleet_is_rolled_back_with_the_reason_in_numbers(fault, told):
    evidence = after(4, **fault)
    assert evidence.verdict() is Verdict.ROLL_BACK
    assert explain(evidence).startswith("roll back: ")
    assert told in explain(evidence)


def test_a_promotion_tells_what_was_ruled_out():
    assert "0.5 points more errors" in explain(after(20))
    assert "5,000 requests" in explain(after(20))


def test_an_extension_tells_what_is_still_missing():
    assert "evidence of safety" in explain(after(3))


def test_the_evidence_of_a_metric_is_the_weighted_mean_of_its_streams():
    evidence = after(2, slow=1.4)
    watched = [s for s in streams(PLAN) if s.metric == "latency" and s.test.regression]
    assert [s.weight for s in watched] == [0.5, 0.3, 0.2] * 2
    mean = sum(s.weight / 2 * math.exp(evidence.states[s.name].log_regression) for s in watched)
    assert math.exp(evidence.log_regression("latency")) == pytest.approx(mean)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40), st.floats(0, 1), st.floats(0, 2))
def test_few_requests_are_never_enough_for_a_promotion(green, errors, slow):
    evidence = Evidence.start(PLAN).observe(block(green=green, errors=(errors, 0.005), slow=slow))
    assert evidence.verdict() is not Verdict.PROMOTE


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 900)), min_size=1, max_size=6))
def test_a_new_fleet_without_a_failure_or_a_difference_is_never_rolled_back(sizes):
    evidence = Evidence.start(PLAN)
    for green, blue in sizes:
        evidence = evidence.observe({s.name: Counts.of(green, 0, blue, 0) for s in streams(PLAN)})
    assert evidence.verdict() is not Verdict.ROLL_BACK


def test_a_block_that_leaves_a_stream_out_is_refused():
    partial = block()
    del partial["tails"]
    with pytest.raises(ValueError, match="got none of tails"):
        Evidence.start(PLAN).observe(partial)


def test_value_that_falls_rolls_back_a_fleet_that_looks_good_otherwise():
    plan = JudgePlan(watches_value=True)
    rng = np.random.default_rng(0)
    values = [rng.choice([0.0, 5.0], 2000, p=[1 - share, share]).tolist() for share in (0.1, 0.3)]
    state = MeanTest(0.0, 5.0).observe(MeanState.start(), *values)
    evidence = after(20, plan).with_value(state)
    assert evidence.verdict() is Verdict.ROLL_BACK
    assert "value: 0.4" in explain(evidence)


def test_unwatched_scores_are_neither_counted_nor_told():
    plan = JudgePlan(watches_scores=False)
    assert {stream.metric for stream in streams(plan)} == {"errors", "latency"}
    evidence = after(20, plan)
    assert evidence.verdict() is Verdict.PROMOTE
    assert "scores" not in explain(evidence)
    assert pytest.approx(math.log(200)) == plan.log_rollback


@pytest.mark.parametrize("values_seen", [None, MeanState.start()])
def test_a_watched_value_without_outcomes_decides_nothing(values_seen):
    evidence = after(20, JudgePlan(watches_value=True))
    seen = evidence.with_value(values_seen) if values_seen else evidence
    assert seen.verdict() is Verdict.PROMOTE
    assert explain(seen).endswith("value: not judged, for no outcome of the new fleet came in time")


def test_every_metric_spends_an_equal_part_of_the_false_rollbacks():
    assert pytest.approx(math.log(300)) == PLAN.log_rollback
    assert JudgePlan(watches_value=True).log_rollback == pytest.approx(math.log(400))


@pytest.mark.parametrize(
    "wrong",
    [
        {"false_rollback_rate": 0.0},
        {"error_tolerance": 0.6},
        {"latency_tolerance": 1.05},
        {"score_limit": 0.02},
        {"min_requests": 0},
    ],
)
def test_a_plan_that_could_not_judge_is_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be above"):
        JudgePlan(**wrong)


@pytest.mark.parametrize("fault", [{"errors": (0.04, 0.005)}, {"slow": 2.0}], ids=["errors", "latency"])
def test_what_the_servers_tell_sends_a_bad_fleet_back_before_sagemaker_tells_it(fault):
    evidence = after(6, told=(SERVED,), **fault)
    assert evidence.verdict() is Verdict.ROLL_BACK
    assert "as the servers tell" in explain(evidence)


@pytest.mark.parametrize("fault", [{"errors": (0.04, 0.005)}, {"slow": 2.0}], ids=["errors", "latency"])
def test_what_never_reaches_a_server_sends_a_bad_fleet_back_all_the_same(fault):
    evidence = after(6, told=("",), **fault)
    assert evidence.verdict() is Verdict.ROLL_BACK
    assert "as the servers tell" not in explain(evidence)


def test_what_the_servers_tell_alone_promotes_nobody():
    assert after(40, told=(SERVED,)).verdict() is Verdict.EXTEND
    assert after(40, told=("",)).verdict() is Verdict.PROMOTE


def test_a_stream_that_counted_nothing_was_not_looked_at():
    evidence = after(3, told=(SERVED,))
    assert (evidence.states["errors"].looks, evidence.states[f"{SERVED}errors"].looks) == (0, 3)


def test_images_that_tell_nothing_are_judged_by_sagemaker_alone():
    named = {stream.name for stream in streams(JudgePlan(watches_servers=False))}
    assert named == {name for name in block() if not name.startswith(SERVED)}
