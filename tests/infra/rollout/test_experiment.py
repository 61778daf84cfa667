"""An experiment adds challengers, moves the weights, and leaves one model behind the endpoint, whatever happens."""

from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from infra.rollout.runtime.orchestrator.experiment import experiment
from infra.rollout.runtime.orchestrator.function_calls import MOST_FAILED
from infra.rollout.runtime.orchestrator.rollout import End
from infra.rollout.runtime.orchestrator.run import RolloutRequest, Run
from slipway.rollout.steps import Kind, Outcome, RolloutStep
from tests.infra.rollout.account import EXECUTION, FUNCTION, LATER, NEW, OLD, Ending, World, error
from tests.infra.rollout.journal import Journal, Killed, target
from tests.infra.rollout.journal import run as roll_out

SETTINGS: dict[str, Any] = {
    "most_challengers": 1,
    "experiment_analysis": FUNCTION.format("rewards"),
    "experiment_seconds": 3600,
    "experiment_polls": 100,
}
START = {"action": "start"}


def answer(*shares: float, winner: int | None = None, key: str = "k") -> dict[str, Any]:
    return {
        "shares": shares,
        "winner": winner,
        "explanation": "challenger 1 is better" if winner else "none is better",
        "key": key,
    }


HALF, MOST = answer(0.5, 0.5, key="first"), answer(0.2, 0.8, key="second")
WON, LOST = answer(0.2, 0.8, winner=1), answer(0.5, 0.5, winner=0)


def world(*analyses: Any, **given: Any) -> World:
    return World(experiment_analyses=deque(analyses or (HALF,)), **given)


def run(world: World, event: dict[str, Any] = START, *, journal: Journal | None = None, **changes: Any) -> End:
    steps = journal or Journal()
    world.executions[steps.execution] = "RUNNING"
    request = RolloutRequest("", Kind.EXPERIMENT)
    end = experiment(Run(target(**{**SETTINGS, **changes}), request, steps, world.client, steps.now), event)
    world.executions[steps.execution] = "SUCCEEDED"
    return end


def one_model(world: World) -> bool:
    """Behind the endpoint and its stack; and no unused config or model, but those of the last update."""
    unused = {*world.configs} - {world.live}
    return not (world.named_challengers or world.beside) and unused <= set(world.deleted)


def test_a_challenger_that_wins_is_rolled_out_as_every_approved_package() -> None:
    here, seen = world(HALF, HALF, MOST, WON), []
    journal = Journal(waiting=lambda step: seen.append(dict(here.weights)) if step is RolloutStep.EXPERIMENT else None)
    end = run(here, journal=journal)
    assert (end.outcome, end.reason) == (Outcome.WINNER_STARTED, "challenger 1 is better")
    assert here.updates == [f"{OLD} against {NEW}", OLD]
    assert seen == [{"primary": 0.5, "challenger-1": 0.5}] * 2 + [{"primary": 0.2, "challenger-1": 0.8}]
    assert list(here.started.values()) == [{"ModelPackageArn": NEW, "Kind": "approval"}]
    assert (here.serves, one_model(here)) == (OLD, True)
    assert here.actions == ["experiment begun", "weights", "weights", "experiment ended"]
    assert roll_out(here, package=NEW).outcome is Outcome.PROMOTED


def test_the_champion_stays_where_no_challenger_wins() -> None:
    here = world(HALF, LOST)
    assert run(here).outcome is Outcome.CHAMPION_STAYS
    assert (here.serves, here.started, one_model(here)) == (OLD, {}, True)
    assert here.notices[-1][0] == "shoppers-dev: experiment ended"


def test_challengers_pass_the_gates_and_a_smoke_test_before_they_get_a_request() -> None:
    here = world()
    here.job_ends = deque([{"ProcessingJobStatus": "Completed", "ExitMessage": "contract: a column is missing"}])
    end = run(here)
    assert (end.outcome, end.by) == (Outcome.LEFT_OUT, "contract")
    assert (here.updates, here.packages[NEW]) == ([], "Approved")
    failing = world(smoke={"passed": False, "ran": True, "reason": "got 3"})
    assert run(failing).outcome is Outcome.LEFT_OUT
    assert failing.updates == [f"{OLD} against {NEW}", OLD]
    assert (failing.weights, one_model(failing)) == ({}, True)


@pytest.mark.parametrize(
    ("given", "event", "why"),
    [
        ({"packages": {OLD: "Approved", NEW: "Rejected"}}, START, "no other package is approved"),
        ({}, {"action": "start", "packages": [LATER]}, "must be approved"),
        ({"named": "", "live": "", "configs": {"config-0": ""}}, START, "serves no model"),
        ({"challengers": {"config-1": [NEW]}, "named_challengers": [NEW]}, START, "is under way"),
    ],
)
def test_what_is_no_experiment_is_left_out(given: dict[str, Any], event: dict[str, Any], why: str) -> None:
    packages = {OLD: "Approved", NEW: "Approved", LATER: "PendingManualApproval"}
    end = run(world(**{"packages": packages, **given}), event)
    assert end.outcome is Outcome.LEFT_OUT
    assert why in end.reason


def test_challengers_that_do_not_start_leave_the_champion_alone() -> None:
    kept = Ending("UPDATE_ROLLBACK_COMPLETE", package=OLD, serves=OLD, reason="ResourceLimitExceeded")
    here = world(endings=deque([kept]))
    end = run(here)
    assert end.outcome is Outcome.LEFT_OUT
    assert "ResourceLimitExceeded" in end.reason
    assert (here.serves, here.beside, here.named_challengers) == (OLD, [], [])


def test_an_approval_ends_the_experiment_and_is_rolled_out() -> None:
    here = world(packages={OLD: "Approved", NEW: "Approved", LATER: "PendingManualApproval"})
    ended: list[End] = []

    def waiting(step: RolloutStep) -> None:
        if step is RolloutStep.EXPERIMENT and not ended:
            here.packages[LATER] = "Approved"
            ended.append(roll_out(here, package=LATER, journal=Journal(EXECUTION.format("other")), **SETTINGS))

    end = run(here, journal=Journal(waiting=waiting))
    assert ended[0].outcome is Outcome.PROMOTED
    assert (end.outcome, end.reason) == (Outcome.CHAMPION_STAYS, "its challengers are gone")
    assert here.updates == [f"{OLD} against {NEW}", OLD, LATER]
    assert (here.serves, one_model(here)) == (LATER, True)


def test_a_winner_is_not_rolled_out_over_what_was_approved_since_it_won() -> None:
    here = world(HALF, WON, packages={OLD: "Approved", NEW: "Approved", LATER: "PendingManualApproval"})
    others: list[End] = []

    def waiting(step: RolloutStep) -> None:
        if step is RolloutStep.ORDER and here.answered and not others:
            here.packages[LATER] = "Approved"
            others.append(roll_out(here, package=LATER, journal=Journal(EXECUTION.format("other")), **SETTINGS))

    end = run(here, journal=Journal(waiting=waiting))
    assert others[0].outcome is Outcome.PROMOTED
    assert end.outcome is Outcome.CHAMPION_STAYS
    assert f"its challengers were removed before {NEW} could be rolled out" in end.reason
    assert (here.serves, here.started, one_model(here)) == (LATER, {}, True)


def test_of_two_experiments_the_first_goes_on_undisturbed() -> None:
    here, others = world(HALF, LOST), list[End]()

    def waiting(step: RolloutStep) -> None:
        if step is RolloutStep.EXPERIMENT:
            others.append(run(here, journal=Journal(EXECUTION.format("other"))))

    assert run(here, journal=Journal(waiting=waiting)).reason == "none is better"
    assert [(each.outcome, each.reason.rpartition(": ")[2]) for each in others] == [
        (Outcome.LEFT_OUT, "an experiment is under way")
    ]
    assert here.updates == [f"{OLD} against {NEW}", OLD]
    assert (here.serves, one_model(here)) == (OLD, True)


def test_a_rollout_that_was_paused_removes_the_challengers_of_each_experiment_that_it_meets() -> None:
    here = world(packages={OLD: "Approved", NEW: "Approved", LATER: "Approved"})
    here.pauses = deque(["go", "go", "paused", "paused", "go"])
    met: list[str] = []

    def waiting(step: RolloutStep) -> None:
        if step is RolloutStep.PAUSED and not met:
            met.append("one while it was paused")
            here.challengers[here.live] = here.named_challengers = [NEW]

    here.challengers["config-1"] = here.named_challengers = [NEW]
    end = roll_out(here, package=LATER, journal=Journal(waiting=waiting), **SETTINGS)
    assert (end.outcome, met) == (Outcome.PROMOTED, ["one while it was paused"])
    assert (here.serves, here.beside, here.named_challengers) == (LATER, [], [])


@pytest.mark.parametrize("change", ["a variant removed", "weights moved", "another model"])
def test_what_is_changed_by_hand_in_the_middle_ends_it_or_is_set_right(change: str) -> None:
    here, done = world(HALF, HALF, LOST), list[str]()

    def waiting(step: RolloutStep) -> None:
        if step is not RolloutStep.EXPERIMENT or done:
            return
        done.append(change)
        if change == "weights moved":
            here.weights = {"primary": 1.0, "challenger-1": 0.0}
            return
        here.configs["config-9"] = OLD if change == "a variant removed" else LATER
        here.live = "config-9"

    end = run(here, journal=Journal(waiting=waiting))
    assert end.outcome is Outcome.CHAMPION_STAYS
    assert end.reason == ("none is better" if change == "weights moved" else "its challengers are gone")
    assert len(here.weighed) == (2 if change == "weights moved" else 1)
    assert (here.serves, here.beside, here.named_challengers) == (OLD, [], [])


@pytest.mark.parametrize("refused", ["describe_stacks", "invoke"])
def test_a_refused_call_at_its_end_is_reported_as_what_it_leaves_behind(refused: str) -> None:
    here = world(HALF, WON)

    def waiting(step: RolloutStep) -> None:
        if step is RolloutStep.ORDER and here.answered:
            here.fail[refused] = deque([error("AccessDenied", "no")])

    end = run(here, journal=Journal(waiting=waiting))
    if refused == "describe_stacks":
        assert (end.outcome, here.beside) == (Outcome.NOT_RESTORED, [NEW])
        assert end.reason == "the challengers could not be removed: AccessDenied: no; challenger 1 is better"
        assert here.notices[-1][0] == "shoppers-dev: NOT RESTORED, look now"
    else:
        assert (end.outcome, one_model(here)) == (Outcome.CHAMPION_STAYS, True)
        assert f"`slipway rollout approve --package {NEW} --reason TEXT` starts it" in end.reason


def test_challengers_that_could_not_be_removed_after_a_failed_start_need_a_person() -> None:
    here = world(smoke={"passed": False, "ran": True, "reason": "got 3"})

    def waiting(step: RolloutStep) -> None:
        if step is RolloutStep.WAIT_FOR_EXPERIMENT and here.left == 1:
            here.fail["describe_stacks"] = deque([None, error("AccessDenied", "no")])

    end = run(here, journal=Journal(waiting=waiting))
    assert (end.outcome, here.beside) == (Outcome.NOT_RESTORED, [NEW])
    assert "AccessDenied: no; the experiment was not started: the smoke test of" in end.reason


def test_a_challenger_whose_approval_is_revoked_serves_no_longer() -> None:
    here = world()

    def waiting(step: RolloutStep) -> None:
        if step is RolloutStep.EXPERIMENT:
            here.packages[NEW] = "Rejected"

    assert "not approved any more" in run(here, journal=Journal(waiting=waiting)).reason
    assert one_model(here)


def test_it_is_stopped_by_another_execution_even_where_its_own_has_died() -> None:
    def dies(step: RolloutStep) -> None:
        if step is RolloutStep.EXPERIMENT:
            raise Killed

    here, journal = world(), Journal(waiting=dies)
    with pytest.raises(Killed):
        run(here, journal=journal)
    assert here.beside == [NEW]
    here.executions[journal.execution] = "FAILED"
    stopping = Journal(EXECUTION.format("stop"))
    end = run(here, {"action": "stop", "reason": "alarm challenger-1-errors"}, journal=stopping)
    assert (end.outcome, end.reason) == (Outcome.CHAMPION_STAYS, "alarm challenger-1-errors")
    assert (here.serves, one_model(here)) == (OLD, True)
    again = run(here, {"action": "stop"}, journal=Journal(EXECUTION.format("again")))
    assert again.outcome is Outcome.NOTHING_TO_DO


def test_weights_that_an_update_has_set_back_are_set_again() -> None:
    here, seen = world(HALF, HALF, HALF, LOST), []

    def waiting(step: RolloutStep) -> None:
        if step is RolloutStep.EXPERIMENT:
            seen.append(here.weights)
            here.weights = {}

    run(here, journal=Journal(waiting=waiting))
    assert seen == [{"primary": 0.5, "challenger-1": 0.5}] * 3


def test_while_rollouts_are_paused_no_experiment_begins() -> None:
    for pauses in (["paused"], ["go", "paused"]):  # before the gates, and before the challengers are added
        here = world(pauses=deque(pauses))
        end = run(here)
        assert (end.outcome, end.by, here.updates) == (Outcome.LEFT_OUT, "pause", [])
        assert "not started: rollouts are paused; `slipway rollout resume` ends the pause" in end.reason


def test_a_pause_keeps_the_weights_and_what_is_decided_waits_for_its_end() -> None:
    here, seen = world(HALF, MOST, WON), list[Any]()
    go, paused = ["go"] * 3, ["paused"] * 5
    here.pauses = deque([*go, *paused, "go"])
    journal = Journal(waiting=lambda step: seen.append(here.weights) if step is RolloutStep.EXPERIMENT else None)
    assert run(here, journal=journal).outcome is Outcome.WINNER_STARTED
    assert seen == [{"primary": 0.5, "challenger-1": 0.5}] * 6
    assert here.actions == ["experiment begun", "weights", "experiment ended"]


def test_a_pause_that_lasts_three_days_beyond_the_longest_time_ends_it_with_the_champion() -> None:
    here = world(WON, pauses=deque(["go", "go", "paused"]))
    journal = Journal()
    end = run(here, journal=journal, experiment_polls=10)
    assert (end.outcome, end.reason) == (
        Outcome.CHAMPION_STAYS,
        "it was paused for three days beyond its longest time",
    )
    assert journal.names.count(RolloutStep.EXPERIMENT) == 2
    assert here.calls.count("rewards") == 10 + 72
    assert one_model(here)


def test_rewards_that_cannot_be_read_for_long_end_it_and_once_do_not() -> None:
    lost = error("ReadTimeoutError")
    assert run(world(HALF, lost, lost, WON)).outcome is Outcome.WINNER_STARTED
    here = world(HALF, *[lost] * MOST_FAILED)
    end = run(here)
    assert end.outcome is Outcome.CHAMPION_STAYS
    assert f"at {MOST_FAILED} polls in a row" in end.reason
    assert one_model(here)


def test_challengers_that_cannot_be_removed_need_a_person() -> None:
    kept = Ending("UPDATE_ROLLBACK_COMPLETE", package=OLD, serves=OLD)
    here = world(HALF, LOST, endings=deque([Ending(), kept]))
    assert run(here).outcome is Outcome.NOT_RESTORED
    assert here.notices[-1][0] == "shoppers-dev: NOT RESTORED, look now"


def _killed_everywhere() -> Iterator[tuple[End, World]]:
    place = 0
    while True:
        here, journal = world(HALF, HALF, MOST, WON), Journal(kill_at=place)
        try:
            run(here, journal=journal)
        except Killed:
            yield run(here, journal=journal.resumed()), here
        else:
            return
        place += 1


def test_wherever_it_is_killed_it_ends_the_same() -> None:
    whole = world(HALF, HALF, MOST, WON)
    run(whole)
    ends = list(_killed_everywhere())
    assert len(ends) > 20
    for end, here in ends:
        assert end.outcome is Outcome.WINNER_STARTED
        assert here.updates == [f"{OLD} against {NEW}", OLD]
        assert (here.serves, one_model(here), len(here.started)) == (OLD, True, 1)
        assert here.actions == ["experiment begun", "weights", "weights", "experiment ended"]
        assert [each["challenger-1"] for each in here.weighed] == [0.5, 0.8]
        assert _lengths(here.periods) == _lengths(whole.periods), "weights are in force since they were set"


def _lengths(began: list[float]) -> list[float]:
    """Of the periods between two changes of the weights."""
    return [later - earlier for earlier, later in pairwise(dict.fromkeys(began))]


def test_no_update_of_an_endpoint_without_experiments_asks_for_challengers() -> None:
    here = World()
    assert roll_out(here).outcome is Outcome.PROMOTED
    assert here.updates == [NEW]
