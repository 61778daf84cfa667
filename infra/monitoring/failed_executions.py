"""Notifications of state machine executions that failed without publishing why."""

from collections.abc import Sequence

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.shared.arns import arn

_STATUS, _EXECUTION, _ERROR, _CAUSE = (
    events.EventField.from_path(f"$.detail.{name}") for name in ("status", "executionArn", "error", "cause")
)


def notify_of_failed_executions(
    scope: Construct, id_: str, what: str, *, topic: sns.ITopic, machines: Sequence[str]
) -> None:
    """Publish each execution of `machines`, by name, that fails, times out or is aborted; `what` begins the message."""
    events.Rule(
        scope,
        id_,
        description=f"{what} failed",
        event_pattern=events.EventPattern(
            source=["aws.states"],
            detail_type=["Step Functions Execution Status Change"],
            detail={
                "stateMachineArn": [arn("states", f"stateMachine:{name}") for name in machines],
                "status": ["ABORTED", "FAILED", "TIMED_OUT"],
            },
        ),
        targets=[
            targets.SnsTopic(
                topic,
                message=events.RuleTargetInput.from_text(
                    f"{what} ended {_STATUS}, needs attention: {_EXECUTION} ({_ERROR}: {_CAUSE})"
                ),
            )
        ],
    )
