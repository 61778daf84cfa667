"""The deployed query of a batch: start it as its schedule does, and wait until the pipeline has its rows."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from slipway.errors import LaunchError
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.polling import Polling

_POLLING = Polling(longest_wait_seconds=5.0)
_WITHOUT_ROWS = frozenset({"QueryFailed", "NoRows"})
"""Errors of the machine's states; a query that failed may have written a part of its rows."""


@dataclass(frozen=True)
class StartedScoring:
    """What an execution of the state machine has started."""

    pipeline_execution: str
    query_id: str


@dataclass(frozen=True)
class ScheduledQuery:
    """Runs the state machine; the query has the machine's rights.

    Attributes:
        client: gives a boto3 client of a service.
        machine: its ARN.
        polling: how often an execution is asked for.
    """

    client: Callable[[str], Any]
    machine: str
    polling: Polling = _POLLING

    @classmethod
    def of(cls, stage: DeployedStage) -> Self:
        """Of a deployed stage.

        Raises:
            RefusedError: the stack is not deployed, or was before it had a query.
        """
        return cls(stage.client, stage.output("batch", "QueryMachineArn"))

    def run(self, report: Callable[[str], object]) -> StartedScoring:
        """Start an execution and wait for its end; one that is interrupted meanwhile is stopped, its query too.

        Raises:
            LaunchError: the query failed, or has no rows.
        """
        states = self.client("stepfunctions")
        arn: str = states.start_execution(stateMachineArn=self.machine, input="{}")["executionArn"]
        report(f"the query runs in {arn}")
        try:
            return self.started_by(arn)
        except KeyboardInterrupt:
            states.stop_execution(executionArn=arn)
            raise

    def require_rows(self, name: str) -> None:
        """Raise unless an execution's query has written all of its rows; its batch may have failed all the same.

        Raises:
            LaunchError: the query has not ended, or has failed.
        """
        arn = f"{self.machine.replace(':stateMachine:', ':execution:')}:{name}"
        found = self.client("stepfunctions").describe_execution(executionArn=arn)
        is_whole = found["status"] == "SUCCEEDED" or (
            found["status"] == "FAILED" and found.get("error") not in _WITHOUT_ROWS
        )
        if not is_whole:
            reason = found.get("cause") or found.get("error") or "no reason is known"
            raise LaunchError(f"{arn} must have all rows of its query, it is {found['status']}: {reason}")

    def started_by(self, arn: str) -> StartedScoring:
        """Wait for the end of an execution.

        Raises:
            LaunchError: it has started no scoring.
        """
        states = self.client("stepfunctions")

        def ended() -> dict[str, Any] | None:
            found: dict[str, Any] = states.describe_execution(executionArn=arn)
            return None if found["status"] == "RUNNING" else found

        found = self.polling.until(ended, late="")
        if found["status"] != "SUCCEEDED":
            reason = found.get("cause") or found.get("error") or "Step Functions gives no reason"
            raise LaunchError(f"{arn} ended {found['status']}: {reason}")
        output = json.loads(found["output"])
        return StartedScoring(output["PipelineExecutionArn"], output["QueryExecutionId"])
