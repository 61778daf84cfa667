"""What an event asks of a rollout."""

from typing import Any

import pytest

from infra.rollout.runtime.orchestrator.run import RolloutRequest, Run
from infra.rollout.runtime.orchestrator.schedule import follow
from slipway.rollout.steps import Kind
from tests.infra.rollout.account import NEW, World
from tests.infra.rollout.journal import Journal, target

DECIDED = {"ModelPackageArn": NEW, "DecidedAt": "2026-11-29T06:00:00Z"}
SIX = 1_795_932_000.0


@pytest.mark.parametrize(
    ("event", "request_"),
    [
        ({**DECIDED, "ModelApprovalStatus": "Approved"}, RolloutRequest(NEW, Kind.APPROVAL, SIX)),
        ({**DECIDED, "ModelApprovalStatus": "Rejected"}, RolloutRequest(NEW, Kind.REJECTION, SIX)),
        ({"ModelPackageArn": NEW}, RolloutRequest(NEW, Kind.APPROVAL)),
        ({"ModelPackageArn": NEW, "Kind": "approval"}, RolloutRequest(NEW, Kind.APPROVAL)),
        ({"ModelPackageArn": NEW, "Kind": "rollback"}, RolloutRequest(NEW, Kind.ROLLBACK)),
    ],
)
def test_a_decision_or_a_start_by_a_call_is_read(event: dict[str, Any], request_: RolloutRequest) -> None:
    assert RolloutRequest.from_event(event) == request_


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({}, "ModelPackageArn must be the ARN of a model package, got None"),
        ({"ModelPackageArn": "shoppers-dev"}, "ModelPackageArn must be the ARN of a model package, got 'shoppers-dev'"),
        (
            {"ModelPackageArn": NEW, "ModelApprovalStatus": "PendingManualApproval"},
            "ModelApprovalStatus must be Approved or Rejected, got 'PendingManualApproval'",
        ),
        ({"ModelPackageArn": NEW, "Kind": "schedule"}, "Kind must be approval or rollback, got 'schedule'"),
        ({"ModelPackageArn": NEW, "DecidedAt": "yesterday"}, "Invalid isoformat string: 'yesterday'"),
    ],
)
def test_a_malformed_event_fails_the_execution_before_it_changes_anything(event: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RolloutRequest.from_event(event)


@pytest.mark.parametrize("action", ["restart", None])
def test_a_schedule_only_stops_and_starts(action: str | None) -> None:
    world, journal = World(), Journal()
    run = Run(target(), RolloutRequest("", Kind.SCHEDULE), journal, world.client, journal.now)
    with pytest.raises(ValueError, match=f"action must be stop or start, got {action}"):
        follow(run, action)
    assert (world.objects, world.updates, journal.names) == ({}, [], [])
