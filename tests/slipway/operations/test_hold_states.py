"""The state machine's question whether it is held, asked of a real parameter."""

import json
import time
from typing import Any

import pytest

from infra.rollout.hold import HOLD, HOLD_AGAIN, hold_states
from tests.rehearsal.cloud.process import CloudProcess, eventually
from tests.slipway.operations.conftest import ROLE

PACKAGE = "arn:aws:sagemaker:us-east-1:000000000000:model-package/shop/2"
OTHER = "arn:aws:sagemaker:us-east-1:000000000000:model-package/shop/1"
MOST_EVENTS = 25_000


def machine(parameter: str, start: str = HOLD) -> dict[str, Any]:
    ends: dict[str, Any] = {
        "Gone": {"Type": "Succeed"},
        "Refused": {"Type": "Fail", "Error": "Refused", "CausePath": "$.failure.reason"},
    }
    return {
        "StartAt": start,
        "States": {**hold_states(parameter_name=parameter, then="Gone", refused="Refused", start=start), **ends},
    }


class Rollout:
    """One execution of the states alone."""

    def __init__(self, cloud: CloudProcess, value: str | None, *, start: str = HOLD, **given: Any) -> None:
        self.cloud, self.parameter = cloud, f"/slipway/t{time.time_ns()}/rollouts"
        if value is not None:
            self.say(value)
        states = cloud("stepfunctions")
        self.machine: str = states.create_state_machine(
            name=f"hold-{time.time_ns()}", definition=json.dumps(machine(self.parameter, start)), roleArn=ROLE
        )["stateMachineArn"]
        self.arn: str = states.start_execution(
            stateMachineArn=self.machine, input=json.dumps({"ModelPackageArn": PACKAGE, **given})
        )["executionArn"]

    def say(self, value: str) -> None:
        self.cloud("ssm").put_parameter(Name=self.parameter, Value=value, Type="String", Overwrite=True)

    def ended(self) -> dict[str, Any]:
        states = self.cloud("stepfunctions")
        found: dict[str, Any] = eventually(
            lambda: (e := states.describe_execution(executionArn=self.arn))["status"] != "RUNNING" and e
        )
        return found

    def entered(self) -> list[str]:
        history = self.cloud("stepfunctions").get_execution_history(executionArn=self.arn, maxResults=1000)["events"]
        return [e["stateEnteredEventDetails"]["name"] for e in history if "stateEnteredEventDetails" in e]

    def waits(self) -> None:
        eventually(lambda: self.entered().count("WaitForHold") >= 2)


@pytest.mark.parametrize("value", [None, "go"])
@pytest.mark.parametrize("start", [HOLD, HOLD_AGAIN])
def test_without_a_hold_it_goes_at_once(cloud: CloudProcess, value: str | None, start: str) -> None:
    rollout = Rollout(cloud, value, start=start)
    assert rollout.ended()["status"] == "SUCCEEDED"
    assert not [state for state in rollout.entered() if state.startswith("WaitForHold")]


@pytest.mark.parametrize("value", ["hold", f"abort {OTHER}", "Go", "nonsense"])
def test_anything_but_go_holds_until_go_is_said(cloud: CloudProcess, value: str) -> None:
    rollout = Rollout(cloud, value)
    rollout.waits()
    rollout.say("go")
    assert rollout.ended()["status"] == "SUCCEEDED"


def test_an_abort_of_this_package_refuses_it(cloud: CloudProcess) -> None:
    rollout = Rollout(cloud, "hold")
    rollout.waits()
    rollout.say(f"abort {PACKAGE}")
    ended = rollout.ended()
    assert (ended["error"], ended["cause"]) == ("Refused", "an operator aborted the rollout before it began")


def test_the_way_back_to_an_earlier_model_is_not_held(cloud: CloudProcess) -> None:
    assert Rollout(cloud, "hold", GoesBack=True).ended()["status"] == "SUCCEEDED"


def test_a_hold_that_cannot_be_read_lets_nothing_go(cloud: CloudProcess) -> None:
    states = cloud("stepfunctions")
    definition = machine("not a valid / name")
    definition["States"]["AskHold"]["Resource"] = "arn:aws:states:::aws-sdk:ssm:getNothing"
    arn = states.create_state_machine(name="unread", definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]
    run = states.start_execution(stateMachineArn=arn, input=json.dumps({"ModelPackageArn": PACKAGE}))["executionArn"]
    ended = eventually(lambda: (e := states.describe_execution(executionArn=run))["status"] != "RUNNING" and e)
    assert ended["error"] == "Refused"
    assert ended["cause"].startswith("whether rollouts are held could not be read")


def test_three_days_of_holding_leave_room_in_the_history() -> None:
    states = machine("/slipway/x/rollouts")["States"]
    looks = [rule["NumericGreaterThan"] for rule in states["IsHeld"]["Choices"] if "NumericGreaterThan" in rule]
    most, few = looks
    # A task writes five events (entered, scheduled, started, succeeded, exited), every other state two.
    assert most * (5 + 3 * 2) < MOST_EVENTS / 4
    seconds = few * states["WaitForHold"]["Seconds"] + (most - few) * states["WaitForHoldLonger"]["Seconds"]
    assert seconds >= 2.9 * 24 * 3600
