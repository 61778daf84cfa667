"""The state machine run for real, by ministack's Step Functions; only the answers of the services are given.

The answers come in Step Functions Local's mock format: for each state one answer a visit, the last one for ever.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.constructs.rollout.definition import RolloutTarget, rollout_definition

OLD = "arn:aws:sagemaker:us-east-1:000000000000:model-package/shoppers-dev/1"
NEW = "arn:aws:sagemaker:us-east-1:000000000000:model-package/shoppers-dev/2"
ROLE = "arn:aws:iam::000000000000:role/rollout"

Answer = dict[str, Any]


def returns(value: Any) -> Answer:
    return {"Return": value}


def throws(error: str, cause: str) -> Answer:
    return {"Throw": {"Error": error, "Cause": cause}}


def stack(status: str, package: str) -> Answer:
    parameters = [{"ParameterKey": "ModelPackageArn", "ParameterValue": package}]
    return returns({"Stacks": [{"StackStatus": status, "Parameters": parameters}]})


def endpoint(status: str = "InService", config: str = "config-1", **more: str) -> Answer:
    return returns({"EndpointStatus": status, "EndpointConfigName": config, **more})


def model(package: str) -> Answer:
    return returns({"Containers": [{"ModelPackageName": package}]})


NO_ENDPOINT = throws("SageMaker.SageMakerException", 'Could not find endpoint "shoppers-dev".')
REFUSED = "CloudFormation.CloudFormationException"
PACKAGE = returns(
    {"ModelApprovalStatus": "Approved", "InferenceSpecification": {"Containers": [{"ModelDataUrl": "s3://a/b"}]}}
)
USUAL: dict[str, list[Answer]] = {
    "ReadPackage": [PACKAGE],
    "ReadStack": [stack("UPDATE_COMPLETE", OLD)],
    "ReadEndpoint": [endpoint(config="config-1"), endpoint(config="config-2")],
    "ReadConfig": [
        returns({"ProductionVariants": [{"ModelName": "model-1"}]}),
        returns({"ProductionVariants": [{"ModelName": "model-2"}]}),
    ],
    "ReadModel": [model(OLD), model(NEW)],
    "UpdateStack": [returns({"StackId": "stack"})],
    "ReadUpdate": [stack("UPDATE_IN_PROGRESS", NEW), stack("UPDATE_COMPLETE", NEW)],
    "SmokeTest": [returns({"Payload": {"passed": True, "reason": "the endpoint answered 0.25"}})],
    "DeletePreviousConfig": [returns({})],
    "DeletePreviousModel": [returns({})],
    "TellPromoted": [returns({})],
    "RejectPackage": [returns({})],
    "RejectBriefly": [returns({})],
    "ReadStackToPutBack": [stack("UPDATE_COMPLETE", NEW)],
    "PutBack": [returns({"StackId": "stack"})],
    "ReadPutBack": [stack("UPDATE_IN_PROGRESS", OLD), stack("UPDATE_COMPLETE", OLD)],
    "TellRolledBack": [returns({})],
    "TellNotRestored": [returns({})],
}
"""A second model that is promoted."""

SCENARIOS: dict[str, dict[str, list[Answer]]] = {
    "promoted": {},
    "first": {
        "ReadStack": [stack("CREATE_COMPLETE", "")],
        "ReadEndpoint": [NO_ENDPOINT, endpoint()],
        "ReadModel": [model(NEW)],
    },
    "primary_container": {"ReadModel": [returns({"PrimaryContainer": {"ModelPackageName": p}}) for p in (OLD, NEW)]},
    "withdrawn": {"ReadPackage": [returns({"ModelApprovalStatus": "Rejected"})]},
    "already_live": {"ReadModel": [model(NEW)]},
    "busy": {"ReadStack": [stack("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", OLD), stack("UPDATE_COMPLETE", OLD)]},
    "busy_between": {
        "UpdateStack": [
            throws(REFUSED, "Stack:arn:x is in UPDATE_IN_PROGRESS state and can not be updated."),
            returns({"StackId": "stack"}),
        ],
        "ReadConfig": [
            returns({"ProductionVariants": [{"ModelName": name}]}) for name in ("model-1", "model-1", "model-2")
        ],
        "ReadModel": [model(OLD), model(OLD), model(NEW)],
    },
    "nothing_to_update": {
        "UpdateStack": [throws(REFUSED, "No updates are to be performed. (Service: CloudFormation)")]
    },
    "silent_rollback": {
        "ReadEndpoint": [
            endpoint(),
            endpoint("Updating"),
            endpoint(FailureReason="alarm config-2-ServerErrors is in ALARM"),
        ],
        "ReadModel": [model(OLD)],
    },
    "reported_rollback": {
        "ReadUpdate": [stack("UPDATE_ROLLBACK_IN_PROGRESS", OLD), stack("UPDATE_ROLLBACK_COMPLETE", OLD)],
        "ReadEndpoint": [endpoint()],
        "ReadModel": [model(OLD)],
        "ReadStackToPutBack": [stack("UPDATE_ROLLBACK_COMPLETE", OLD)],
    },
    "first_fails": {
        "ReadStack": [stack("CREATE_COMPLETE", "")],
        "ReadEndpoint": [NO_ENDPOINT, endpoint("Failed", FailureReason="no ping"), NO_ENDPOINT],
    },
    "nothing_serves": {
        "ReadEndpoint": [endpoint("Failed"), endpoint("Failed", FailureReason="no ping"), endpoint("Failed")],
    },
    "smoke_test_fails": {
        "ReadModel": [model(OLD), model(NEW), model(OLD)],
        "SmokeTest": [returns({"Payload": {"passed": False, "reason": "received 500 from primary"}})],
    },
    "not_restored": {
        "ReadModel": [model(OLD), model(NEW), model(NEW)],
        "SmokeTest": [returns({"Payload": {"passed": False, "reason": "received 500 from primary"}})],
    },
    "put_back_refused": {
        "ReadModel": [model(OLD)],
        "PutBack": [throws(REFUSED, "Stack:arn:x is in UPDATE_ROLLBACK_FAILED state and can not be updated.")],
    },
    "overtaken": {"ReadModel": [model(OLD)], "ReadStackToPutBack": [stack("UPDATE_COMPLETE", OLD + "7")]},
    "long_reason": {
        "ReadModel": [model(OLD)],
        "RejectPackage": [throws("SageMaker.SageMakerException", "length less than or equal to 1024")],
    },
    "not_allowed": {"UpdateStack": [throws("CloudFormation.CloudFormationException", "not authorized")]},
    "slow": {"ReadUpdate": [*[stack("UPDATE_IN_PROGRESS", NEW)] * 1000, stack("UPDATE_COMPLETE", NEW)]},
    "younger": {},
}


def mock_config() -> dict[str, Any]:
    machines: dict[str, Any] = {}
    responses: dict[str, Any] = {}
    for scenario, changes in SCENARIOS.items():
        case = {}
        for state, answers in {**USUAL, **changes}.items():
            name = f"{scenario}-{state}"
            case[state] = name
            responses[name] = {str(attempt): answer for attempt, answer in enumerate(answers[:-1])}
            responses[name][f"{len(answers) - 1}-9999"] = answers[-1]
        machines[scenario] = case
    return {"StateMachines": {"rollout": {"TestCases": machines}}, "MockedResponses": responses}


@dataclass
class Engine:
    """Step Functions with one state machine."""

    client: Any
    machine_arn: str

    def start(self, scenario: str) -> str:
        arn: str = self.client.start_execution(
            stateMachineArn=f"{self.machine_arn}#{scenario}", name=scenario, input=json.dumps({"ModelPackageArn": NEW})
        )["executionArn"]
        return arn

    def result(self, execution_arn: str) -> "Result":
        deadline = time.monotonic() + 30
        while (told := self.client.describe_execution(executionArn=execution_arn))["status"] == "RUNNING":
            assert time.monotonic() < deadline, f"{execution_arn} has not ended"
            time.sleep(0.02)
        pages = self.client.get_paginator("get_execution_history").paginate(executionArn=execution_arn)
        entered = [
            (event["timestamp"], event["stateEnteredEventDetails"])
            for page in pages
            for event in page["events"]
            if "stateEnteredEventDetails" in event
        ]
        return Result(
            status=told["status"],
            error=told.get("error"),
            cause=told.get("cause"),
            ended=told["stopDate"],
            entered=[(at, details["name"]) for at, details in entered],
            data=json.loads(entered[-1][1]["input"]),
        )


@dataclass(frozen=True)
class Result:
    status: str
    error: str | None
    cause: str | None
    ended: datetime
    entered: list[tuple[datetime, str]] = field(repr=False)
    data: dict[str, Any] = field(repr=False)

    @property
    def states(self) -> list[str]:
        return [name for _, name in self.entered]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("ministack")
    mocks = folder / "mocks.json"
    mocks.write_text(json.dumps(mock_config()))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SFN_MOCK_CONFIG": str(mocks),
        "SFN_WAIT_SCALE": "0",
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"], cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url, process, folder / "log")
        yield _engine(url)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_ministack/health", timeout=1):  # noqa: S310 — loopback
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"ministack did not start: {log.read_text()[-2000:]}")


def _engine(url: str) -> Engine:
    client = boto3.client(
        "stepfunctions",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    target = RolloutTarget(
        endpoint="shoppers-dev",
        stack="shoppers-dev-endpoint",
        state_machine_arn="arn:aws:states:us-east-1:000000000000:stateMachine:rollout",
        smoke_test_arn="arn:aws:lambda:us-east-1:000000000000:function:smoke",
        topic_arn="arn:aws:sns:us-east-1:000000000000:verdicts",
    )
    made = client.create_state_machine(name="rollout", definition=json.dumps(rollout_definition(target)), roleArn=ROLE)
    return Engine(client, made["stateMachineArn"])


def run(engine: Engine, scenario: str) -> Result:
    return engine.result(engine.start(scenario))


def test_a_better_model_is_promoted_and_what_it_replaced_is_deleted(engine: Engine) -> None:
    result = run(engine, "promoted")
    assert result.status == "SUCCEEDED"
    assert result.data["previous"] == {"model_package": OLD, "config": "config-1", "model": "model-1"}
    assert result.states[-5:] == [
        "HadPrevious",
        "DeletePreviousConfig",
        "DeletePreviousModel",
        "TellPromoted",
        "Promoted",
    ]
    assert "RejectPackage" not in result.states


def test_the_first_model_is_promoted_and_nothing_is_deleted(engine: Engine) -> None:
    result = run(engine, "first")
    assert result.status == "SUCCEEDED"
    assert result.data["previous"]["model_package"] == ""
    assert "DeletePreviousConfig" not in result.states
    assert "SmokeTest" in result.states


def test_a_model_with_a_primary_container_is_recognised(engine: Engine) -> None:
    assert run(engine, "primary_container").states[-1] == "Promoted"


def test_a_withdrawn_approval_changes_nothing(engine: Engine) -> None:
    result = run(engine, "withdrawn")
    assert (result.status, result.states[-1]) == ("SUCCEEDED", "NothingToDo")
    assert "UpdateStack" not in result.states


def test_a_duplicate_of_a_finished_rollout_changes_nothing(engine: Engine) -> None:
    result = run(engine, "already_live")
    assert (result.status, result.states[-1]) == ("SUCCEEDED", "NothingToDo")
    assert "UpdateStack" not in result.states


def test_a_busy_stack_is_waited_for(engine: Engine) -> None:
    result = run(engine, "busy")
    assert result.states.count("ReadStack") == 2
    assert result.states[-1] == "Promoted"


def test_a_stack_that_becomes_busy_in_between_is_waited_for(engine: Engine) -> None:
    result = run(engine, "busy_between")
    assert result.states.count("UpdateStack") == 2
    assert result.states[-1] == "Promoted"


def test_a_stack_that_needs_no_update_is_still_verified(engine: Engine) -> None:
    result = run(engine, "nothing_to_update")
    assert "SmokeTest" in result.states
    assert result.states[-1] == "Promoted"


def test_a_rollback_that_cloudformation_reports_as_success_is_seen_and_put_back(engine: Engine) -> None:
    result = run(engine, "silent_rollback")
    assert (result.status, result.error) == ("FAILED", "RolledBack")
    assert result.cause == "the endpoint did not take the model: alarm config-2-ServerErrors is in ALARM"
    assert result.data["previous"]["model_package"] == OLD
    assert result.states.index("RejectPackage") < result.states.index("PutBack")
    assert "SmokeTest" not in result.states


def test_a_rollback_that_cloudformation_reports_as_failure_needs_no_putting_back(engine: Engine) -> None:
    result = run(engine, "reported_rollback")
    assert (result.status, result.error) == ("FAILED", "RolledBack")
    assert result.cause == (
        "the model is not live: endpoint shoppers-dev is InService after its stack ended UPDATE_ROLLBACK_COMPLETE; "
        "see the events of stack shoppers-dev-endpoint"
    )
    assert "RejectPackage" in result.states
    assert "PutBack" not in result.states


def test_a_first_model_that_fails_leaves_no_endpoint(engine: Engine) -> None:
    result = run(engine, "first_fails")
    assert (result.status, result.error) == ("FAILED", "RolledBack")
    assert result.cause == "the endpoint did not take the model: no ping"
    assert "PutBack" in result.states
    assert result.data["previous"]["model_package"] == ""


def test_an_endpoint_that_did_not_serve_before_is_not_deleted_but_told(engine: Engine) -> None:
    result = run(engine, "nothing_serves")
    assert result.error == "NotRestored"
    assert result.data["previous"]["model_package"] == OLD


def test_a_failed_smoke_test_brings_the_previous_model_back(engine: Engine) -> None:
    result = run(engine, "smoke_test_fails")
    assert result.error == "RolledBack"
    assert result.cause == "the smoke test failed: received 500 from primary"
    assert "DeletePreviousModel" not in result.states
    assert result.data["live"]["model_package"] == OLD


@pytest.mark.parametrize("scenario", ["not_restored", "put_back_refused"])
def test_an_endpoint_that_cannot_be_put_back_is_a_failure_of_its_own(engine: Engine, scenario: str) -> None:
    result = run(engine, scenario)
    assert (result.status, result.error) == ("FAILED", "NotRestored")
    assert result.states[-2] == "TellNotRestored"


def test_a_later_decision_is_not_put_back(engine: Engine) -> None:
    result = run(engine, "overtaken")
    assert result.error == "RolledBack"
    assert "PutBack" not in result.states


def test_a_reason_too_long_for_the_registry_is_replaced_by_where_to_look(engine: Engine) -> None:
    result = run(engine, "long_reason")
    assert result.states[result.states.index("RejectPackage") + 1] == "RejectBriefly"
    assert result.error == "RolledBack"


def test_an_error_on_the_way_rejects_the_package_and_puts_everything_back(engine: Engine) -> None:
    result = run(engine, "not_allowed")
    assert result.cause == "the rollout could not go on: not authorized"
    assert "RejectPackage" in result.states


def test_a_younger_rollout_waits_until_the_older_one_has_ended(engine: Engine) -> None:
    older, younger = engine.start("slow"), engine.start("younger")
    waited = engine.result(younger)
    assert "WaitForTurn" in waited.states
    assert waited.states[-1] == "Promoted"
    began = next(at for at, name in waited.entered if name == "ReadPackage")
    assert engine.result(older).ended <= began
