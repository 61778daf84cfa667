"""What a rollout promises, whatever AWS answers."""

from collections import deque
from typing import Any

import pytest

from slipway.rollout.steps import Kind, Outcome, RolloutStep
from tests.infra.rollout.account import EXECUTION, LATER, NEW, NO_ENDPOINT, OLD, Ending, World, decided, error
from tests.infra.rollout.journal import MINE, Journal, Killed, killed_everywhere, run

QUOTA = (
    "The account-level service limit 'ml.m5.large for endpoint usage' is 1 Instances, with current utilization of 1 "
    "Instances and a request delta of 1 Instances. Please use AWS Service Quotas to request an increase for this quota."
)
CAPACITY = "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error."
WORSE = "roll back: errors: 40 of 1,000 (4.00 %) on the new fleet, 16 of 3,000 (0.53 %) on the old one"
ALARM = "alarm config-2-CanaryDecision is in ALARM"
THROTTLED = error("ThrottlingException", "slow down")
SILENT = Ending(serves=OLD, failure="alarm config-2-ServerErrors is in ALARM")
REPORTED = Ending("UPDATE_ROLLBACK_COMPLETE", package=OLD, serves=OLD)
BAD_SMOKE = {"passed": False, "ran": True, "reason": "received 500 from primary"}
NO_SMOKE = {"passed": False, "ran": False, "reason": "AccessDenied: no s3:GetObject"}
DENIED = (
    "User: cloudformation is not authorized to perform: sagemaker:CreateModel (Service: SageMaker, Status Code: 400)"
)


def always(problem: Any) -> "deque[Any]":
    return deque([problem])


def event(status: str, *, of: str = "", reason: str = "") -> dict[str, str]:
    """Of the stack itself, or of one of its resources."""
    kind = "AWS::SageMaker::Endpoint" if of else "AWS::CloudFormation::Stack"
    return {
        "ResourceType": kind,
        "LogicalResourceId": of or "shoppers-dev-endpoint",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


PING = event("UPDATE_FAILED", of="Endpoint", reason="The container did not pass the ping health check")
NO_ROOM = (
    event("UPDATE_ROLLBACK_COMPLETE"),
    event("UPDATE_FAILED", of="Alarm", reason="Resource update cancelled"),
    event("UPDATE_FAILED", of="Endpoint", reason=QUOTA),
    event("UPDATE_IN_PROGRESS"),
)

REFUSED = (
    event("UPDATE_ROLLBACK_COMPLETE"),
    event("UPDATE_FAILED", of="Model", reason=DENIED),
    event("UPDATE_IN_PROGRESS"),
)


def first() -> World:
    return World(named="", live="", configs={"config-0": ""}, stack="CREATE_COMPLETE")


def test_a_better_model_is_promoted_and_what_it_replaced_is_deleted() -> None:
    world = World()
    assert run(world).outcome is Outcome.PROMOTED
    assert (world.serves, world.named) == (NEW, NEW)
    assert world.deleted == ["config-1", "model-1"]
    assert world.actions == ["begun", "decision", "promoted"]
    expected = {"previous": OLD, "decision": 1, "explanation": "better"}
    assert world.audit[-1]["detail"].items() >= expected.items()
    assert world.packages[NEW] == "Approved"
    assert world.notices[-1] == ("shoppers-dev: promoted", f"Endpoint shoppers-dev serves {NEW}; better")


def test_the_model_goes_too_where_an_execution_was_killed_after_it_had_deleted_the_config() -> None:
    # Of what is gone AWS knows no tags, by which the role may delete it.
    world = World(fail={"delete_endpoint_config": always(error("AccessDeniedException", "not authorized"))})
    assert run(world).outcome is Outcome.PROMOTED
    assert world.deleted == ["model-1"]


def test_the_first_model_is_compared_with_nothing_and_nothing_is_deleted() -> None:
    world = first()
    assert run(world).outcome is Outcome.PROMOTED
    assert world.deleted == []
    assert [call for call in world.calls if call.startswith("analyse")] == []
    assert "smoke test" in world.calls


def test_a_model_with_a_primary_container_is_recognised() -> None:
    assert run(World(primary_container=True)).outcome is Outcome.PROMOTED


@pytest.mark.parametrize("status", ["Rejected", "PendingManualApproval"])
def test_only_an_approved_package_is_rolled_out(status: str) -> None:
    world = World(packages={OLD: "Approved", NEW: status})
    assert run(world).outcome is Outcome.NOTHING_TO_DO
    assert world.updates == []


def test_an_event_that_is_delivered_twice_changes_nothing_the_second_time() -> None:
    world = World()
    run(world)
    assert run(world, journal=Journal(EXECUTION.format("twin"))).outcome is Outcome.NOTHING_TO_DO
    assert world.updates == [NEW]


def test_a_busy_stack_is_waited_for_and_the_approval_is_read_again_after_it() -> None:
    world = World(stack="UPDATE_IN_PROGRESS", update=(OLD, "", [], "", Ending()), left=3)
    assert run(world).outcome is Outcome.PROMOTED
    revoked = World(stack="UPDATE_IN_PROGRESS", update=(OLD, "", [], "", Ending()), left=3)
    journal = Journal(waiting=lambda _: revoked.packages.update({NEW: "Rejected"}))
    assert run(revoked, journal=journal).outcome is Outcome.NOTHING_TO_DO


def test_a_stack_that_becomes_busy_before_the_update_is_waited_for() -> None:
    busy = error("ValidationError", "Stack:arn:x is in UPDATE_IN_PROGRESS state and can not be updated.")
    world = World(fail={"update_stack": deque([busy, None])})
    assert run(world).outcome is Outcome.PROMOTED


def test_autoscaling_that_begins_during_the_gates_is_waited_for() -> None:
    world = World()

    def meanwhile(name: RolloutStep) -> None:
        status = {RolloutStep.GATES: "Updating", RolloutStep.UPDATE: "InService"}.get(name)
        world.endpoint_status = status or world.endpoint_status

    world.job_ends = deque([{"ProcessingJobStatus": "InProgress"}, *world.job_ends])
    journal = Journal(waiting=meanwhile)
    assert run(world, journal=journal).outcome is Outcome.PROMOTED
    assert journal.names.count(RolloutStep.UPDATE) == 3  # busy, the wait, the update
    assert world.updates == [NEW]


def scaled_meanwhile() -> Ending:
    reason = 'Cannot update in-progress endpoint "arn:shoppers-dev".'
    events = (event("UPDATE_FAILED", of="Endpoint", reason=reason), event("UPDATE_IN_PROGRESS"))
    return Ending("UPDATE_ROLLBACK_COMPLETE", package=OLD, serves=OLD, events=events)


def test_an_update_that_meets_autoscaling_is_tried_again() -> None:
    world = World(endings=deque([scaled_meanwhile()]))
    assert run(world).outcome is Outcome.PROMOTED
    assert world.updates == [NEW, NEW]
    always_scaled = World(endings=deque([scaled_meanwhile() for _ in range(9)]))
    assert run(always_scaled).outcome is Outcome.STOPPED
    assert (always_scaled.updates, always_scaled.packages[NEW]) == ([NEW] * 3, "Approved")


def test_a_stack_that_needs_no_update_is_still_verified() -> None:
    world = World(fail={"update_stack": always(error("ValidationError", "No updates are to be performed."))})
    world.configs["config-2"] = NEW
    world.named = NEW

    def meanwhile(name: RolloutStep) -> None:
        if name is RolloutStep.GATES:
            world.live = "config-2"

    world.job_ends = deque([{"ProcessingJobStatus": "InProgress"}, *world.job_ends])
    assert run(world, journal=Journal(waiting=meanwhile)).outcome is Outcome.PROMOTED
    assert "smoke test" in world.calls


def test_a_rollback_that_cloudformation_reports_as_success_is_seen_and_restored() -> None:
    world = World(endings=deque([SILENT]))
    end = run(world)
    assert (end.outcome, end.reason) == (
        Outcome.ROLLED_BACK,
        "the endpoint did not take the model: alarm config-2-ServerErrors is in ALARM",
    )
    assert world.packages[NEW] == "Rejected"
    assert world.updates == [NEW, OLD]
    assert (world.serves, world.named) == (OLD, OLD)
    assert "smoke test" not in world.calls


def test_a_rollback_that_cloudformation_reports_as_failure_needs_no_restore() -> None:
    world = World(endings=deque([REPORTED]))
    end = run(world)
    assert (end.outcome, world.updates) == (Outcome.ROLLED_BACK, [NEW])
    assert end.reason == (
        "the model is not live: endpoint shoppers-dev is InService after its stack ended UPDATE_ROLLBACK_COMPLETE; "
        "see the events of stack shoppers-dev-endpoint"
    )
    assert world.packages[NEW] == "Rejected"


@pytest.mark.parametrize(
    ("ending", "smoke", "reason"),
    [
        (Ending(endpoint="Failed", failure="no ping"), {}, "the endpoint did not take the model: no ping"),
        (Ending(), BAD_SMOKE, "the smoke test failed: received 500 from primary"),
    ],
    ids=["never served", "smoke test"],
)
def test_a_first_model_that_fails_leaves_no_endpoint_and_the_rest_to_cloudformation(
    ending: Ending, smoke: dict[str, Any], reason: str
) -> None:
    world = first()
    world.endings, world.smoke = deque([ending, Ending()]), smoke
    end = run(world)
    assert (end.outcome, end.reason) == (Outcome.ROLLED_BACK, reason)
    assert (world.updates, world.live, world.deleted) == ([NEW, ""], "", [])


def test_an_endpoint_that_did_not_serve_before_is_not_deleted_and_a_notice_is_sent() -> None:
    failed = Ending(endpoint="Failed", failure="no ping")
    world = World(endpoint_status="Failed", endings=deque([failed, failed]))
    assert run(world).outcome is Outcome.NOT_RESTORED
    assert world.updates == [NEW, OLD]


@pytest.mark.parametrize(
    ("kind", "drifting", "outcome"),
    [
        (Kind.APPROVAL, OLD, Outcome.PROMOTED),
        (Kind.APPROVAL, NEW, Outcome.ROLLED_BACK),
        (Kind.ROLLBACK, NEW, Outcome.PROMOTED),
    ],
)
def test_only_the_drift_of_a_candidate_rolls_it_back(kind: Kind, drifting: str, outcome: Outcome) -> None:
    world = World(drifting=frozenset({drifting}))
    assert run(world, kind=kind).outcome is outcome


@pytest.mark.parametrize("drifting", [frozenset(), frozenset({OLD})], ids=["", "it drifts"])
def test_a_failed_smoke_test_brings_the_previous_model_back(drifting: frozenset[str]) -> None:
    world = World(smoke=BAD_SMOKE, drifting=drifting)
    end = run(world)
    assert (end.outcome, end.reason) == (Outcome.ROLLED_BACK, "the smoke test failed: received 500 from primary")
    assert world.serves == OLD


@pytest.mark.parametrize(
    "world",
    [
        World(smoke=BAD_SMOKE, endings=deque([Ending(), Ending(serves=NEW)])),
        World(endings=deque([SILENT, Ending("UPDATE_ROLLBACK_COMPLETE", package=NEW, serves=OLD)])),
        World(endings=deque([Ending("UPDATE_ROLLBACK_COMPLETE", package=OLD, serves=OLD, endpoint="Failed")])),
        World(endings=deque([Ending("UPDATE_ROLLBACK_FAILED", package=OLD, serves=OLD)])),
    ],
    ids=["still the new model", "the stack names the failed one", "nothing serves", "the rollback failed"],
)
def test_nothing_is_called_restored_that_was_not_seen_to_be(world: World) -> None:
    assert run(world).outcome is Outcome.NOT_RESTORED
    assert world.notices[-1][0] == "shoppers-dev: NOT RESTORED, look now"
    assert world.actions[-1] == "not restored"
    assert world.deleted == []


def test_a_restore_that_cloudformation_refuses_needs_a_person() -> None:
    refused = error("ValidationError", "Stack:arn:x is in UPDATE_ROLLBACK_FAILED state and can not be updated.")
    world = World(endings=deque([SILENT]), fail={"update_stack": deque([None, refused])})
    assert run(world).outcome is Outcome.NOT_RESTORED


@pytest.mark.parametrize(
    ("serves", "outcome"), [(LATER, Outcome.ROLLED_BACK), (OLD, Outcome.NOT_RESTORED)], ids=["followed", "in vain"]
)
def test_a_later_decision_is_left_as_it_is_and_reported(serves: str, outcome: Outcome) -> None:
    world = World(endings=deque([SILENT]))

    def meanwhile(name: RolloutStep) -> None:
        if world.packages[NEW] == "Rejected" or name is not RolloutStep.WATCH:
            return
        if world.left == 1:
            world.configs["config-3"] = LATER
            world.update = (LATER, "", [], "", Ending(serves=serves, failure="x"))

    end = run(world, journal=Journal(waiting=meanwhile))
    assert (end.outcome, world.updates, world.deleted) == (outcome, [NEW], [])
    assert end.reason.endswith(f"; meanwhile someone decided for {LATER}, which is left as it is")


def test_what_cannot_be_seen_after_the_restore_does_not_replace_the_reason() -> None:
    world = World(endings=deque([REPORTED]))

    def meanwhile(name: RolloutStep) -> None:
        if name is RolloutStep.WATCH:
            world.fail["describe_endpoint"] = deque([None, error("InternalFailure", "out of order")])

    end = run(world, journal=Journal(waiting=meanwhile), canary_analysis="")
    assert end.outcome is Outcome.NOT_RESTORED
    assert end.reason == (
        "the model is not live: endpoint shoppers-dev is InService after its stack ended UPDATE_ROLLBACK_COMPLETE; "
        "see the events of stack shoppers-dev-endpoint; what the endpoint serves now could not be seen: out of order"
    )


def test_a_reason_too_long_for_the_registry_is_replaced_by_where_to_look() -> None:
    world = World(endings=deque([Ending(serves=OLD, failure="x" * 2000)]))
    assert run(world).outcome is Outcome.ROLLED_BACK
    assert f"reject the rollout failed, see {MINE}" in world.calls


AGAIN = (
    f"; the package stays approved; `slipway rollout approve --package {NEW} --reason TEXT` starts its rollout again"
)
ROOM = f"{AGAIN}, once there is room (`slipway quotas` shows what is missing)"


@pytest.mark.parametrize(
    ("world", "outcome", "reason"),
    [
        (
            World(endings=deque([Ending("UPDATE_ROLLBACK_COMPLETE", package=OLD, serves=OLD, events=NO_ROOM)])),
            Outcome.STOPPED,
            f"stopped: the stack did not take the model: Endpoint: {QUOTA}",
        ),
        (
            World(endings=deque([Ending(serves=OLD, failure=CAPACITY)])),
            Outcome.STOPPED,
            f"stopped: the endpoint did not take the model: {CAPACITY}",
        ),
        (
            World(fail={"describe_model_package": always(THROTTLED)}),
            Outcome.NOT_STARTED,
            "not started: the rollout could not go on: ThrottlingException: slow down",
        ),
        (
            World(fail={"get_parameter": always(error("ThrottlingException", "Rate exceeded"))}),
            Outcome.NOT_STARTED,
            "not started: whether rollouts are paused could not be read: ThrottlingException: Rate exceeded",
        ),
        (
            World(
                job_ends=deque([{"ProcessingJobStatus": "Failed", "FailureReason": f"ResourceLimitExceeded: {QUOTA}"}])
            ),
            Outcome.NOT_STARTED,
            f"not started: the gates could not decide: ResourceLimitExceeded: {QUOTA}",
        ),
    ],
    ids=["quota", "capacity", "throttled", "pause throttled", "quota of the gates"],
)
def test_a_package_stays_approved_where_aws_was_short_of_something(world: World, outcome: Outcome, reason: str) -> None:
    end = run(world)
    assert (end.outcome, end.reason) == (outcome, reason + ROOM)
    assert world.packages[NEW] == "Approved"
    assert (world.actions[-1], world.notices[-1][0]) == (outcome, f"shoppers-dev: rollout {outcome}")
    assert (world.serves, world.named) == (OLD, OLD)


@pytest.mark.parametrize(
    ("call", "outcome", "begins"),
    [
        ("describe_model_package", Outcome.NOT_STARTED, "the rollout could not go on"),
        ("describe_endpoint", Outcome.NOT_STARTED, "the rollout could not go on"),
        ("get_object", Outcome.NOT_STARTED, "the rollout could not go on"),
        ("get_parameter", Outcome.NOT_STARTED, "whether rollouts are paused could not be read"),
        ("create_processing_job", Outcome.NOT_STARTED, "the gates could not be run"),
        ("update_stack", Outcome.STOPPED, "the rollout could not go on"),
    ],
)
def test_a_refused_call_rejects_no_package_and_nothing_goes_live(call: str, outcome: Outcome, begins: str) -> None:
    world = World(fail={call: always(error("AccessDenied", "not authorized"))})
    end = run(world)
    reason = f"{outcome}: {begins}: AccessDenied: not authorized{AGAIN}, once the cause is gone"
    assert (end.outcome, end.reason) == (outcome, reason)
    assert (world.packages[NEW], world.serves, world.named) == ("Approved", OLD, OLD)
    assert (world.actions[-1], world.notices[-1][0]) == (outcome, f"shoppers-dev: rollout {outcome}")


@pytest.mark.parametrize(
    ("world", "reason"),
    [
        (
            World(endings=deque([Ending("UPDATE_ROLLBACK_COMPLETE", OLD, OLD, events=REFUSED)])),
            f"the stack did not take the model: Model: {DENIED}",
        ),
        (World(smoke=NO_SMOKE), "the smoke test could not be run: AccessDenied: no s3:GetObject"),
        (World(functions_fail={"smoke"}), "the smoke test could not be run: its function failed by NoDisk"),
        (
            World(analyses=always(error("Unknown")), endings=deque([Ending(serves=OLD, failure=ALARM, polls=8)])),
            f"roll back: the canary analysis failed at 5 polls in a row, the last time by Unknown; {ALARM}",
        ),
    ],
    ids=["resource", "smoke test refused", "smoke test failed by itself", "analysis"],
)
def test_what_is_no_fault_of_the_candidate_rejects_no_package_and_what_served_serves_again(
    world: World, reason: str
) -> None:
    end = run(world)
    assert (end.outcome, end.reason) == (Outcome.STOPPED, f"stopped: {reason}{AGAIN}, once the cause is gone")
    assert (world.packages[NEW], world.serves, world.named) == ("Approved", OLD, OLD)


def test_an_update_whose_response_is_lost_is_taken_back() -> None:
    world = World(lost={"update_stack"})
    assert run(world).outcome is Outcome.STOPPED
    assert (world.updates, world.serves, world.named) == ([NEW, OLD], OLD, OLD)
    assert world.packages[NEW] == "Approved"


def test_a_watch_that_is_throttled_in_the_update_restores_everything_and_rejects_nothing() -> None:
    world = World()
    world.fail["describe_stacks"] = deque([None, THROTTLED, None])
    assert run(world).outcome is Outcome.STOPPED
    assert (world.packages[NEW], world.serves) == ("Approved", OLD)


@pytest.mark.parametrize(
    ("world", "reason"),
    [
        (
            World(endings=deque([Ending("UPDATE_ROLLBACK_COMPLETE", OLD, OLD, events=(PING, NO_ROOM[-1], *NO_ROOM))])),
            f"the stack did not take the model: Endpoint: {PING['ResourceStatusReason']}",
        ),
        (
            World(
                endings=deque([Ending(serves=OLD, failure=CAPACITY)]),
                analyses=deque([decided(2, WORSE)]),
            ),
            f"{WORSE}; {CAPACITY}",
        ),
        (
            World(endings=deque([REPORTED]), fail={"get_paginator": always(error("AccessDenied", "no events"))}),
            (
                "the model is not live: endpoint shoppers-dev is InService after its stack ended "
                "UPDATE_ROLLBACK_COMPLETE; see the events of stack shoppers-dev-endpoint"
            ),
        ),
        (
            World(endings=deque([Ending("UPDATE_ROLLBACK_COMPLETE", OLD, OLD, reason="cancelled by a user")])),
            "the stack did not take the model: cancelled by a user",
        ),
    ],
    ids=["the fault is this update's", "compared and short", "events unread", "by the stack"],
)
def test_what_is_no_shortage_of_this_rollout_rejects_the_package(world: World, reason: str) -> None:
    end = run(world)
    assert (end.outcome, end.reason) == (Outcome.ROLLED_BACK, reason)
    assert world.packages[NEW] == "Rejected"


def test_a_decision_against_the_new_fleet_is_the_reason_of_its_rollback() -> None:
    analyses = deque([decided(0, "extend: 7 of 50 requests seen", settled=False, changed=False), decided(2, WORSE)])
    world = World(endings=deque([Ending(serves=OLD, failure=ALARM)]), analyses=analyses)
    assert run(world).reason == f"{WORSE}; {ALARM}"


def test_a_decision_is_the_reason_where_sagemaker_gives_none() -> None:
    world = World(endings=deque([Ending(serves=OLD)]), analyses=deque([decided(2, WORSE)]))
    assert run(world).reason == WORSE


def test_the_evidence_of_one_poll_is_handed_to_the_next_and_only_a_changed_decision_is_recorded() -> None:
    analyses = deque([decided(0, "extend", settled=False, changed=False), decided(1, "promote: 60 seen")])
    world = World(analyses=analyses)
    run(world)
    assert [call for call in world.calls if call.startswith("analyse")][:2] == [
        "analyse None",
        "analyse {'explanation': 'extend'}",
    ]
    repeated = World(analyses=deque([decided(1, "better"), decided(1, "better still", changed=False)]))
    run(repeated)
    assert repeated.actions.count("decision") == 1


def test_a_decision_that_came_too_late_for_its_alarm_takes_the_model_back() -> None:
    world = World(analyses=deque([decided(2, WORSE)]))
    assert (run(world).reason, world.serves) == (WORSE, OLD)
    assert "smoke test" not in world.calls


@pytest.mark.parametrize("settled", [True, False])
def test_a_model_without_evidence_stays_only_where_the_analysis_has_settled(settled: bool) -> None:
    world = World(analyses=deque([decided(0, "extend: 7 seen; it proceeds", settled=settled)]))
    end = run(world)
    assert end.outcome is (Outcome.PROMOTED if settled else Outcome.ROLLED_BACK)
    assert end.reason.endswith("extend: 7 seen; it proceeds")


def test_a_new_fleet_that_is_not_compared_any_more_is_rolled_back() -> None:
    broken = error("Unknown", "out of order")
    world = World(analyses=always(broken), endings=deque([Ending(serves=OLD, failure=ALARM, polls=8)]))
    assert run(world).outcome is Outcome.STOPPED
    assert world.actions.count("decision") == 1
    # Published at each later poll, until its alarm has it.
    assert next((datum["Namespace"], datum["Value"]) for datum in world.metrics)[1] == 2.0
    assert len(world.metrics) > 1


def test_a_fleet_that_is_not_there_yet_is_rolled_back_when_it_is() -> None:
    world = World(analyses=always(error("Unknown")), endings=deque([Ending(serves=OLD, failure=ALARM, polls=9)]))
    world.fail["describe_endpoint"] = deque([None, None, NO_ENDPOINT, None])
    end = run(world)
    assert "failed at 6 polls in a row" in end.reason


def test_an_analysis_that_responds_again_is_used() -> None:
    broken = error("Unknown", "out of order")
    analyses = deque([*[broken] * 4, decided(0, "extend", settled=False), *[broken] * 4, decided(1, "promote")])
    world = World(analyses=analyses, endings=deque([Ending(polls=11)]))
    assert run(world).outcome is Outcome.PROMOTED
    assert world.metrics == []


def test_a_rollout_that_proceeds_without_evidence_is_not_rolled_back() -> None:
    world = World(analyses=always(error("Unknown")), endings=deque([Ending(polls=9)]))
    end = run(world, proceeds=True)
    assert (end.outcome, end.reason) == (Outcome.PROMOTED, "no poll of the canary analysis compared the fleets")
    assert world.metrics == []


def test_after_a_restore_the_failed_and_the_superseded_config_are_deleted() -> None:
    world = World(endings=deque([SILENT]))
    run(world)
    assert world.deleted == ["config-2", "model-2", "config-1", "model-1"]
    assert world.live == "config-3"


def test_the_config_in_use_is_not_deleted_where_sagemaker_refused_the_restore_too() -> None:
    world = World(endings=deque([SILENT, Ending(serves=OLD)]))
    assert run(world).outcome is Outcome.ROLLED_BACK
    assert (world.live, world.deleted) == ("config-1", ["config-2", "model-2"])


def test_a_config_that_cannot_be_named_is_left_where_it_is() -> None:
    world = World(endings=deque([SILENT]))
    world.fail["describe_stack_resource"] = always(error("ValidationError", "Resource does not exist"))
    assert run(world).outcome is Outcome.ROLLED_BACK
    assert world.deleted == ["config-1", "model-1"]


def test_a_paused_rollout_waits_until_it_is_resumed_and_reads_again_what_serves() -> None:
    world = World(
        pauses=deque(["go", "paused", "paused", "go"]), packages={OLD: "Approved", NEW: "Approved", LATER: "Approved"}
    )
    world.configs["config-3"] = LATER

    def meanwhile(name: RolloutStep) -> None:
        if name is RolloutStep.PAUSED:
            world.live, world.named = "config-3", LATER

    journal = Journal(waiting=meanwhile)
    assert run(world, journal=journal).outcome is Outcome.PROMOTED
    assert world.audit[0]["detail"]["previous"] == LATER


def test_an_aborted_rollout_is_rejected_and_nothing_is_updated() -> None:
    for pauses in (deque([f"abort {NEW}"]), deque(["paused", f"abort {NEW}"])):
        world = World(pauses=pauses)
        end = run(world)
        assert (end.outcome, end.by) == (Outcome.REJECTED, "operator")
        assert end.reason == "an operator aborted the rollout before it began"
        assert (world.updates, world.packages[NEW], world.actions) == ([], "Rejected", ["refused"])


def test_an_abort_of_another_package_pauses_this_one() -> None:
    assert run(World(pauses=deque([f"abort {LATER}", "go"]))).outcome is Outcome.PROMOTED


def test_a_rollout_that_is_paused_for_three_days_is_rejected_with_the_reason() -> None:
    journal = Journal()
    end = run(World(pauses=deque(["paused"])), journal=journal)
    assert (end.outcome, end.by) == (Outcome.REJECTED, "pause")
    assert 2.9 < journal.seconds / 86_400 < 3.1


def test_an_entry_that_cannot_be_recorded_stops_nothing_and_sends_a_notice() -> None:
    world = World(functions_fail={"audit"})
    assert run(world).outcome is Outcome.PROMOTED
    assert ("shoppers-dev: audit entry missing") in [subject for subject, _ in world.notices]


def test_a_notice_is_sent_as_soon_as_a_rollout_has_begun_and_one_that_fails_stops_nothing() -> None:
    world = World()
    heard: list[bool] = []
    journal = Journal(
        waiting=lambda name: heard.append(bool(world.notices)) if name is RolloutStep.BEGIN_WATCH else None
    )
    run(world, journal=journal)
    assert heard == [True]
    assert world.notices[0] == (
        "shoppers-dev: rollout begun",
        f"Endpoint shoppers-dev begins a rollout of {NEW}, canary; execution {MINE}",
    )
    deaf = World(fail={"publish": always(error("NotFound", "no such topic"))})
    assert run(deaf).outcome is Outcome.PROMOTED


@pytest.mark.parametrize(
    ("message", "by"),
    [("contract: column age is missing", "contract"), ("replay: 4 % of the answers differ", "replay")],
)
def test_what_a_gate_rejects_meets_no_user(message: str, by: str) -> None:
    world = World(job_ends=deque([{"ProcessingJobStatus": "Completed", "ExitMessage": message}]))
    end = run(world)
    assert (end.outcome, end.reason, end.by) == (Outcome.REJECTED, message, by)
    assert (world.updates, world.packages[NEW]) == ([], "Rejected")


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        ({"ProcessingJobStatus": "Stopped"}, "ended Stopped without a decision"),
        ({"ProcessingJobStatus": "Completed", "ExitMessage": "done"}, "ended Completed without a decision"),
        ({"ProcessingJobStatus": "Failed", "FailureReason": "AlgorithmError: exit code 1"}, "AlgorithmError"),
    ],
)
def test_nothing_goes_live_that_no_gate_has_decided_on(job: dict[str, str], reason: str) -> None:
    end = run(World(job_ends=deque([job])))
    assert (end.outcome, end.by) == (Outcome.REJECTED, "gates")
    assert reason in end.reason


def test_a_job_that_sagemaker_could_not_run_is_started_again_up_to_three_times() -> None:
    broken = {"ProcessingJobStatus": "Failed", "FailureReason": "InternalServerError: retry the job"}
    passed = {"ProcessingJobStatus": "Completed", "ExitMessage": "passed: 50 replayed"}
    world = World(job_ends=deque([broken, broken, passed]))
    assert run(world).outcome is Outcome.PROMOTED
    assert len(world.jobs) == 3
    assert run(World(job_ends=deque([broken]))).outcome is Outcome.NOT_STARTED


def test_the_gates_hold_the_candidate_against_the_live_model_and_the_hash_that_was_evaluated() -> None:
    world = World(metadata={"model_sha256": "abc"})
    run(world)
    (request,) = world.jobs.values()
    inputs = {each["InputName"]: each["S3Input"]["S3Uri"] for each in request["ProcessingInputs"]}
    assert inputs == {"candidate": "s3://models/2", "champion": "s3://models/1"}
    assert request["Environment"] == {"SLIPWAY_MODEL_SHA256": "abc"}
    alone = first()
    run(alone)
    (request,) = alone.jobs.values()
    assert [each["InputName"] for each in request["ProcessingInputs"]] == ["candidate"]


@pytest.mark.parametrize(
    "world",
    [
        World,
        first,
        lambda: World(endings=deque([SILENT])),
        lambda: World(endings=deque([REPORTED])),
        lambda: World(smoke=BAD_SMOKE),
        lambda: World(pauses=deque(["paused", "go"])),
        lambda: World(pauses=deque([f"abort {NEW}"])),
        lambda: World(endings=deque([Ending(serves=OLD, failure=CAPACITY)])),
    ],
    ids=["promoted", "first", "silent", "reported", "smoke", "paused", "aborted", "short"],
)
def test_a_rollout_that_is_killed_anywhere_and_resumed_ends_the_same(world: Any) -> None:
    whole = world()
    wanted = run(whole)
    count = 0
    for end, here in killed_everywhere(world):
        count += 1
        assert end == wanted
        assert (here.serves, here.named, here.packages) == (whole.serves, whole.named, whole.packages)
        assert here.updates == whole.updates
        assert here.actions == whole.actions
        assert set(here.deleted) == set(whole.deleted)
    assert count > 5


@pytest.mark.parametrize("ending", [Ending(), SILENT, REPORTED], ids=["serves", "silent", "reported"])
def test_an_update_that_ends_while_its_execution_is_killed_is_neither_repeated_nor_promoted(ending: Ending) -> None:
    whole, world = Journal(), World(endings=deque([ending]))
    run(World(), journal=whole)
    journal = Journal(kill_at=whole.results.index(RolloutStep.UPDATE))
    with pytest.raises(Killed):
        run(world, journal=journal)
    while world.update:
        world.advance()
    world.analyses.append(decided(0, "", settled=False))  # as the analysis answers where no new fleet is left
    assert run(world, journal=journal.resumed()).outcome is Outcome.ROLLED_BACK
    assert world.updates.count(NEW) == 1
    assert (world.serves, world.named) == (OLD, OLD)


def test_rejecting_the_live_package_starts_the_rollback_to_the_newest_approved_one_before() -> None:
    world = World(packages={OLD: "Approved", NEW: "Rejected", LATER: "Approved"}, live="config-2", named=NEW)
    world.configs["config-2"] = NEW
    end = run(world, kind=Kind.REJECTION)
    assert end.outcome is Outcome.ROLLBACK_STARTED
    assert list(world.started.values()) == [{"ModelPackageArn": OLD, "Kind": "rollback"}]
    assert world.updates == []
    assert world.notices[-1][0] == "shoppers-dev: live model rejected"


@pytest.mark.parametrize(
    "world",
    [
        World(packages={OLD: "Approved", NEW: "Rejected"}),
        World(packages={OLD: "Approved", NEW: "Approved"}, live="config-2", configs={"config-1": OLD, "config-2": NEW}),
    ],
    ids=["does not serve", "approved again"],
)
def test_rejecting_what_does_not_serve_or_not_for_long_does_nothing(world: World) -> None:
    assert run(world, kind=Kind.REJECTION).outcome is Outcome.NOTHING_TO_DO
    assert world.started == {}


def test_a_later_version_is_rolled_out_as_every_other_where_none_before_is_approved() -> None:
    world = World(packages={OLD: "Rejected", NEW: "Rejected", LATER: "Approved"}, live="config-2")
    world.configs["config-2"] = NEW
    run(world, kind=Kind.REJECTION)
    assert list(world.started.values()) == [{"ModelPackageArn": LATER, "Kind": "approval"}]


def test_a_rejected_live_package_without_an_earlier_one_sends_a_notice() -> None:
    world = World(packages={OLD: "Rejected", NEW: "Rejected"}, live="config-2")
    world.configs["config-2"] = NEW
    assert run(world, kind=Kind.REJECTION).outcome is Outcome.NO_ROLLBACK
    assert world.notices[-1][0] == "shoppers-dev: live model rejected, look now"


def test_a_package_that_is_rejected_on_its_way_is_looked_at_again_when_it_serves() -> None:
    world = World(packages={OLD: "Approved", NEW: "Rejected"}, endpoint_status="Updating")
    world.configs["config-2"] = NEW

    def meanwhile(name: RolloutStep) -> None:
        if name is RolloutStep.READ_ENDPOINT:
            world.endpoint_status, world.live = "InService", "config-2"

    assert run(world, kind=Kind.REJECTION, journal=Journal(waiting=meanwhile)).outcome is Outcome.ROLLBACK_STARTED


def test_a_rejection_that_could_not_be_followed_does_not_say_that_its_package_stays_approved() -> None:
    world = World(packages={NEW: "Rejected"}, fail={"describe_endpoint": always(THROTTLED)})
    assert run(world, kind=Kind.REJECTION).outcome is Outcome.ROLLED_BACK


def test_a_rollback_is_not_paused() -> None:
    world = World(pauses=deque(["paused"]))
    assert run(world, kind=Kind.ROLLBACK).outcome is Outcome.PROMOTED
