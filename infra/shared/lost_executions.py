"""Notices of executions of state machines that ended without having published why."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.shared.arns import arn

_STATUS, _EXECUTION, _ERROR, _CAUSE = (
    events.EventField.from_path(f"$.detail.{name}") for name in ("status", "executionArn", "error", "cause")
)


def tell_of_lost_executions(
    scope: Construct, what: str, *, topic: sns.ITopic, machines: Sequence[str], told: Sequence[str] = ()
) -> None:
    """Make the rule `Lost`: executions of `machines`, by name, that fail, time out or are aborted.

    `told` are the errors by which they fail after they have published the reason themselves; `what` begins the notice.
    """
    failed: dict[str, Any] = {"status": ["FAILED"]}
    if told:
        failed["error"] = [{"anything-but": list(told)}]
    events.Rule(
        scope,
        "Lost",
        description=f"{what} ended without a notice of its own",
        event_pattern=events.EventPattern(
            source=["aws.states"],
            detail_type=["Step Functions Execution Status Change"],
            detail={
                "stateMachineArn": [arn("states", f"stateMachine:{name}") for name in machines],
                "$or": [{"status": ["ABORTED", "TIMED_OUT"]}, failed],
            },
        ),
        targets=[
            targets.SnsTopic(
                topic,
                message=events.RuleTargetInput.from_text(
                    f"{what} ended {_STATUS}, look now: {_EXECUTION} ({_ERROR}: {_CAUSE})"
                ),
            )
        ],
    )


def own_errors(definition: Mapping[str, Any]) -> list[str]:
    """The errors by which an execution fails on purpose, after people were told."""
    return sorted({state["Error"] for state in definition["States"].values() if state["Type"] == "Fail"})
