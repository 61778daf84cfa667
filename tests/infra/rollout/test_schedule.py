"""Endpoints that are there by day only."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Template

from infra.rollout.schedule_states import Stoppable, office_hours_definition
from infra.rollout.schedule_waking import WAKE
from infra.stages import UseCaseStacks
from slipway.settings import Settings
from slipway.settings.schedule import EndpointSchedule

Resources = Callable[..., list[dict[str, Any]]]
Synth = Callable[..., tuple[UseCaseStacks, Path]]
HOURS = EndpointSchedule(start="cron(0 7 ? * MON-FRI *)", stop="cron(0 19 ? * * *)", timezone="Europe/Berlin")


@pytest.fixture(scope="module")
def rollout(synth: Synth, settings: Settings) -> dict[str, Any]:
    """The rollout stack of a use case with office hours."""
    endpoint = settings.endpoint.model_copy(update={"schedule": HOURS})
    stacks, _ = synth(settings.model_copy(update={"endpoint": endpoint}))
    return dict(Template.from_stack(stacks.rollout).to_json())


def of_type(template: dict[str, Any], type_: str) -> dict[str, dict[str, Any]]:
    return {id_: r["Properties"] for id_, r in template["Resources"].items() if r["Type"] == type_}


def machine(template: dict[str, Any], suffix: str) -> dict[str, Any]:
    (found,) = [
        properties
        for properties in of_type(template, "AWS::StepFunctions::StateMachine").values()
        if properties["StateMachineName"].endswith(suffix)
    ]
    return found


def states(machine: dict[str, Any]) -> dict[str, Any]:
    """The definition's states, `*` for each token."""
    parts = machine["DefinitionString"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else "*" for part in parts)
    found: dict[str, Any] = json.loads(text)["States"]
    return found


def statements(template: dict[str, Any], role: str) -> dict[str, list[Any]]:
    """What the role whose id begins so may do, and on what."""
    policies = [
        policy["PolicyDocument"]["Statement"]
        for policy in of_type(template, "AWS::IAM::Policy").values()
        if policy["Roles"][0]["Ref"].startswith(role)
    ]
    allowed: dict[str, list[Any]] = {}
    for statement in (each for policy in policies for each in policy):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        for action in actions:
            allowed.setdefault(action, []).append(statement["Resource"])
    return allowed


def test_without_hours_an_endpoint_is_always_there(resources: Resources, templates: dict[str, Any]) -> None:
    assert resources("AWS::Scheduler::Schedule") == []
    assert WAKE not in states(machine(templates["rollout"], "-rollout"))


def test_both_schedules_start_the_machine_in_the_teams_timezone(rollout: dict[str, Any]) -> None:
    found = of_type(rollout, "AWS::Scheduler::Schedule").values()
    assert {json.loads(each["Target"]["Input"])["action"]: each["ScheduleExpression"] for each in found} == {
        "start": HOURS.start,
        "stop": HOURS.stop,
    }
    for each in found:
        assert each["ScheduleExpressionTimezone"] == "Europe/Berlin"
        assert each["FlexibleTimeWindow"] == {"Mode": "OFF"}
        assert "OfficeHoursMachine" in each["Target"]["Arn"]["Ref"]


def test_only_the_scheduler_of_this_account_starts_it_and_starts_nothing_else(rollout: dict[str, Any]) -> None:
    ((_, role),) = [each for each in of_type(rollout, "AWS::IAM::Role").items() if "HoursStarter" in each[0]]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    allowed = statements(rollout, "OfficeHoursStarter")
    assert list(allowed) == ["states:StartExecution"]
    assert "OfficeHoursMachine" in json.dumps(allowed)


def test_it_may_change_the_endpoints_stack_and_its_own_memory_alone(
    rollout: dict[str, Any], settings: Settings
) -> None:
    allowed = statements(rollout, "OfficeHoursRole")
    assert f":stack/{settings.names.stack('endpoint')}/*" in json.dumps(allowed["cloudformation:UpdateStack"])
    for action in ("ssm:GetParameter", "ssm:PutParameter"):
        assert f":parameter{settings.names.stopped_parameter}" in json.dumps(allowed[action])
    writing = {action for action in allowed if not action.split(":")[1].startswith(("Describe", "List", "Get"))}
    logging = {action for action in writing if action.startswith("logs:")}
    keys = {action for action in writing if action.startswith("kms:")}
    assert writing - logging - keys == {"cloudformation:UpdateStack", "ssm:PutParameter", "sns:Publish"}
    assert not [action for action in allowed if action.endswith("UpdateModelPackage")]


def test_a_rollout_looks_whether_the_endpoint_is_stopped_before_its_gates(
    rollout: dict[str, Any], settings: Settings
) -> None:
    found = states(machine(rollout, "-rollout"))
    assert found["IsHoldOver"]["Default"] == WAKE
    assert found["Wake"]["Parameters"]["StackName"] == settings.names.stack("endpoint")
    assert found["RecallStopped"]["Parameters"] == {"Name": settings.names.stopped_parameter}
    allowed = json.dumps(statements(rollout, "RolloutRole")["ssm:PutParameter"])
    assert settings.names.stopped_parameter in allowed
    assert settings.names.hold_parameter not in allowed


def test_every_state_leads_somewhere_and_can_be_reached() -> None:
    definition = office_hours_definition(Stoppable("e", "e-stack", "/p", "arn:rollout", "arn:topic"))
    named = {definition["StartAt"]} | {
        next_
        for state in definition["States"].values()
        for each in (state, *state.get("Choices", ()), *state.get("Catch", ()))
        for key in ("Next", "Default")
        if (next_ := each.get(key))
    }
    assert named == set(definition["States"])
