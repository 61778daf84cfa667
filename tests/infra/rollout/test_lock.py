"""One rollout at a time, in order of approval, whichever is stopped, paused or late."""

import json
from collections import deque
from itertools import count

import pytest

from infra.rollout.runtime.orchestrator import gates, lock, pause, restore
from infra.rollout.runtime.orchestrator.lock import LIMIT_SECONDS
from slipway.rollout.queue import Queue, Waiting
from slipway.rollout.steps import POLLS, Kind, Outcome, RolloutStep, poll_seconds
from tests.infra.rollout.account import EXECUTION, LATER, NEW, OLD, World, error
from tests.infra.rollout.journal import BEGAN, MINE, Journal, run

OTHER, THIRD = EXECUTION.format("other"), EXECUTION.format("third")
KEY = "rollouts/shoppers-dev/queue.json"


def waiting(
    execution: str, since: float = 0, *, kind: Kind = Kind.APPROVAL, package: str = OLD, paused: bool = False
) -> Waiting:
    return Waiting(execution, package, kind, since, paused)


def queued(*entries: Waiting, holder: str = "") -> World:
    world = World()
    world.objects[KEY] = (1, json.dumps(Queue(entries, holder).to_document()).encode())
    world.executions = {entry.execution: "RUNNING" for entry in entries}
    return world


def queue_of(world: World) -> Queue:
    return Queue.from_document(json.loads(world.objects[KEY][1]))


def test_who_has_ended_leaves_the_lock_and_the_queue() -> None:
    world = World()
    run(world)
    assert queue_of(world) == Queue()


def test_a_younger_rollout_waits_until_the_older_one_has_ended() -> None:
    world, polls = queued(waiting(OTHER), holder=OTHER), count()

    def meanwhile(name: RolloutStep) -> None:
        if name is RolloutStep.LOCK:
            assert world.updates == []
            if next(polls) == 3:
                world.executions[OTHER] = "SUCCEEDED"

    journal = Journal(waiting=meanwhile)
    assert run(world, journal=journal).outcome is Outcome.PROMOTED
    assert next(polls) == 4


@pytest.mark.parametrize("status", ["FAILED", "STOPPED", "TIMED_OUT"])
def test_an_execution_that_was_lost_holds_nobody_up(status: str) -> None:
    world = queued(waiting(OTHER), holder=OTHER)
    world.executions[OTHER] = status
    assert run(world).outcome is Outcome.PROMOTED


def test_an_execution_that_lambda_has_forgotten_holds_nobody_up() -> None:
    world = queued(waiting(OTHER), holder=OTHER)
    world.executions.clear()
    assert run(world).outcome is Outcome.PROMOTED


def test_the_order_is_that_of_the_approvals_and_not_of_the_arrivals() -> None:
    # The other one was approved before, and its event came later: it joins while this one lets earlier ones join.
    world = World()

    def meanwhile(name: RolloutStep) -> None:
        if name is RolloutStep.ORDER:
            queue = queue_of(world).joined(waiting(OTHER, BEGAN - 1))
            world.executions[OTHER] = "RUNNING"
            world.objects[KEY] = (7, json.dumps(queue.to_document()).encode())
        elif name is RolloutStep.LOCK:
            assert world.updates == []
            world.executions[OTHER] = "SUCCEEDED"

    journal = Journal(waiting=meanwhile)
    run(world, journal=journal, requested_at=BEGAN)
    assert list(journal.names).count(RolloutStep.LOCK) == 1
    assert world.updates == [NEW]


def test_a_rollback_passes_what_is_paused_but_not_what_does_something() -> None:
    paused = queued(waiting(OTHER, paused=True), waiting(THIRD))
    assert run(paused, kind=Kind.ROLLBACK, journal=Journal(waiting=_no_wait)).outcome is Outcome.PROMOTED
    busy, polls = queued(waiting(OTHER), holder=OTHER), count()

    def meanwhile(name: RolloutStep) -> None:
        if name is RolloutStep.LOCK and next(polls) == 2:
            busy.executions[OTHER] = "SUCCEEDED"

    assert run(busy, kind=Kind.ROLLBACK, journal=Journal(waiting=meanwhile)).outcome is Outcome.PROMOTED
    assert next(polls) == 3


def _no_wait(name: RolloutStep) -> None:
    assert name is not RolloutStep.LOCK


def test_a_rejection_that_has_to_wait_passes_what_is_paused_too_but_no_rollback() -> None:
    me = waiting(MINE, 5, kind=Kind.REJECTION)
    assert Queue((waiting(OTHER, paused=True), me)).taken(MINE).holder == MINE
    assert Queue((waiting(OTHER, kind=Kind.ROLLBACK), me)).taken(MINE).holder == ""
    assert Queue((waiting(OTHER), me), OTHER).taken(MINE).holder == OTHER


def test_nobody_but_a_rollback_goes_on_while_there_is_one_and_they_keep_their_order() -> None:
    rollbacks = (waiting(OTHER, 1, kind=Kind.ROLLBACK), waiting(THIRD, 2, kind=Kind.ROLLBACK))
    queue = Queue((waiting(MINE, 0), *rollbacks))
    assert [queue.taken(each).holder for each in (MINE, THIRD, OTHER)] == ["", "", OTHER]


def test_who_is_paused_keeps_its_place_before_younger_ones() -> None:
    queue = Queue((waiting(MINE, 0), waiting(OTHER, 1)), MINE).paused(MINE)
    assert queue.taken(OTHER).holder == ""
    assert queue.taken(MINE).holder == MINE


def test_a_paused_rollout_leaves_the_lock_and_takes_it_again_in_its_turn() -> None:
    world = World(pauses=deque(["paused", "paused", "go"]))
    holders: list[str] = []

    def meanwhile(name: RolloutStep) -> None:
        if name is RolloutStep.PAUSED:
            holders.append(queue_of(world).holder)

    run(world, journal=Journal(waiting=meanwhile))
    assert set(holders) == {""}


def test_a_rollout_that_waits_three_days_for_the_lock_is_rejected_with_the_reason() -> None:
    world, journal = queued(waiting(OTHER), holder=OTHER), Journal()
    end = run(world, journal=journal)
    assert (end.outcome, end.by) == (Outcome.REJECTED, "lock")
    assert (
        end.reason == "it waited for the lock for three days; approve it again when the rollouts before it have ended"
    )
    assert LIMIT_SECONDS <= journal.seconds < LIMIT_SECONDS * 1.02
    assert queue_of(world) == Queue((waiting(OTHER),), OTHER)


class _EnoughError(Exception):
    pass


@pytest.mark.parametrize(
    ("kind", "package"), [(Kind.ROLLBACK, OLD), (Kind.REJECTION, OLD), (Kind.APPROVAL, NEW)], ids=str
)
def test_neither_a_rollback_nor_a_rejection_nor_a_twin_of_what_is_rolled_out_is_rejected_for_waiting(
    kind: Kind, package: str
) -> None:
    world = queued(waiting(OTHER, package=package), holder=OTHER)
    world.packages[LATER] = "Approved"

    def meanwhile(_: RolloutStep) -> None:
        if journal.seconds > 2 * LIMIT_SECONDS:
            raise _EnoughError

    journal = Journal(waiting=meanwhile)
    with pytest.raises(_EnoughError):
        run(world, kind=kind, journal=journal)


def test_two_that_change_the_queue_at_once_both_find_themselves_in_it() -> None:
    world = queued(waiting(OTHER, BEGAN + 9))
    world.fail["put_object"] = deque([error("PreconditionFailed"), error("ConditionalRequestConflict"), None])
    assert run(world).outcome is Outcome.PROMOTED


@pytest.mark.parametrize("when", [RolloutStep.ORDER, RolloutStep.LOCK, RolloutStep.PAUSED], ids=str)
def test_a_queue_that_somebody_deletes_begins_anew(when: RolloutStep) -> None:
    world = queued(waiting(OTHER), holder=OTHER) if when is RolloutStep.LOCK else World(pauses=deque(["paused", "go"]))

    def meanwhile(name: RolloutStep) -> None:
        if name is when:
            world.objects.clear()

    assert run(world, journal=Journal(waiting=meanwhile)).outcome is Outcome.PROMOTED
    assert queue_of(world) == Queue()


@pytest.mark.parametrize("body", [b"", b"[]", b'{"entries": [{"kind": "approval"}]}', b'{"entries": [{"kind": "x"}]}'])
def test_a_queue_that_is_none_rejects_nothing_and_the_reason_says_what_to_do(body: bytes) -> None:
    world = World(objects={KEY: (1, body)})
    end = run(world)
    assert end.outcome is Outcome.NOT_STARTED
    assert "s3://artifacts/rollouts/shoppers-dev/queue.json is no queue; delete it" in end.reason
    assert world.packages[NEW] == "Approved"


@pytest.mark.parametrize("code", ["SlowDown", "InternalFailure", "EndpointConnectionError", "ReadTimeoutError"])
def test_a_queue_that_cannot_be_read_for_a_fault_of_aws_or_the_network_rejects_nothing(code: str) -> None:
    world = World(fail={"get_object": deque([error(code, "try again")])})
    assert run(world).outcome is Outcome.NOT_STARTED
    assert world.packages[NEW] == "Approved"


def test_the_longest_paths_stay_within_lambdas_3000_operations() -> None:
    longest = 28_800
    lock_polls = _polls_of_lock(LIMIT_SECONDS)
    rest = gates.ATTEMPTS * 3600 // gates.POLL_SECONDS + POLLS + 2 * restore.POLLS + 100
    assert lock_polls + pause.MOST_POLLS + rest < 3000
    rollback = 8 * 86_400 // lock.ROLLBACK_SECONDS + lock.ROLLBACK_SECONDS // lock.LONGER_SECONDS
    assert rollback + rest < 3000
    assert poll_seconds(longest) * POLLS >= longest - POLLS
    assert restore.restore_seconds(longest) * restore.POLLS >= longest - restore.POLLS


def _polls_of_lock(seconds: float) -> int:
    world, journal = queued(waiting(OTHER), holder=OTHER), Journal()
    run(world, journal=journal)
    assert journal.seconds >= seconds
    return journal.operations
