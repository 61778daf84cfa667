"""A candidate is a shadow first, and whatever happens no shadow remains."""

import json
from collections import deque
from typing import Any

import pytest

from infra.rollout.runtime.orchestrator.function_calls import MOST_FAILED
from infra.rollout.runtime.orchestrator.rollout import End
from slipway.rollout.steps import Kind, Outcome, RolloutStep
from tests.infra.rollout.account import EXECUTION, LATER, NEW, OLD, Ending, World, decided, error
from tests.infra.rollout.journal import Journal, killed_everywhere
from tests.infra.rollout.journal import run as run_any

DAY = 86_400
SO_FAR = decided(0, "extend: 40 of 500 requests seen", changed=False)
WORSE = decided(2, "roll back: errors: 40 of 1,000 on the new fleet")
ENTERED_IN_VAIN = (
    Ending(serves=OLD, failure="The update was rolled back: variant shadow: no such column"),
    Ending("UPDATE_ROLLBACK_COMPLETE", package=OLD, serves=OLD, reason="variant shadow did not pass the ping check"),
)


def run(world: World, **given: Any) -> End:
    return run_any(world, **{"shadow_seconds": DAY, **given})


def beside(world: World) -> set[tuple[str, str]]:
    """What served beside which shadow while they were compared."""
    return set(world.watched)


def nothing_left(world: World) -> bool:
    """No shadow, and no config or shadow's model that nobody uses."""
    unused = {*world.configs, *(name.replace("config", "shadow") for name in world.shadows)} - {world.live}
    return not (world.shadow or world.named_shadow) and unused <= set(world.deleted)


def test_a_candidate_that_is_no_worse_as_a_shadow_goes_on_to_the_canary_in_one_update() -> None:
    world = World(shadow_analyses=deque([SO_FAR, decided(1, "promote: as a shadow")]))
    assert run(world).outcome is Outcome.PROMOTED
    assert beside(world) == {(OLD, NEW)}
    assert world.updates == [f"{OLD} beside {NEW}", NEW]
    assert (world.serves, nothing_left(world)) == (NEW, True)
    assert len(set(world.deleted)) == len(world.deleted), "AWS refuses to delete by tags what is gone"
    assert world.actions == ["shadow begun", "shadow decision", "shadow ended", "begun", "decision", "promoted"]
    assert world.audit[-1]["detail"]["shadow"] == "promote: as a shadow"


def test_a_candidate_that_is_worse_as_a_shadow_is_rejected_and_no_user_has_met_it() -> None:
    world = World(shadow_analyses=deque([WORSE]))
    end = run(world)
    assert (end.outcome, end.by) == (Outcome.REJECTED, "shadow")
    assert end.reason == "as a shadow: roll back: errors: 40 of 1,000 on the new fleet"
    assert world.updates == [f"{OLD} beside {NEW}", OLD]
    assert (world.serves, world.packages[NEW], nothing_left(world)) == (OLD, "Rejected", True)
    assert "model-1" not in world.deleted


@pytest.mark.parametrize(("proceeds", "outcome"), [(False, Outcome.REJECTED), (True, Outcome.PROMOTED)])
def test_once_the_time_is_over_the_settings_decide_on_what_is_not_proven(proceeds: bool, outcome: Outcome) -> None:
    world, journal = World(shadow_analyses=deque([SO_FAR])), Journal()
    assert run(world, journal=journal, proceeds=proceeds).outcome is outcome
    assert DAY <= journal.seconds < 1.2 * DAY
    assert len(world.watched) <= 301
    assert nothing_left(world)


def test_the_first_model_and_a_rollback_are_no_shadows() -> None:
    first = World(named="", live="", configs={"config-0": ""}, stack="CREATE_COMPLETE")
    back = World()
    assert run(first).outcome is run(back, kind=Kind.ROLLBACK).outcome is Outcome.PROMOTED
    assert (first.watched, back.watched) == ([], [])


@pytest.mark.parametrize("ending", ENTERED_IN_VAIN, ids=["silent", "reported"])
def test_a_candidate_that_does_not_start_beside_the_live_model_is_rejected(ending: Ending) -> None:
    world = World(endings=deque([ending]))
    end = run(world)
    assert (end.outcome, end.by) == (Outcome.REJECTED, "shadow")
    assert "did not become a shadow" in end.reason
    assert (world.serves, world.shadow, world.named_shadow) == (OLD, "", "")


@pytest.mark.parametrize(("served", "outcome"), [("", Outcome.PROMOTED), (None, Outcome.NOT_STARTED)])
def test_drift_of_the_live_model_stops_a_shadow_only_where_its_deployed_stack_cannot_leave_it_out(
    served: str | None, outcome: Outcome
) -> None:
    world = World(drifting=frozenset({OLD}), served=served)
    assert run(world).outcome is outcome
    assert (world.shadow, world.named_shadow) == ("", "")
    assert world.served == served, "the update to the candidate watches its drift, and so do the next ones"


def test_a_shadow_that_is_worse_is_removed_although_the_live_model_drifts() -> None:
    world = World(drifting=frozenset({OLD}), shadow_analyses=deque([WORSE]))
    assert run(world).outcome is Outcome.REJECTED
    assert (world.serves, nothing_left(world)) == (OLD, True)


def test_a_rollback_of_the_live_models_new_fleet_is_not_the_candidates_fault() -> None:
    world = World(endings=deque([Ending(serves=OLD, failure="alarm config-2-Latency is in ALARM")]))
    assert run(world).outcome is Outcome.NOT_STARTED
    assert (world.packages[NEW], world.shadow, world.named_shadow) == ("Approved", "", "")


def test_a_shadow_that_cannot_be_removed_needs_a_person() -> None:
    kept = Ending("UPDATE_ROLLBACK_COMPLETE", package=OLD, serves=OLD)
    world = World(shadow_analyses=deque([WORSE]), endings=deque([Ending(), kept]))
    end = run(world)
    assert end.outcome is Outcome.NOT_RESTORED
    assert "the shadow could not be removed" in end.reason
    assert world.notices[-1][0] == "shoppers-dev: NOT RESTORED, look now"


def test_an_analysis_that_keeps_failing_rejects_no_package() -> None:
    world = World(functions_fail={"analysis"})
    end = run(world)
    assert (end.outcome, world.packages[NEW]) == (Outcome.NOT_STARTED, "Approved")
    assert f"the canary analysis failed at {MOST_FAILED} polls in a row" in end.reason
    assert nothing_left(world)


def test_a_pause_ends_the_shadow_and_the_comparison_begins_anew_when_it_is_over() -> None:
    world = World(shadow_analyses=deque([SO_FAR]), pauses=deque(["go", "go", "paused", "paused", "paused", "go"]))
    seen: list[str] = []

    def waiting(step: RolloutStep) -> None:
        if step is RolloutStep.PAUSED:
            seen.append(world.shadow)
            world.shadow_analyses = deque([decided(1, "promote: as a shadow")])

    assert run(world, journal=Journal(waiting=waiting)).outcome is Outcome.PROMOTED
    assert set(seen) == {""}
    assert world.updates == [f"{OLD} beside {NEW}", OLD, f"{OLD} beside {NEW}", NEW]
    assert nothing_left(world)


def test_an_abort_takes_the_shadow_away_and_rejects_the_candidate() -> None:
    world = World(shadow_analyses=deque([SO_FAR]), pauses=deque(["go", "go", f"abort {NEW}"]))
    end = run(world)
    assert (end.outcome, end.by) == (Outcome.REJECTED, "operator")
    assert world.updates == [f"{OLD} beside {NEW}", OLD]
    assert (world.serves, world.packages[NEW], nothing_left(world)) == (OLD, "Rejected", True)


def test_a_candidate_whose_approval_is_revoked_is_a_shadow_no_longer() -> None:
    world = World(shadow_analyses=deque([SO_FAR]))

    def waiting(step: RolloutStep) -> None:
        if step is RolloutStep.SHADOW:
            world.packages[NEW] = "Rejected"

    assert run(world, journal=Journal(waiting=waiting)).outcome is Outcome.NOTHING_TO_DO
    assert nothing_left(world)


def test_a_rollback_passes_a_shadow_at_once_and_takes_it_away() -> None:
    world = World(packages={OLD: "Approved", NEW: "Approved", LATER: "Approved"}, shadow_analyses=deque([SO_FAR]))
    rollback = Journal(EXECUTION.format("back"))

    def waiting(step: RolloutStep) -> None:
        if step is RolloutStep.SHADOW and len(world.watched) == 1:
            world.executions[rollback.execution] = "RUNNING"
            world.shadow_analyses = deque([decided(1, "as good")])
            join(world, rollback.execution)
        if step is RolloutStep.LOCK:
            run(world, package=LATER, kind=Kind.ROLLBACK, journal=rollback)

    assert run(world, journal=Journal(waiting=waiting)).outcome is Outcome.PROMOTED
    assert world.updates == [f"{OLD} beside {NEW}", LATER, f"{LATER} beside {NEW}", NEW]
    assert nothing_left(world)


def join(world: World, execution: str) -> None:
    """A rollback waits behind the execution that has the lock."""
    (key,) = world.objects
    version, body = world.objects[key]
    document = json.loads(body)
    entry = {"execution": execution, "package": LATER, "kind": "rollback", "since": 0.0, "paused": False}
    world.objects[key] = version + 1, json.dumps({**document, "entries": [*document["entries"], entry]}).encode()


def proven() -> World:
    return World(shadow_analyses=deque([SO_FAR, decided(1, "as good")]))


def worse() -> World:
    return World(shadow_analyses=deque([SO_FAR, WORSE]))


@pytest.mark.parametrize(("world", "outcome"), [(proven, Outcome.PROMOTED), (worse, Outcome.REJECTED)])
def test_a_rollout_that_is_killed_anywhere_leaves_one_fleet_and_no_shadow(world: Any, outcome: Outcome) -> None:
    for end, here in killed_everywhere(world, shadow_seconds=DAY):
        assert end.outcome is outcome
        assert (here.serves, nothing_left(here)) == (NEW if outcome is Outcome.PROMOTED else OLD, True)


@pytest.mark.parametrize("decision", [decided(1, "as good"), WORSE])
def test_what_an_execution_that_was_stopped_left_is_taken_away_by_the_next_one(decision: dict[str, Any]) -> None:
    world = World(named_shadow=LATER, shadows={"config-1": LATER}, shadow_analyses=deque([decision]))
    world.packages[LATER] = "Approved"
    run(world)
    assert nothing_left(world)


def test_a_refused_update_leaves_no_shadow_and_rejects_nothing() -> None:
    world = World(fail={"describe_endpoint_config": deque([None, error("ThrottlingException", "slow down"), None])})
    assert run(world).outcome is Outcome.NOT_STARTED
    assert (world.shadow, world.named_shadow, world.packages[NEW]) == ("", "", "Approved")
