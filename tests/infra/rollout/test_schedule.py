"""Endpoints that are there by day only."""

import json
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Template

from infra.rollout.runtime.orchestrator.rollout import End
from infra.rollout.runtime.orchestrator.run import RolloutRequest, Run
from infra.rollout.runtime.orchestrator.schedule import LIMIT_SECONDS, follow
from infra.rollout.runtime.orchestrator.stopped import NOTHING_STOPPED
from infra.stages import UseCaseStacks
from slipway.rollout.queue import Queue
from slipway.rollout.steps import Kind, Outcome, RolloutStep
from slipway.settings import Settings
from slipway.settings.schedule import EndpointSchedule
from tests.infra.rollout.account import EXECUTION, NEW, OLD, Ending, World, error
from tests.infra.rollout.journal import Journal, run, target

Resources = Callable[..., list[dict[str, Any]]]
Synth = Callable[..., tuple[UseCaseStacks, Path]]
HOURS = EndpointSchedule(start="cron(0 7 ? * MON-FRI *)", stop="cron(0 19 ? * * *)", timezone="Europe/Berlin")
OTHER = EXECUTION.format("other")
KEY = "rollouts/shoppers-dev/queue.json"


@pytest.fixture(scope="module")
def rollout(synth: Synth, settings: Settings) -> dict[str, Any]:
    """The rollout stack of a use case with a schedule."""
    endpoint = settings.endpoint.model_copy(update={"schedule": HOURS})
    stacks, _ = synth(settings.model_copy(update={"endpoint": endpoint}))
    return dict(Template.from_stack(stacks.rollout).to_json())


def of_type(template: dict[str, Any], type_: str) -> dict[str, dict[str, Any]]:
    return {id_: r["Properties"] for id_, r in template["Resources"].items() if r["Type"] == type_}


def functions(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The durable ones, by name."""
    found = of_type(template, "AWS::Lambda::Function").values()
    return {each["FunctionName"]: each for each in found if "DurableConfig" in each}


def test_without_a_schedule_an_endpoint_is_always_there(resources: Resources, templates: dict[str, Any]) -> None:
    assert resources("AWS::Scheduler::Schedule") == []
    assert list(functions(templates["rollout"])) == ["shoppers-dev-rollout"]


def test_both_schedules_start_the_function_in_the_teams_timezone(rollout: dict[str, Any]) -> None:
    found = of_type(rollout, "AWS::Scheduler::Schedule").values()
    assert {json.loads(each["Target"]["Input"])["action"]: each["ScheduleExpression"] for each in found} == {
        "start": HOURS.start,
        "stop": HOURS.stop,
    }
    for each in found:
        assert each["ScheduleExpressionTimezone"] == "Europe/Berlin"
        assert each["FlexibleTimeWindow"] == {"Mode": "OFF"}
        assert each["Target"]["Arn"]["Ref"].startswith("ScheduleFunctionLive")
        # A stop that arrives a day late would end an endpoint that has to be there.
        assert each["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600}


def test_a_start_or_stop_that_is_not_delivered_sends_a_notice(rollout: dict[str, Any]) -> None:
    ((group_id, group),) = of_type(rollout, "AWS::Scheduler::ScheduleGroup").items()
    assert [each["GroupName"] for each in of_type(rollout, "AWS::Scheduler::Schedule").values()] == 2 * [
        {"Ref": group_id}
    ]
    name = "shoppers-dev-schedule-undelivered"
    (alarm,) = (each for each in of_type(rollout, "AWS::CloudWatch::Alarm").values() if each["AlarmName"] == name)
    watched = [each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each]
    dimensions = [{"Name": "ScheduleGroup", "Value": group["Name"]}]
    assert [(each["MetricName"], each["Dimensions"]) for each in watched] == [
        ("InvocationDroppedCount", dimensions),
        ("TargetErrorCount", dimensions),
    ]
    (topic,) = alarm["AlarmActions"]
    assert f":alarm:{name}" in json.dumps(of_type(rollout, "AWS::SNS::TopicPolicy"))
    assert topic["Ref"] in of_type(rollout, "AWS::SNS::Topic")


def test_a_rollout_knows_what_the_schedule_has_stopped(rollout: dict[str, Any], settings: Settings) -> None:
    for name in (settings.names.rollout_function, settings.names.schedule_function):
        parts = functions(rollout)[name]["Environment"]["Variables"]["ROLLOUT"]["Fn::Join"][1]
        found = json.loads("".join(part if isinstance(part, str) else "token" for part in parts))
        assert found["stopped_parameter"] == settings.names.stopped_parameter


def scheduled(world: World, action: str, journal: Journal | None = None) -> End:
    """Follow the schedule to the end."""
    steps = journal or Journal(EXECUTION.format(f"{action}-{len(world.executions)}"))
    world.executions[steps.execution] = "RUNNING"
    given = target(stopped_parameter="/stopped")
    end = follow(Run(given, RolloutRequest("", Kind.SCHEDULE), steps, world.client, steps.now), action)
    world.executions[steps.execution] = "SUCCEEDED"
    return end


def test_a_stopped_endpoint_is_gone_and_recorded() -> None:
    world = World()
    assert scheduled(world, "stop").outcome is Outcome.DONE
    assert (world.named, world.live, world.parameters["/stopped"]) == ("", "", OLD)
    assert scheduled(world, "stop").outcome is Outcome.NOTHING_TO_DO
    assert world.parameters["/stopped"] == OLD


def test_it_is_started_with_the_model_that_it_was_stopped_with() -> None:
    world = World()
    scheduled(world, "stop")
    assert scheduled(world, "start").outcome is Outcome.DONE
    assert (world.named, world.serves, world.parameters["/stopped"]) == (OLD, OLD, NOTHING_STOPPED)
    assert scheduled(world, "start").outcome is Outcome.NOTHING_TO_DO


def test_what_was_never_stopped_is_not_started() -> None:
    assert scheduled(World(named="", live=""), "start").outcome is Outcome.NOTHING_TO_DO


@pytest.mark.parametrize("action", ["stop", "start"])
def test_a_model_that_is_not_approved_is_neither_stopped_nor_started_and_a_notice_is_sent(action: str) -> None:
    world = World()
    if action == "start":
        scheduled(world, "stop")
    world.packages[OLD] = "Rejected"
    before = world.named
    assert scheduled(world, action).outcome is Outcome.LEFT_OUT
    assert world.named == before
    subject, message = world.notices[-1]
    assert subject == "shoppers-dev: schedule, look now"
    assert message == f"Endpoint shoppers-dev: {action} was left out: model package {OLD} is not approved"


def test_nothing_is_stopped_while_a_rollout_runs() -> None:
    world = World()
    run(world)
    world.executions[OTHER] = "RUNNING"
    entries = Queue.from_document({"entries": [], "holder": OTHER})
    world.objects[KEY] = (9, json.dumps(entries.to_document()).encode())

    def meanwhile(name: RolloutStep) -> None:
        if name is RolloutStep.LOCK and journal.seconds > 600:
            world.executions[OTHER] = "SUCCEEDED"
        assert name is not RolloutStep.WAIT_FOR_START or world.executions[OTHER] == "SUCCEEDED"

    journal = Journal(EXECUTION.format("evening"), waiting=meanwhile)
    assert scheduled(world, "stop", journal).outcome is Outcome.DONE
    assert world.parameters["/stopped"] == NEW


def test_an_endpoint_that_is_being_scaled_is_stopped_after_it() -> None:
    world = World(endpoint_status="Updating")

    def meanwhile(name: RolloutStep) -> None:
        world.endpoint_status = "InService" if name is RolloutStep.UPDATE else world.endpoint_status

    assert scheduled(world, "stop", Journal(waiting=meanwhile)).outcome is Outcome.DONE
    assert world.live == ""


def test_what_waits_for_two_hours_is_left_out_with_a_notice() -> None:
    locked, journal = World(executions={OTHER: "RUNNING"}), Journal()
    locked.objects[KEY] = (1, json.dumps(Queue((), OTHER).to_document()).encode())
    assert scheduled(locked, "stop", journal).outcome is Outcome.LEFT_OUT
    assert LIMIT_SECONDS <= journal.seconds < 1.2 * LIMIT_SECONDS
    busy = World(stack="UPDATE_IN_PROGRESS", update=(OLD, "", [], "", Ending()), left=1000)
    assert scheduled(busy, "stop").outcome is Outcome.LEFT_OUT
    for world in (locked, busy):
        reason = "Endpoint shoppers-dev: stop was left out, for a rollout or an update runs"
        assert world.notices == [("shoppers-dev: schedule", reason)]
        assert world.live == "config-1"


def test_a_stack_that_does_not_follow_is_reported() -> None:
    world = World(endings=deque([Ending("UPDATE_ROLLBACK_COMPLETE", package=OLD, serves=OLD)]))
    assert scheduled(world, "stop").outcome is Outcome.LEFT_OUT
    assert world.notices[-1][1] == "Endpoint shoppers-dev: stop ended with its stack UPDATE_ROLLBACK_COMPLETE"


def test_an_aws_that_does_not_answer_is_reported() -> None:
    world = World(fail={"describe_stacks": deque([error("AccessDenied", "not authorized")])})
    assert scheduled(world, "stop").outcome is Outcome.LEFT_OUT
    assert world.notices[-1][1] == "Endpoint shoppers-dev: stop failed: AccessDenied: not authorized"


def stopped() -> World:
    return World(named="", live="", parameters={"/stopped": OLD})


def test_a_rollout_starts_the_model_that_was_stopped_and_then_goes_by_canary() -> None:
    world = stopped()
    assert run(world, stopped_parameter="/stopped").outcome is Outcome.PROMOTED
    assert world.updates == [OLD, NEW]
    assert world.audit[0]["detail"]["previous"] == OLD
    assert world.parameters["/stopped"] == NOTHING_STOPPED
    assert [call for call in world.calls if call.startswith("analyse")]


@pytest.mark.parametrize("packages", [{OLD: "Rejected", NEW: "Approved"}, {NEW: "Approved", OLD: "Approved"}])
def test_where_the_stopped_model_cannot_be_started_the_candidate_is_let_in_like_a_first_one(
    packages: dict[str, str],
) -> None:
    world = stopped()
    world.packages = packages
    if packages[OLD] == "Approved":
        world.fail["update_stack"] = deque([error("AccessDenied", "not authorized"), None])
    assert run(world, stopped_parameter="/stopped").outcome is Outcome.PROMOTED
    assert world.updates == [NEW]
    assert [call for call in world.calls if call.startswith("analyse")] == []


def test_a_stopped_model_is_started_once_only() -> None:
    world = stopped()
    world.endings = deque([Ending("UPDATE_ROLLBACK_COMPLETE", package="", serves="")])
    assert run(world, stopped_parameter="/stopped").outcome is Outcome.PROMOTED
    assert world.updates == [OLD, NEW]


def test_whether_it_is_stopped_must_be_known() -> None:
    world = stopped()
    world.fail["get_parameter"] = deque([error("ParameterNotFound"), error("AccessDenied", "not authorized")])
    end = run(world, stopped_parameter="/stopped")
    assert (end.outcome, end.by) == (Outcome.REJECTED, "schedule")
