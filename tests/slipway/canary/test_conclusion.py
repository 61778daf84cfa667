"""What follows from the evidence and the time that is left, and what is remembered of it."""

import json
from dataclasses import replace

import pytest

from slipway.canary.checkpoint import Memory
from slipway.canary.conclusion import decide
from slipway.canary.config import Mandate
from slipway.canary.observation.latencies import Usual
from slipway.canary.statistics import SERVED, Counts, JudgePlan, MeanState, MeanTest, Verdict, streams

PLAN = JudgePlan(watches_scores=False)
USUAL = Usual((1.0, 2.0, 3.0), 4.0, {"slow 0.5": Counts(1.0, 0.0, 2.0, 1.0)})
MANDATE = Mandate(PLAN, "roll_back", 60.0, "primary", {}, 4)
SHARES = {
    "slow 0.5": (0.4, 0.5),
    "slow 0.1": (0.07, 0.1),
    "slow 0.01": (0.008, 0.01),
    "slow beyond tolerance": (0.02, 0.1),
}


def seen(memory, *, blocks=1, errors=0.005):
    evidence = memory.evidence
    for _ in range(blocks):
        block = {}
        for stream in streams(evidence.plan):
            green, blue = SHARES.get(stream.name.removeprefix(SERVED), (errors, 0.005))
            block[stream.name] = Counts.of(250.0, float(round(250 * green)), 750.0, float(round(750 * blue)))
        evidence = evidence.observe(block)
    return replace(memory, evidence=evidence)


@pytest.fixture
def memory():
    return Memory.start(PLAN, config="new", since=1.0)


def test_before_the_bake_ends_a_verdict_is_what_the_evidence_allows_so_far(memory):
    early = decide(seen(memory), MANDATE, left=200)
    assert (early.verdict, early.settled) == (Verdict.EXTEND, False)
    enough = decide(seen(memory, blocks=20), MANDATE, left=200)
    assert (enough.verdict, enough.settled) == (Verdict.PROMOTE, False)
    assert decide(seen(memory), MANDATE, left=None).settled is False


def test_a_good_fleet_is_let_through_when_the_bake_ends_and_stays(memory):
    due = decide(seen(memory, blocks=20), MANDATE, left=59)
    assert (due.verdict, due.settled) == (Verdict.PROMOTE, True)
    later = decide(due, MANDATE, left=0)
    assert later == due


def test_too_little_evidence_sends_the_fleet_back_and_says_how_much_was_seen_and_needed(memory):
    due = decide(seen(memory), MANDATE, left=60)
    assert (due.verdict, due.settled) == (Verdict.ROLL_BACK, True)
    assert due.sentence.startswith("roll back: the bake ends with too little evidence: 250 of at least 500 requests")
    assert "of 20" in due.sentence


def test_it_may_go_on_without_evidence_and_says_so(memory):
    mandate = replace(MANDATE, without_evidence="proceed")
    due = decide(seen(memory), mandate, left=60)
    assert (due.verdict, due.settled) == (Verdict.EXTEND, True)
    assert "goes on without a verdict" in due.sentence
    assert "250 of at least 500" in due.sentence


def test_going_on_without_evidence_is_no_pardon(memory):
    mandate = replace(MANDATE, without_evidence="proceed")
    due = decide(seen(memory), mandate, left=60)
    assert decide(seen(due, blocks=10, errors=0.05), mandate, left=0).verdict is Verdict.ROLL_BACK


def test_a_rollback_is_final(memory):
    bad = decide(seen(memory, blocks=4, errors=0.1), MANDATE, left=200)
    assert (bad.verdict, bad.settled) == (Verdict.ROLL_BACK, True)
    after = decide(seen(bad, blocks=100), MANDATE, left=0)
    assert (after.verdict, after.sentence) == (Verdict.ROLL_BACK, bad.sentence)


def test_what_is_remembered_survives_as_json_to_the_last_digit(memory):
    plan = replace(PLAN, watches_value=True, watches_scores=True)
    memory = Memory.start(plan, config="new", since=1.0).timed(29.5, 7.25).timed(12.0, 9.5)
    memory = replace(seen(memory, blocks=3), usual={SERVED: USUAL}, sentence="s", settled=True)
    memory = replace(memory, dispersion={"errors": 10 / 3, "tails": 1.0}, learnt=1.7e9 / 3)
    value = MeanTest(0.0, 5.0).observe(MeanState.start(), [1.0, 2.0], [3.0, 4.0, 5.0])
    memory = replace(memory, evidence=memory.evidence.with_value(value), verdict=Verdict.PROMOTE)
    again = Memory.from_document(plan, json.loads(json.dumps(memory.to_document())))
    assert again == memory
    assert (again.rate, again.bakes) == (29.5, (7.25, 9.5))
    assert seen(again) == seen(memory)


def test_what_is_remembered_is_small_beside_what_a_state_machine_may_carry(memory):
    plan = replace(PLAN, watches_value=True, watches_scores=True)
    memory = seen(Memory.start(plan, config="c" * 63, since=1.7e9), blocks=40)
    assert len(json.dumps(memory.to_document())) < 10_000  # of 256 KiB


def test_a_memory_from_before_dispersions_were_known_is_still_understood(memory):
    told = seen(memory).to_document()
    del told["dispersion"], told["learnt"]
    assert Memory.from_document(PLAN, told) == seen(memory)


def test_a_stream_that_is_watched_only_since_a_deployment_starts_anew(memory):
    told = seen(memory, blocks=2).to_document()
    again = Memory.from_document(JudgePlan(), told)
    assert again.evidence.states["tails"].looks == 0
    assert again.evidence.states["errors"].looks == 2
