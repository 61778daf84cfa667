"""A rollout's controller is killed in every state, under traffic: one fleet serves in the end, nobody is dropped."""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal.endpoints.account import Users, canary, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

CANARY_STATES = ["Provisioning", "Shifting", "Baking", "Shifting", "FinalBaking", "Terminating", "Promoted"]
LINEAR_STATES = ["Provisioning", *["Shifting", "Baking"] * 3, "Shifting", "FinalBaking", "Terminating", "Promoted"]
ENDPOINT_STATES = ("Creating", "Updating", "InService", "UpdateRollbackFailed")
ROLLBACK_STATES = ["RollingBack", "RolledBack"]


def linear() -> dict[str, Any]:
    routing = {
        "Type": "LINEAR",
        "WaitIntervalInSeconds": 60,
        "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 25},
    }
    policy = {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": 60}
    return {"BlueGreenUpdatePolicy": policy, "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]}}


def kill_controller(account: Any) -> None:
    os.kill(account.controller_pid(), signal.SIGKILL)


def killing(account: Any, at: Callable[[int, str], bool]) -> Callable[[str], None]:
    """A watcher that kills the controller while it waits for the n-th state to be entered."""
    entered = iter(range(1000))

    def watch(event: str) -> None:
        if event not in ENDPOINT_STATES and at(next(entered), event):
            kill_controller(account)

    return watch


def roll_out(account: Any, deployment: dict[str, Any], *, shadow: bool = False) -> Any:
    account.create("blue")
    account.alarms["errors"] = "OK"
    with Users(account, per_second=20) as users:
        if shadow:
            account.update_with_shadow("green", "candidate", deployment, status=500)
        else:
            account.update("green", deployment)
        account.settled(60)
    return users


def check_one_fleet(account: Any, users: Any, name: str, lost: int = 0, *, servers: int = 1) -> None:
    described = account.describe()
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", name)
    assert "PendingDeploymentSummary" not in described
    assert users.lost() == lost
    assert {account.ask().config_name for _ in range(8)} == {name}
    assert len(account.processes()) == servers
    account.fleets.close()
    assert account.processes() == []


def restarts(account: Any) -> int:
    return sum(phase == "ControllerRestarted" for phase in account.phases())


def states(account: Any) -> list[str]:
    """What was entered, in order, without the endpoint's own states."""
    return [phase for phase in account.phases() if phase not in ENDPOINT_STATES]


@pytest.mark.thorough
@pytest.mark.parametrize("number", range(len(CANARY_STATES)))
def test_a_rollout_survives_the_death_of_its_controller_in_any_state(account: Any, number: int) -> None:
    account.watcher = killing(account, lambda entered, _: entered == number)
    users = roll_out(account, canary("errors"))
    assert restarts(account) == (CANARY_STATES[number] != "Promoted")
    assert [state for state in states(account) if state != "ControllerRestarted"] == CANARY_STATES
    check_one_fleet(account, users, "green")


@pytest.mark.parametrize("account", [3.0], indirect=True)
def test_a_controller_that_hangs_is_replaced(account: Any) -> None:
    def watch(event: str) -> None:
        if event == "Baking":
            os.kill(account.controller_pid(), signal.SIGSTOP)

    account.watcher = watch
    users = roll_out(account, canary("errors"))
    assert restarts(account) >= 1  # on a busy machine the next one may be silent for too long as well
    check_one_fleet(account, users, "green")


@pytest.mark.parametrize(
    ("deployment", "way"), [(canary("errors"), CANARY_STATES), (linear(), LINEAR_STATES)], ids=["canary", "linear"]
)
def test_a_rollout_whose_controllers_die_in_every_state_ends_all_the_same(
    account: Any, deployment: Any, way: list[str]
) -> None:
    account.watcher = killing(account, lambda _entered, _event: True)
    users = roll_out(account, deployment)
    assert restarts(account) >= 6
    assert [state for state in states(account) if state != "ControllerRestarted"] == way
    check_one_fleet(account, users, "green")


def test_a_shadow_whose_controllers_die_in_every_state_is_added_all_the_same_and_fails_nobody(account: Any) -> None:
    account.watcher = killing(account, lambda _entered, _event: True)
    users = roll_out(account, canary("errors"), shadow=True)
    assert restarts(account) >= 6
    assert [shadow["VariantName"] for shadow in account.describe()["ShadowProductionVariants"]] == ["shadow"]
    check_one_fleet(account, users, "green", servers=2)


@pytest.mark.parametrize("state", ROLLBACK_STATES)
def test_a_rollback_survives_the_death_of_its_controller(account: Any, state: str) -> None:
    def watch(event: str) -> None:
        if event == "FinalBaking":
            account.alarms["errors"] = "ALARM"
        if event == state:
            kill_controller(account)

    account.watcher = watch
    users = roll_out(account, canary("errors"))
    assert "rollback alarm errors went into ALARM" in account.describe()["FailureReason"]
    check_one_fleet(account, users, "blue")


@pytest.mark.parametrize(("state", "share"), [("Baking", 0.25), ("FinalBaking", 1.0)])
def test_a_bake_whose_controller_died_in_its_middle_begins_anew(account: Any, state: str, share: float) -> None:
    account.create("blue")
    account.alarms["errors"] = "OK"
    with Users(account, per_second=20) as users:
        account.update("green", canary("errors", wait=300, final=300))
        until(lambda: states(account)[-1:] == [state])
        before = account.describe()["PendingDeploymentSummary"]
        kill_controller(account)
        until(lambda: restarts(account) == 1)
        assert account.describe()["PendingDeploymentSummary"] == before
        assert before["ProductionVariants"][0]["CurrentWeight"] == share
        account.settled(60)
    rows = journal_rows(account)
    last = max(i for i, row in enumerate(rows) if row.get("state", {}).get("phase") == state)
    assert sum(row.get("state", {}).get("phase") == state for row in rows) == 2
    assert rows[last + 1]["clock"] - rows[last]["clock"] >= 300 / account.speed
    check_one_fleet(account, users, "green")


def test_an_alarm_while_no_controller_lives_is_seen_by_the_next_one(account: Any) -> None:
    def watch(event: str) -> None:
        if event == "Baking":
            kill_controller(account)
            account.alarms["errors"] = "ALARM"

    account.watcher = watch
    users = roll_out(account, canary("errors"))
    assert states(account) == [
        "Provisioning",
        "Shifting",
        "Baking",
        "ControllerRestarted",
        "RollingBack",
        "RolledBack",
    ]
    check_one_fleet(account, users, "blue")


def test_a_controller_that_cannot_work_at_all_sends_everybody_back(account: Any) -> None:
    def watch(event: str) -> None:
        if event == "Baking":
            kill_controller(account)
            damage_journal(account)

    account.watcher = watch
    users = roll_out(account, canary("errors"))
    assert "controller ended or hung 5 times without progress" in account.describe()["FailureReason"]
    check_one_fleet(account, users, "blue")


def test_a_rollback_that_fails_keeps_both_fleets_and_users_get_the_one_that_answers(account: Any) -> None:
    account.create("blue")
    account.alarms["errors"] = "OK"
    with Users(account, per_second=20) as users:
        account.update("green", canary("errors", wait=3600))
        until(lambda: states(account)[-1:] == ["Baking"])
        end_for_good(account, "blue")
        account.alarms["errors"] = "ALARM"
        until(lambda: account.describe()["EndpointStatus"] == "UpdateRollbackFailed", 30)
        assert {account.ask().config_name for _ in range(8)} == {"green"}
        account.alarms["errors"] = "OK"
        account.update("amber", canary("errors"))
        assert account.settled(60)["EndpointConfigName"] == "amber"
    by_the_dead = sum((answer.config_name, answer.status) == ("blue", 0) for answer in users.answers)
    check_one_fleet(account, users, "amber", lost=by_the_dead)


def journal_rows(account: Any) -> list[dict[str, Any]]:
    (path,) = (account.folder / "fleets").glob("rollout-shop-*.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def damage_journal(account: Any) -> None:
    (path,) = (account.folder / "fleets").glob("rollout-shop-*.jsonl")
    path.write_text("no journal\n")


def end_for_good(account: Any, name: str) -> None:
    """Kill the server of the model `name`, and let it never start again."""
    for path in (account.folder / "fleets").glob("shop-primary-*/ml/model/model.json"):
        if json.loads(path.read_text())["name"] == name:
            path.write_text(json.dumps({"name": name, "start_error": "gone"}))
            folder = str(path.parents[2]).encode()
    for pid in account.processes():
        if folder in Path(f"/proc/{pid}/environ").read_bytes():
            os.kill(pid, signal.SIGKILL)
