"""A rollout that ends before it began is told as refused, and by whom."""

import json
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from rehearsal.journey.rollout_conclusion import conclude
from rehearsal.journey.rollout_result import LaunchTarget, RolloutResult
from slipway.errors import LaunchError

EXECUTION = "arn:aws:states:us-east-1:000000000000:execution:rollout:1"
PACKAGE = "arn:aws:sagemaker:us-east-1:000000000000:model-package/shoppers-dev/3"


class Aws:
    """Answers that the calls are given, in order."""

    def __init__(self) -> None:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        self._clients = {name: boto3.client(name, **keys) for name in ("stepfunctions", "sagemaker")}
        self.stubs = {name: Stubber(client) for name, client in self._clients.items()}
        for stub in self.stubs.values():
            stub.activate()

    def client(self, service: str) -> Any:
        return self._clients[service]


@pytest.fixture
def concluded(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)

    def run(*, error: str, failure: dict[str, str], status: str = "Rejected") -> RolloutResult:
        aws = Aws()
        started = {"executionArn": EXECUTION, "stateMachineArn": "arn:aws:states:us-east-1:0:stateMachine:rollout"}
        times = {"startDate": 0, "stopDate": 1}
        states, registry = aws.stubs["stepfunctions"], aws.stubs["sagemaker"]
        states.add_response(
            "describe_execution", started | times | {"status": "FAILED", "error": error, "cause": "why"}
        )
        registry.add_response(
            "describe_model_package",
            {
                "ModelPackageName": "shoppers-dev",
                "ModelPackageArn": PACKAGE,
                "CreationTime": 0,
                "ModelPackageStatus": "Completed",
                "ModelPackageStatusDetails": {"ValidationStatuses": []},
                "ModelApprovalStatus": status,
                "ApprovalDescription": "why",
            },
        )
        entered = {"name": "Refused", "input": json.dumps({"failure": failure})}
        other = {"timestamp": 0, "type": "ExecutionFailed", "id": 9}
        task = {"timestamp": 0, "type": "TaskStateEntered", "id": 7, "stateEnteredEventDetails": {"name": "Smoke test"}}
        event = {"timestamp": 0, "type": "FailStateEntered", "id": 8, "stateEnteredEventDetails": entered}
        states.add_response("get_execution_history", {"events": [other, event, task]})
        rollout = RolloutResult(PACKAGE, "schema", "canary")
        conclude(LaunchTarget(aws, "shoppers-dev", "arn:machine", None), EXECUTION, rollout)  # type: ignore[arg-type]
        return rollout

    return run


@pytest.mark.parametrize("by", ["contract", "replay", "operator"])
def test_a_refusal_names_the_gate(by: str, concluded: Any) -> None:
    rollout = concluded(error="Refused", failure={"reason": "why", "by": by})
    assert (rollout.outcome, rollout.by, rollout.reason) == ("refused", by, "why")


def test_a_rollback_is_no_refusal(concluded: Any) -> None:
    rollout = concluded(error="RolledBack", failure={"reason": "why"})
    assert (rollout.outcome, rollout.by) == ("rolled_back", None)


def test_a_rollout_that_broke_off_names_the_state_and_the_cause(concluded: Any) -> None:
    with pytest.raises(LaunchError, match="ended FAILED in its state Smoke test, without an outcome: why"):
        concluded(error="Lambda.Unknown", failure={}, status="Approved")
