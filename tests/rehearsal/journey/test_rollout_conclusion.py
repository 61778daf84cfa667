"""A rollout that ends before it began is reported as refused, and by whom."""

import json
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from rehearsal.journey.rollout_conclusion import conclude
from rehearsal.journey.rollout_result import LaunchTarget, RolloutResult
from slipway.errors import LaunchError

EXECUTION = "arn:aws:lambda:us-east-1:000000000000:function:rollout:1/durable-execution/a/b"
PACKAGE = "arn:aws:sagemaker:us-east-1:000000000000:model-package/shoppers-dev/3"


class Aws:
    """Answers that the calls are given, in order."""

    def __init__(self) -> None:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        self._clients = {name: boto3.client(name, **keys) for name in ("lambda", "sagemaker")}
        self.stubs = {name: Stubber(client) for name, client in self._clients.items()}
        for stub in self.stubs.values():
            stub.activate()

    def client(self, service: str) -> Any:
        return self._clients[service]


@pytest.fixture
def concluded(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)

    def run(*, outcome: str = "", by: str = "", status: str = "Rejected") -> RolloutResult:
        aws = Aws()
        functions, registry = aws.stubs["lambda"], aws.stubs["sagemaker"]
        ended = {"outcome": outcome, "reason": "why", "by": by}
        how: dict[str, Any] = {"Status": "SUCCEEDED", "Result": json.dumps(ended)}
        if not outcome:
            how = {"Status": "FAILED", "Error": {"ErrorType": "KeyError", "ErrorMessage": "why"}}
        names = {"DurableExecutionArn": EXECUTION, "DurableExecutionName": "a", "FunctionArn": "arn:function"}
        functions.add_response("get_durable_execution", {**names, "StartTimestamp": 0, **how})
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
        events = [{"EventType": "ExecutionFailed"}, {"EventType": "StepStarted", "Name": "smoke test"}]
        functions.add_response("get_durable_execution_history", {"Events": events})
        rollout = RolloutResult(PACKAGE, "schema", "canary")
        conclude(LaunchTarget(aws, "shoppers-dev", "rollout", None), EXECUTION, rollout)  # type: ignore[arg-type]
        return rollout

    return run


@pytest.mark.parametrize("by", ["contract", "replay", "operator"])
def test_a_rejection_names_the_gate(by: str, concluded: Any) -> None:
    rollout = concluded(outcome="rejected", by=by)
    assert (rollout.outcome, rollout.by, rollout.reason) == ("refused", by, "why")


@pytest.mark.parametrize("outcome", ["rolled back", "not restored"])
def test_a_rollback_is_no_rejection(outcome: str, concluded: Any) -> None:
    rollout = concluded(outcome=outcome)
    assert (rollout.outcome, rollout.by) == ("rolled_back", None)


def test_a_rollout_that_broke_off_names_the_step_and_the_cause(concluded: Any) -> None:
    with pytest.raises(LaunchError, match=r"ended FAILED in its step smoke test: .*why"):
        concluded(status="Approved")


def test_an_outcome_that_the_registry_contradicts_is_none(concluded: Any) -> None:
    with pytest.raises(LaunchError, match="ended promoted"):
        concluded(outcome="promoted", status="Rejected")
