"""The evidence of all streams together, the decision and its explanation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.canary.config import Tolerances, ValueBounds
from slipway.canary.explanation import explain, missing
from slipway.canary.margins import Margin
from slipway.canary.statistics.e_values import Counts
from slipway.canary.statistics.evidence import Decision, Evidence
from slipway.canary.statistics.means import MeanState
from slipway.canary.statistics.streams import SERVED, streams

TOLERANCES = Tolerances(watches_servers=True)
NOTHING = Counts.of(0, 0, 0, 0)


def block(*, green=250, blue=750, errors=(0.005, 0.005), slow=1.0, tails=0.2, reported=("", SERVED)):
    """A block with exactly these shares, reported by SageMaker, the servers or both."""

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
            source + name: found if source in reported else NOTHING
            for source in ("", SERVED)
            for name, found in of_requests.items()
        },
        "upper half": counts(0.5, 0.5),
        "tails": counts(tails, 0.2),
    }


DUE = {"error": TOLERANCES.false_promotion_rate}


def after(blocks, tolerances=TOLERANCES, *, proven=None, **given_shares):
    evidence = Evidence.start(tolerances, proven=proven)
    for _ in range(blocks):
        evidence = evidence.observe(block(**given_shares))
    return evidence


def test_a_good_fleet_is_promoted_by_a_look_that_has_enough_evidence_and_by_no_poll_without_a_look():
    assert [after(blocks).decision(**DUE) for blocks in (0, 1, 3, 20)] == [*[Decision.EXTEND] * 3, Decision.PROMOTE]
    assert after(20).decision() is Decision.EXTEND


def test_what_another_comparison_has_proven_is_no_part_of_the_look_but_may_still_roll_back():
    by_replay = {"scores": "by replay on 1,200 requests"}
    assert after(20, tails=0.24).decision(**DUE) is Decision.EXTEND
    found = after(20, tails=0.24, proven=by_replay)
    assert found.decision(**DUE) is Decision.PROMOTE
    assert "scores: proven by replay on 1,200 requests" in explain(found, Decision.PROMOTE)
    assert after(4, tails=0.1, proven=by_replay).decision(**DUE) is Decision.ROLL_BACK


@pytest.mark.parametrize(
    ("fault", "reported"),
    [
        ({"errors": (0.04, 0.005)}, "errors: 40 of 1,000 (4.00 %) on the new fleet, 16 of 3,000"),
        ({"slow": 2.0}, "percentile"),
        ({"tails": 0.1}, "scores below the 10th"),
    ],
)
def test_a_bad_fleet_is_rolled_back_with_the_reason_in_numbers(fault, reported):
    evidence = after(4, **fault)
    assert evidence.decision() is Decision.ROLL_BACK
    assert explain(evidence, evidence.decision()).startswith("roll back: ")
    assert reported in explain(evidence, evidence.decision())


@pytest.mark.parametrize(
    ("blocks", "explained"),
    [
        (0, "0 of at least 500 requests"),
        (0, "any rise of errors is not excluded; a slowdown beyond the tolerance is not excluded"),
        (3, "no worse than +0.52 points of errors (0.5 tolerated)"),
        (20, "no worse than +0.066 points of errors (0.5 tolerated), less than 1.1 times the latency (1.5 tolerated)"),
        (20, "shares of scores off by less than 1.3 points (5 tolerated)"),
        (20, "5,000 requests"),
    ],
)
def test_an_explanation_has_the_least_margin_that_is_proven_or_what_is_missing(blocks, explained):
    evidence = after(blocks)
    found = evidence.decision(**DUE)
    assert explained in (explain(evidence, found) if found is Decision.PROMOTE else missing(evidence))


def test_a_margin_of_one_point_is_a_point():
    assert str(Margin("errors", 1.0, 0.5, is_proven=False)) == "no worse than +1 point of errors (0.5 tolerated)"
    assert "less than 1 point (5" in str(Margin("scores", 1.0, 5.0, is_proven=True))


def test_the_evidence_of_a_metric_is_the_weighted_mean_of_its_streams():
    evidence = after(2, slow=1.4)
    watched = [s for s in streams(TOLERANCES) if s.metric == "latency" and s.test.regression]
    assert [s.weight for s in watched] == [0.5, 0.3, 0.2] * 2
    mean = sum(s.weight / 2 * math.exp(evidence.states[s.name].log_regression) for s in watched)
    assert math.exp(evidence.log_regression("latency")) == pytest.approx(mean)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40), st.floats(0, 1), st.floats(0, 2))
def test_few_requests_are_never_enough_for_a_promotion(green, errors, slow):
    evidence = Evidence.start(TOLERANCES).observe(block(green=green, errors=(errors, 0.005), slow=slow))
    assert evidence.decision(**DUE) is not Decision.PROMOTE


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 900)), min_size=1, max_size=6))
def test_a_new_fleet_without_a_failure_or_a_difference_is_never_rolled_back(sizes):
    evidence = Evidence.start(TOLERANCES)
    for green, blue in sizes:
        evidence = evidence.observe({s.name: Counts.of(green, 0, blue, 0) for s in streams(TOLERANCES)})
    assert evidence.decision() is not Decision.ROLL_BACK


def test_a_block_that_leaves_a_stream_out_is_refused():
    partial = block()
    del partial["tails"]
    with pytest.raises(ValueError, match="got none of tails"):
        Evidence.start(TOLERANCES).observe(partial)


def test_value_that_falls_rolls_back_a_fleet_that_looks_good_otherwise():
    tolerances = Tolerances(watches_value=True)
    rng = np.random.default_rng(0)
    values = [rng.choice([0.0, 5.0], 2000, p=[1 - share, share]).tolist() for share in (0.1, 0.3)]
    state = MeanState.start().observe(ValueBounds(0.0, 5.0), *values)
    evidence = after(20, tolerances).with_value(state)
    assert evidence.decision() is Decision.ROLL_BACK
    assert "value: 0.4" in explain(evidence, Decision.ROLL_BACK)


def test_unwatched_scores_are_neither_counted_nor_mentioned():
    tolerances = Tolerances(watches_scores=False)
    assert {stream.metric for stream in streams(tolerances)} == {"errors", "latency"}
    evidence = after(20, tolerances)
    assert evidence.decision(**DUE) is Decision.PROMOTE
    assert "scores" not in explain(evidence, Decision.PROMOTE)
    assert pytest.approx(math.log(200)) == tolerances.log_rollback


@pytest.mark.parametrize("values_seen", [None, MeanState.start()])
def test_a_watched_value_without_outcomes_decides_nothing(values_seen):
    evidence = after(20, Tolerances(watches_value=True))
    seen = evidence.with_value(values_seen) if values_seen else evidence
    assert seen.decision(**DUE) is Decision.PROMOTE
    assert explain(seen, Decision.PROMOTE).endswith("value: not compared, for no outcome of the new fleet came in time")


def test_every_metric_spends_an_equal_part_of_the_false_rollbacks():
    assert pytest.approx(math.log(300)) == TOLERANCES.log_rollback
    assert Tolerances(watches_value=True).log_rollback == pytest.approx(math.log(400))


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
def test_tolerances_that_allow_no_decision_are_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be above"):
        Tolerances(**wrong)


@pytest.mark.parametrize("source", ["", SERVED], ids=["sagemaker", "servers"])
@pytest.mark.parametrize("fault", [{"errors": (0.04, 0.005)}, {"slow": 2.0}], ids=["errors", "latency"])
def test_a_bad_fleet_is_rolled_back_by_what_sagemaker_or_the_servers_alone_report(fault, source):
    evidence = after(6, reported=(source,), **fault)
    assert evidence.decision() is Decision.ROLL_BACK
    assert ("as the servers report" in explain(evidence, Decision.ROLL_BACK)) == (source == SERVED)


def test_what_the_servers_report_alone_promotes_no_fleet():
    assert after(40, reported=(SERVED,)).decision(**DUE) is Decision.EXTEND
    assert after(40, reported=("",)).decision(**DUE) is Decision.PROMOTE


def test_a_stream_that_counted_nothing_is_not_polled():
    evidence = after(3, reported=(SERVED,))
    assert (evidence.states["errors"].polls, evidence.states[f"{SERVED}errors"].polls) == (0, 3)


def test_images_that_report_nothing_are_compared_by_sagemakers_metrics_alone():
    named = {stream.name for stream in streams(Tolerances(watches_servers=False))}
    assert named == {name for name in block() if not name.startswith(SERVED)}
