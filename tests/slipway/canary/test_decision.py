"""What follows from the evidence and the time that is left, and the checkpoint that it leaves."""

import json
from dataclasses import replace

import pytest

from slipway.canary.checkpoint import Checkpoint
from slipway.canary.config import AnalysisConfig, Tolerances, ValueBounds
from slipway.canary.decision import decide
from slipway.canary.observation.latencies import LatencyBaseline
from slipway.canary.statistics.e_values import Counts
from slipway.canary.statistics.evidence import Decision
from slipway.canary.statistics.means import MeanState
from slipway.canary.statistics.streams import SERVED, streams

TOLERANCES = Tolerances(watches_scores=False)
BASELINE = LatencyBaseline((1.0, 2.0, 3.0), 4.0, {"slow 0.5": Counts(1.0, 0.0, 2.0, 1.0)})
CONFIG = AnalysisConfig(TOLERANCES, "roll_back", 60.0, "primary", {}, 4)
SHARES = {
    "slow 0.5": (0.4, 0.5),
    "slow 0.1": (0.07, 0.1),
    "slow 0.01": (0.008, 0.01),
    "slow beyond tolerance": (0.02, 0.1),
}


def seen(checkpoint, *, blocks=1, errors=0.005, dispersion=()):
    evidence = checkpoint.evidence
    for minute in range(blocks):
        block = {}
        for stream in streams(evidence.tolerances):
            green, blue = SHARES.get(stream.name.removeprefix(SERVED), (errors, 0.005))
            block[stream.name] = Counts.of(250.0, float(round(250 * green)), 750.0, float(round(750 * blue)))
        evidence = evidence.observe(block, dict(dispersion), minute=minute)
    return replace(checkpoint, evidence=evidence)


@pytest.fixture
def checkpoint():
    return Checkpoint.start(TOLERANCES, endpoint_config="new", since=1.0)


def test_before_the_bake_ends_nothing_is_promoted_however_much_was_seen(checkpoint):
    early = decide(seen(checkpoint), CONFIG, left=200)
    assert (early.decision, early.settled) == (Decision.EXTEND, False)
    enough = decide(seen(checkpoint, blocks=20), CONFIG, left=200)
    assert (enough.decision, enough.settled) == (Decision.EXTEND, False)
    assert decide(seen(checkpoint), CONFIG, left=None).settled is False


def test_a_good_fleet_is_promoted_when_the_bake_ends_and_stays(checkpoint):
    due = decide(seen(checkpoint, blocks=20), CONFIG, left=59)
    assert (due.decision, due.settled) == (Decision.PROMOTE, True)
    later = decide(due, CONFIG, left=0)
    assert later == due


def test_too_little_evidence_rolls_back_and_the_explanation_has_what_was_seen_and_needed(checkpoint):
    due = decide(seen(checkpoint), CONFIG, left=60)
    assert (due.decision, due.settled) == (Decision.ROLL_BACK, True)
    assert due.explanation.startswith("roll back: the bake ends with too little evidence: 250 of at least 500 requests")
    assert "no worse than +1.4 points of errors (0.5 tolerated)" in due.explanation


def test_a_rollout_may_proceed_without_evidence_and_is_rolled_back_by_what_comes_later(checkpoint):
    config = replace(CONFIG, without_evidence="proceed")
    due = decide(seen(checkpoint), config, left=60)
    assert (due.decision, due.settled) == (Decision.EXTEND, True)
    assert "proceeds (without_evidence = proceed)" in due.explanation
    assert "250 of at least 500" in due.explanation
    assert decide(seen(due, blocks=10, errors=0.05), config, left=0).decision is Decision.ROLL_BACK


def test_a_rollback_is_final(checkpoint):
    bad = decide(seen(checkpoint, blocks=4, errors=0.1), CONFIG, left=200)
    assert (bad.decision, bad.settled) == (Decision.ROLL_BACK, True)
    after = decide(seen(bad, blocks=100), CONFIG, left=0)
    assert (after.decision, after.explanation) == (Decision.ROLL_BACK, bad.explanation)


def test_a_checkpoint_survives_as_json_to_the_last_digit(checkpoint):
    tolerances = replace(TOLERANCES, watches_value=True, watches_scores=True)
    checkpoint = Checkpoint.start(tolerances, endpoint_config="new", since=1.0).timed(29.5, 7.25).timed(12.0, 9.5)
    checkpoint = replace(
        seen(checkpoint, blocks=3, dispersion={"errors over minutes": 10 / 3}),
        latency_baselines={SERVED: BASELINE},
        explanation="s",
        settled=True,
    )
    checkpoint = replace(checkpoint, dispersion={"errors": 10 / 3, "tails": 1.0}, dispersion_read_until=1.7e9 / 3)
    value = MeanState.start().observe(ValueBounds(0.0, 5.0), [1.0, 2.0], [3.0, 4.0, 5.0])
    checkpoint = replace(checkpoint, evidence=checkpoint.evidence.with_value(value), decision=Decision.PROMOTE)
    again = Checkpoint.from_document(tolerances, json.loads(json.dumps(checkpoint.to_document())))
    assert again == checkpoint
    assert (again.rate, again.bakes) == (29.5, (7.25, 9.5))
    assert seen(again) == seen(checkpoint)


def test_a_checkpoint_is_small_beside_what_an_execution_may_hold(checkpoint):
    tolerances = replace(TOLERANCES, watches_value=True, watches_scores=True)
    checkpoint = seen(Checkpoint.start(tolerances, endpoint_config="c" * 63, since=1.7e9), blocks=40)
    assert len(json.dumps(checkpoint.to_document())) < 10_000  # of 256 KiB


def test_a_checkpoint_of_an_earlier_version_goes_on_with_the_dispersion_that_it_has(checkpoint):
    document = replace(seen(checkpoint), dispersion={"errors": 4.0}).to_document()
    for name in ("within_minutes", "over_minutes", "minutes"):
        del document["streams"]["errors"][name]
    again = Checkpoint.from_document(TOLERANCES, document)
    test = streams(TOLERANCES)[0].test
    block = {stream.name: Counts.of(250.0, 1.0, 750.0, 3.0) for stream in streams(TOLERANCES)}
    state = again.evidence.observe(block, again.dispersion, minute=7).states["errors"]
    assert test.promotion_dispersion(state, 0.05) == 4
    assert (state.minutes.counts.green_requests, state.seen.green_requests) == (250, 500)


def test_a_stream_that_is_new_since_the_checkpoint_starts_anew(checkpoint):
    document = seen(checkpoint, blocks=2).to_document()
    again = Checkpoint.from_document(Tolerances(), document)
    assert again.evidence.states["tails"].polls == 0
    assert again.evidence.states["errors"].polls == 2
