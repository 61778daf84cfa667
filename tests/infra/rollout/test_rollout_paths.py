"""The state machine run for real, by ministack's Step Functions; only the answers of the services are given.

The answers come in Step Functions Local's mock format: for each state one answer a visit, the last one for ever.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from infra.rollout.definition import RolloutTarget, rollout_definition
from tests.infra.mocked_states import Account, mocked_states

OLD = "arn:aws:sagemaker:us-east-1:000000000000:model-package/shoppers-dev/1"
LATER = "arn:aws:sagemaker:us-east-1:000000000000:model-package/shoppers-dev/3"
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


def judged(verdict: int, sentence: str, *, settled: bool = False, changed: bool = False) -> Answer:
    told = {"decision": verdict, "explanation": sentence, "settled": settled, "changed": changed}
    return returns({"Payload": {**told, "endpoint_config": "config-2", "checkpoint": {"looks": sentence}}})


def event(status: str, *, at: int, of: str = "", reason: str = "") -> dict[str, str]:
    """Of the stack itself, or of one of its resources."""
    kind = "AWS::SageMaker::Endpoint" if of else "AWS::CloudFormation::Stack"
    told = {"ResourceType": kind, "LogicalResourceId": of or "shoppers-dev-endpoint", "ResourceStatus": status}
    return {**told, "ResourceStatusReason": reason, "Timestamp": f"2026-11-29T10:00:{at:02}.000Z"}


def events(*newest_first: dict[str, str]) -> Answer:
    return returns({"StackEvents": list(newest_first)})


def held(value: str) -> Answer:
    return returns({"Parameter": {"Value": value}})


UNDER_WAY = returns(
    {
        "EndpointStatus": "Updating",
        "EndpointConfigName": "config-1",
        "PendingDeploymentSummary": {"EndpointConfigName": "config-2"},
    }
)
NO_ENDPOINT = throws("SageMaker.SageMakerException", 'Could not find endpoint "shoppers-dev".')
REFUSED = "CloudFormation.CloudFormationException"


def execution(package: str) -> Answer:
    return returns({"ExecutionArn": "arn:older", "Input": json.dumps({"ModelPackageArn": package})})


def package(arn: str, version: int) -> dict[str, Any]:
    return {"ModelPackageArn": arn, "ModelPackageVersion": version}


OTHERS = returns({"Executions": [{"ExecutionArn": "arn:younger"}, {"ExecutionArn": "arn:older"}]})


def listed(*names: str) -> Answer:
    return returns({"Executions": [{"ExecutionArn": f"{EXECUTIONS}{name}"} for name in names]})


def stands_at(state: str) -> Answer:
    return returns({"Events": [{"Type": "WaitStateEntered", "StateEnteredEventDetails": {"Name": state}}]})


EXECUTIONS = "arn:aws:states:us-east-1:000000000000:execution:rollout:"
OFFICES = "arn:aws:states:us-east-1:000000000000:execution:back-office-dev-rollout:older"
MANY = returns({**listed("younger", "too_many_run")["Return"], "NextToken": "more"})
NOBODY = throws("Sfn.SfnException", "nothing is listed any more")
PACKAGE = returns(
    {"ModelApprovalStatus": "Approved", "InferenceSpecification": {"Containers": [{"ModelDataUrl": "s3://a/b"}]}}
)
RECORDS = ("Begun", "Verdict", "Promoted", "Refused", "RolledBack", "NotRestored", "NotStarted", "Stopped")
USUAL: dict[str, list[Answer]] = {
    **{f"Record{action}": [returns({"Payload": {"sequence": 1}})] for action in RECORDS},
    **{f"TellRecord{action}Failed": [returns({})] for action in RECORDS},
    "AskHold": [throws("Ssm.ParameterNotFoundException", "Parameter not found.")],
    "Judge": [judged(0, "extend: 7 of 50 requests seen"), judged(1, "promote: 60 seen", settled=True, changed=True)],
    "ReadFleets": [UNDER_WAY],
    "SendBack": [returns({})],
    "ReadRejected": [returns({"ModelApprovalStatus": "Rejected", "ModelPackageVersion": 2})],
    "ListApproved": [returns({"ModelPackageSummaryList": [package(LATER, 3), package(OLD, 1)]})],
    "StartNext": [returns({"ExecutionArn": "arn:execution"})],
    "TellWithdrawn": [returns({})],
    "TellNotWithdrawn": [returns({})],
    "TellRefused": [returns({})],
    "RejectRefused": [returns({})],
    "RejectRefusedBriefly": [returns({})],
    "ReadCandidate": [
        returns({"StackResourceDetail": {"PhysicalResourceId": "arn:aws:sagemaker:x:y:endpoint-config/config-2"}})
    ],
    "ReadCandidateConfig": [
        returns({"EndpointConfigName": "config-2", "ProductionVariants": [{"ModelName": "model-2"}]})
    ],
    "DeleteCandidateConfig": [returns({})],
    "DeleteCandidateModel": [returns({})],
    "DeleteSupersededConfig": [returns({})],
    "DeleteSupersededModel": [returns({})],
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
    "TellBegun": [returns({})],
    "TellPromoted": [returns({})],
    "RejectPackage": [returns({})],
    "RejectBriefly": [returns({})],
    "ReadStackToPutBack": [stack("UPDATE_COMPLETE", NEW)],
    "PutBack": [returns({"StackId": "stack"})],
    "ReadPutBack": [stack("UPDATE_IN_PROGRESS", OLD), stack("UPDATE_COMPLETE", OLD)],
    "TellRolledBack": [returns({})],
    "TellNotStarted": [returns({})],
    "TellStopped": [returns({})],
    "ReadStackEvents": [returns({"StackEvents": [event("UPDATE_IN_PROGRESS", at=1)]})],
    "TellNotRestored": [returns({})],
}
"""A second model that is promoted."""

QUOTA = (
    "The account-level service limit 'ml.m5.large for endpoint usage' is 1 Instances, with current utilization of 1 "
    "Instances and a request delta of 1 Instances. Please use AWS Service Quotas to request an increase for this quota."
)
CAPACITY = "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error."
NO_ROOM = [
    event("UPDATE_ROLLBACK_COMPLETE", at=5),
    event("UPDATE_FAILED", at=4, of="Alarm", reason="Resource update cancelled"),
    event("UPDATE_FAILED", at=3, of="Endpoint", reason=QUOTA),
    event("UPDATE_IN_PROGRESS", at=2),
]
"""What a stack tells whose endpoint could not be given a second fleet, newest first."""
PING = event("UPDATE_FAILED", at=1, of="Endpoint", reason="The container did not pass the ping health check")
WENT_BACK: dict[str, list[Answer]] = {
    "ReadUpdate": [stack("UPDATE_ROLLBACK_IN_PROGRESS", OLD), stack("UPDATE_ROLLBACK_COMPLETE", OLD)],
    "ReadEndpoint": [endpoint()],
    "ReadModel": [model(OLD)],
    "ReadStackToPutBack": [stack("UPDATE_ROLLBACK_COMPLETE", OLD)],
}
WORSE = "roll back: errors: 40 of 1,000 (4.00 %) on the new fleet, 16 of 3,000 (0.53 %) on the old one"

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
    "reported_rollback": WENT_BACK,
    "no_quota": {**WENT_BACK, "ReadStackEvents": [events(*NO_ROOM, PING)]},
    "no_quota_before": {
        **WENT_BACK,
        "ReadStackEvents": [
            events({**PING, "Timestamp": "2026-11-29T11:00:01.000Z"}, event("UPDATE_IN_PROGRESS", at=59), *NO_ROOM)
        ],
    },
    "events_unread": {**WENT_BACK, "ReadStackEvents": [throws("States.DataLimitExceeded", "too long")]},
    "no_capacity": {
        "ReadEndpoint": [endpoint(), endpoint(FailureReason=CAPACITY), endpoint(config="config-3", FailureReason="")],
        "ReadModel": [model(OLD)],
    },
    "throttled": {"ReadPackage": [throws("SageMaker.ThrottlingException", "slow down")]},
    "list_throttled": {"ListRollouts": [throws("Sfn.SfnException", "Rate exceeded")]},
    "rejected_and_throttled": {
        "ReadModel": [model(OLD)],
        "ListRollouts": [throws("Sfn.SfnException", "Rate exceeded")],
    },
    "hold_unread": {"AskHold": [throws("Ssm.SsmException", "Rate exceeded")]},
    "hold_forbidden": {"AskHold": [throws("Ssm.SsmException", "not authorized")]},
    "judged_bad_and_short": {
        "Judge": [judged(2, WORSE, settled=True, changed=True)],
        "ReadEndpoint": [endpoint(), endpoint(FailureReason=CAPACITY), endpoint(config="config-3")],
        "ReadModel": [model(OLD)],
    },
    "first_fails": {
        "ReadStack": [stack("CREATE_COMPLETE", "")],
        "ReadEndpoint": [NO_ENDPOINT, endpoint("Failed", FailureReason="no ping"), NO_ENDPOINT],
        "ReadPutBack": [stack("UPDATE_COMPLETE", "")],
    },
    "nothing_serves": {
        "ReadEndpoint": [endpoint("Failed"), endpoint("Failed", FailureReason="no ping"), endpoint("Failed")],
    },
    "smoke_test_fails": {
        "ReadEndpoint": [endpoint(config=f"config-{number}") for number in (1, 2, 3)],
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
    "overtaken": {
        "ReadModel": [model(OLD), model(OLD), model(LATER)],
        "ReadStackToPutBack": [stack("UPDATE_COMPLETE", LATER)],
    },
    "overtaken_in_vain": {"ReadModel": [model(OLD)], "ReadStackToPutBack": [stack("UPDATE_COMPLETE", LATER)]},
    "rolled_back_to_nothing": {
        "ReadUpdate": [stack("UPDATE_ROLLBACK_COMPLETE", OLD)],
        "ReadEndpoint": [endpoint(), endpoint("Failed", FailureReason="no ping")],
        "ReadModel": [model(OLD)],
        "ReadStackToPutBack": [stack("UPDATE_ROLLBACK_COMPLETE", OLD)],
    },
    "rollback_failed": {
        "ReadUpdate": [stack("UPDATE_ROLLBACK_FAILED", OLD)],
        "ReadEndpoint": [endpoint()],
        "ReadModel": [model(OLD)],
        "ReadStackToPutBack": [stack("UPDATE_ROLLBACK_FAILED", OLD)],
    },
    "unseen": {
        "ReadEndpoint": [endpoint(), endpoint(), *[throws("SageMaker.SageMakerException", "out of order")] * 9],
        "ReadModel": [model(OLD)],
    },
    "judge_lost": {
        "Judge": [throws("Lambda.Unknown", "out of order")],
        "ReadUpdate": [*[stack("UPDATE_IN_PROGRESS", NEW)] * 8, stack("UPDATE_COMPLETE", NEW)],
        "ReadFleets": [endpoint("Updating"), UNDER_WAY, UNDER_WAY, endpoint()],
        "ReadEndpoint": [
            endpoint(),
            endpoint(FailureReason="alarm config-2-CanaryDecision is in ALARM"),
            endpoint(config="config-3"),
        ],
        "ReadModel": [model(OLD)],
    },
    "judge_recovers": {
        "Judge": [
            *[throws("Lambda.Unknown", "out of order")] * 4,
            judged(0, "extend: 7 of 50 requests seen"),
            *[throws("Lambda.Unknown", "out of order")] * 4,
            judged(1, "promote: 60 seen", settled=True, changed=True),
        ],
        "ReadUpdate": [*[stack("UPDATE_IN_PROGRESS", NEW)] * 9, stack("UPDATE_COMPLETE", NEW)],
    },
    "long_reason": {
        "ReadModel": [model(OLD)],
        "RejectPackage": [throws("SageMaker.SageMakerException", "length less than or equal to 1024")],
    },
    "not_allowed": {"UpdateStack": [throws("CloudFormation.CloudFormationException", "not authorized")]},
    "slow": {"ReadUpdate": [*[stack("UPDATE_IN_PROGRESS", NEW)] * 300, stack("UPDATE_COMPLETE", NEW)]},
    "younger": {},
    "overdue": {"ListRollouts": [OTHERS], "WhoseTurn": [execution(OLD)]},
    "overdue_twin": {"ListRollouts": [*[OTHERS] * 200, NOBODY], "WhoseTurn": [execution(NEW)]},
    "rejected_overdue": {"ListRollouts": [*[OTHERS] * 200, NOBODY]},
    "judged_bad": {
        "Judge": [judged(0, "extend: 7 of 50 requests seen"), judged(2, WORSE, settled=True, changed=True)],
        "ReadEndpoint": [
            endpoint(),
            endpoint(FailureReason="alarm config-2-CanaryDecision is in ALARM"),
            endpoint(config="config-3"),
        ],
        "ReadModel": [model(OLD)],
    },
    "judged_bad_without_a_word": {
        "Judge": [judged(2, WORSE, settled=True, changed=True)],
        "ReadEndpoint": [endpoint(), endpoint(), endpoint(config="config-3")],
        "ReadModel": [model(OLD)],
    },
    "judged_too_late": {
        "Judge": [judged(0, "extend: 7 of 50 requests seen"), judged(2, WORSE, settled=True, changed=True)],
        "ReadEndpoint": [endpoint(config=f"config-{number}") for number in (1, 2, 3)],
        "ReadModel": [model(OLD), model(NEW), model(OLD)],
    },
    "judge_fails": {
        "Judge": [throws("Lambda.Unknown", "out of order")],
        "ReadEndpoint": [endpoint(config=f"config-{number}") for number in (1, 2, 3)],
        "ReadModel": [model(OLD), model(NEW), model(OLD)],
    },
    "goes_on": {"Judge": [judged(0, "extend: 7 seen; it goes on", settled=True)]},
    "put_back_refused_by_sagemaker": {"ReadEndpoint": [endpoint()], "ReadModel": [model(OLD)]},
    "stack_not_put_back": {"ReadModel": [model(OLD)], "ReadPutBack": [stack("UPDATE_ROLLBACK_COMPLETE", NEW)]},
    "candidate_unknown": {
        "ReadEndpoint": [endpoint(), endpoint(), endpoint(config="config-3")],
        "ReadModel": [model(OLD)],
        "ReadCandidate": [throws("CloudFormation.CloudFormationException", "Resource EndpointConfig does not exist")],
    },
    "held": {
        "AskHold": [held("hold"), held("hold"), held("go")],
        "ReadConfig": [
            returns({"ProductionVariants": [{"ModelName": name}]}) for name in ("model-1", "model-1", "model-2")
        ],
        "ReadModel": [model(OLD), model(OLD), model(NEW)],
    },
    "aborted": {"AskHold": [held(f"abort {NEW}")]},
    "untold": {"TellBegun": [throws("Sns.SnsException", "no such topic")]},
    "unrecorded": {"RecordBegun": [throws("Lambda.Unknown", "no disk")]},
    "rejected_live": {"ReadEndpoint": [endpoint(config="config-2")], "ReadModel": [model(NEW)]},
    "rejected_not_live": {"ReadModel": [model(OLD)]},
    "rejected_and_taken_back": {"ReadModel": [model(NEW)], "ReadRejected": [PACKAGE]},
    "rejected_without_one_before": {
        "ReadModel": [model(NEW)],
        "ListApproved": [returns({"ModelPackageSummaryList": [package(LATER, 3)]})],
    },
    "rejected_while_it_is_rolled_out": {
        "ReadEndpoint": [endpoint("Updating"), endpoint(config="config-2")],
        "ReadModel": [model(NEW)],
    },
    "rejected_before_it_was_live": {"ReadModel": [model(OLD), model(NEW)]},
    "back-passes": {
        "ListRollouts": [listed("back-passes", "waits", "older")],
        "ReadTurn": [
            stands_at("WaitForUpdate"),
            returns({"Events": [{"Type": "TaskScheduled"}]}),
            stands_at("WaitForHold"),
        ],
        "AskHold": [held("hold")],
    },
    "back-second": {"ListRollouts": [listed("back-second", "back-first", "older"), listed("back-second")]},
    "passed": {"ListRollouts": [listed("back-passes", "passed"), listed("younger", "passed")]},
    "passed_while_held": {
        "ListRollouts": [listed(*back, "passed_while_held") for back in ((), ("back-passes",), ("back-passes",), ())],
        "AskHold": [held("hold"), held("go")],
        "ReadConfig": [
            returns({"ProductionVariants": [{"ModelName": name}]}) for name in ("model-1", "model-1", "model-2")
        ],
        "ReadModel": [model(OLD), model(LATER), model(NEW)],
    },
    "too_many_run": {"ListRollouts": [*[MANY] * 200, NOBODY], "WhoseTurn": [execution(NEW)]},
    "rejected_behind_what_is_held": {
        "ReadModel": [model(OLD), model(NEW)],
        "ListRollouts": [*[listed("rejected_behind_what_is_held", "waits", "older")] * 200, NOBODY],
        "ReadTurn": [stands_at("WaitForUpdate"), stands_at("WaitForHoldAgain")],
    },
    "rejected_behind_a_way_back": {
        "ReadModel": [model(OLD), model(NEW)],
        "ListRollouts": [
            listed("back-first", "rejected_behind_a_way_back", "older"),
            listed("rejected_behind_a_way_back"),
        ],
        "ReadTurn": [stands_at("WaitForHold")],
    },
    "back-unnamed": {"ListRollouts": [listed("younger", "unnamed"), NOBODY]},
    "back-office": {
        "ListRollouts": [
            returns({"Executions": [{"ExecutionArn": arn} for arn in (f"{EXECUTIONS}back-office", OFFICES)]}),
            NOBODY,
        ],
        "ReadTurn": [stands_at("WaitForHold")],
    },
    "rejected_alone": {"ReadModel": [model(NEW)], "ListApproved": [returns({"ModelPackageSummaryList": []})]},
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

    account: Account
    client: Any
    machine_arn: str
    results: dict[str, "Result"] = field(default_factory=dict)

    def start(self, scenario: str, *, name: str | None = None) -> str:
        decision = "Rejected" if scenario.startswith("rejected") else "Approved"
        back = {"GoesBack": True} if scenario.startswith("back-") else {}
        arn: str = self.client.start_execution(
            stateMachineArn=f"{self.machine_arn}#{scenario}",
            name=name or scenario,
            input=json.dumps({"ModelPackageArn": NEW, "ModelApprovalStatus": decision, **back}),
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

    def dies_of(self, error: str) -> str:
        """An execution of another machine that fails so; no answer of a service makes ours do it here."""
        states = {"Die": {"Type": "Fail", "Error": error, "Cause": "no such path"}}
        made = self.client.create_state_machine(
            name="rollout-dying", definition=json.dumps({"StartAt": "Die", "States": states}), roleArn=ROLE
        )
        arn: str = self.client.start_execution(stateMachineArn=made["stateMachineArn"])["executionArn"]
        return arn

    def told_by(self, pattern: dict[str, Any]) -> Callable[[int], dict[str, str]]:
        """Make a rule of `pattern`; gives what waits for so many events and gives each execution's status."""
        events, queues = self.account.client("events"), self.account.client("sqs")
        queue = queues.create_queue(QueueName="told")["QueueUrl"]
        arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        # The template's ARN has a token in it.
        detail = {**pattern["detail"], "stateMachineArn": [self.machine_arn, f"{self.machine_arn}-dying"]}
        events.put_rule(Name="told", EventPattern=json.dumps({**pattern, "detail": detail}))
        events.put_targets(Rule="told", Targets=[{"Id": "queue", "Arn": arn}])

        def received(count: int) -> dict[str, str]:
            found: dict[str, str] = {}
            deadline = time.monotonic() + 30
            while len(found) < count and time.monotonic() < deadline:
                answer = queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
                details = [json.loads(message["Body"])["detail"] for message in answer.get("Messages", ())]
                found |= {each["executionArn"]: each["status"] for each in details}
            return found

        return received


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
    with mocked_states(tmp_path_factory.mktemp("ministack"), mock_config()) as account:
        yield _engine(account)


def _engine(account: Account) -> Engine:
    client = account.client("stepfunctions")
    target = RolloutTarget(
        endpoint="shoppers-dev",
        stack="shoppers-dev-endpoint",
        package_group="shoppers-dev",
        state_machine_arn="arn:aws:states:us-east-1:000000000000:stateMachine:rollout",
        smoke_test_arn="arn:aws:lambda:us-east-1:000000000000:function:smoke",
        audit_arn="arn:aws:lambda:us-east-1:000000000000:function:audit",
        topic_arn="arn:aws:sns:us-east-1:000000000000:verdicts",
        hold_parameter="/slipway/shoppers-dev/rollouts",
        judge_arn="arn:aws:lambda:us-east-1:000000000000:function:judge",
    )
    made = client.create_state_machine(name="rollout", definition=json.dumps(rollout_definition(target)), roleArn=ROLE)
    return Engine(account, client, made["stateMachineArn"])


def run(engine: Engine, scenario: str) -> Result:
    """Run it once; another test that asks gets the same result."""
    if scenario not in engine.results:
        engine.results[scenario] = engine.result(engine.start(scenario))
    return engine.results[scenario]


def test_a_better_model_is_promoted_and_what_it_replaced_is_deleted(engine: Engine) -> None:
    result = run(engine, "promoted")
    assert result.status == "SUCCEEDED"
    assert result.data["previous"] == {"model_package": OLD, "config": "config-1", "model": "model-1"}
    assert result.states[-6:] == [
        "HadPrevious",
        "DeletePreviousConfig",
        "DeletePreviousModel",
        "RecordPromoted",
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


@pytest.mark.parametrize(("scenario", "error"), [("overtaken", "RolledBack"), ("overtaken_in_vain", "NotRestored")])
def test_a_later_decision_is_told_and_the_endpoint_is_looked_at(engine: Engine, scenario: str, error: str) -> None:
    result = run(engine, scenario)
    assert result.error == error
    assert str(result.cause).endswith(f"; meanwhile someone decided for {LATER}, which is left as it is")
    assert not [name for name in result.states if name.startswith("Delete")]


@pytest.mark.parametrize("scenario", ["rolled_back_to_nothing", "rollback_failed"])
def test_nothing_is_told_to_be_rolled_back_that_was_not_seen_to_be(engine: Engine, scenario: str) -> None:
    result = run(engine, scenario)
    assert (result.error, result.states[-2]) == ("NotRestored", "TellNotRestored")
    assert "PutBack" not in result.states
    assert "LookRestored" in result.states


def test_a_look_that_fails_after_putting_back_does_not_replace_the_reason(engine: Engine) -> None:
    result = run(engine, "unseen")
    assert result.error == "NotRestored"
    assert result.cause == (
        "the model is not live: endpoint shoppers-dev is InService after its stack ended UPDATE_COMPLETE; "
        "see the events of stack shoppers-dev-endpoint; what the endpoint serves now could not be seen: out of order"
    )
    assert result.states.count("RejectPackage") == 1


def test_a_reason_too_long_for_the_registry_is_replaced_by_where_to_look(engine: Engine) -> None:
    result = run(engine, "long_reason")
    assert result.states[result.states.index("RejectPackage") + 1] == "RejectBriefly"
    assert result.error == "RolledBack"


def test_an_error_on_the_way_rejects_the_package_and_puts_everything_back(engine: Engine) -> None:
    result = run(engine, "not_allowed")
    assert result.cause == "the rollout could not go on: CloudFormation.CloudFormationException: not authorized"
    assert "RejectPackage" in result.states


AGAIN = (
    f"; the package stays approved; `slipway rollout approve --package {NEW} --reason TEXT` starts its rollout again, "
    "once there is room (`slipway quotas` shows what is missing)"
)


@pytest.mark.parametrize(
    ("scenario", "error", "cause"),
    [
        ("no_quota", "Stopped", f"stopped: the stack did not take the model: Endpoint: {QUOTA}"),
        ("no_capacity", "Stopped", f"stopped: the endpoint did not take the model: {CAPACITY}"),
        (
            "throttled",
            "NotStarted",
            "not started: the rollout could not go on: SageMaker.ThrottlingException: slow down",
        ),
        (
            "list_throttled",
            "NotStarted",
            "not started: the rollout could not go on: Sfn.SfnException: Rate exceeded",
        ),
        (
            "hold_unread",
            "NotStarted",
            "not started: whether rollouts are held could not be read: Ssm.SsmException: Rate exceeded",
        ),
    ],
)
def test_a_package_stays_approved_where_aws_was_short_of_something(
    engine: Engine, scenario: str, error: str, cause: str
) -> None:
    result = run(engine, scenario)
    assert (result.status, result.error) == ("FAILED", error)
    assert result.cause == cause + AGAIN
    assert not [name for name in result.states if name.startswith("Reject")]
    assert result.states[-3:] == [f"Record{error}", f"Tell{error}", error]


def test_after_a_shortage_in_the_update_everything_is_put_back(engine: Engine) -> None:
    states = run(engine, "no_capacity").states
    assert states.index("NoteStopped") < states.index("PutBack") < states.index("IsRestored")


@pytest.mark.parametrize(
    ("scenario", "error", "cause"),
    [
        (
            "no_quota_before",
            "RolledBack",
            f"the stack did not take the model: Endpoint: {PING['ResourceStatusReason']}",
        ),
        ("judged_bad_and_short", "RolledBack", f"{WORSE}; {CAPACITY}"),
        ("events_unread", "RolledBack", "the model is not live: endpoint shoppers-dev is InService after its stack"),
        ("hold_forbidden", "Refused", "whether rollouts are held could not be read: Ssm.SsmException: not authorized"),
    ],
)
def test_what_is_no_shortage_of_this_rollout_rejects_the_package(
    engine: Engine, scenario: str, error: str, cause: str
) -> None:
    result = run(engine, scenario)
    assert (result.error, str(result.cause)[: len(cause)]) == (error, cause)
    assert {"RejectPackage", "RejectRefused"} & set(result.states)


def test_a_rejection_that_was_throttled_does_not_say_that_its_package_stays_approved(engine: Engine) -> None:
    assert run(engine, "rejected_and_throttled").error == "RolledBack"


def test_a_verdict_against_the_new_fleet_is_the_reason_of_its_rollback(engine: Engine) -> None:
    result = run(engine, "judged_bad")
    assert (result.status, result.error) == ("FAILED", "RolledBack")
    assert result.cause == f"{WORSE}; alarm config-2-CanaryDecision is in ALARM"
    assert result.states.count("Judge") == 2


def test_a_verdict_is_told_though_sagemaker_tells_no_reason(engine: Engine) -> None:
    assert run(engine, "judged_bad_without_a_word").cause == WORSE


def test_only_a_verdict_that_has_changed_is_recorded(engine: Engine) -> None:
    states = run(engine, "promoted").states
    assert states.count("Judge") == 2
    assert states.count("RecordVerdict") == 1


def test_the_evidence_of_one_look_is_handed_to_the_next(engine: Engine) -> None:
    assert run(engine, "promoted").data["judgement"]["checkpoint"] == {"looks": "promote: 60 seen"}


def test_a_verdict_that_came_too_late_for_its_alarm_takes_the_model_back(engine: Engine) -> None:
    result = run(engine, "judged_too_late")
    assert (result.error, result.cause) == ("RolledBack", WORSE)
    assert {"RejectPackage", "PutBack"} <= set(result.states)
    assert "SmokeTest" not in result.states


def test_a_model_that_nobody_could_judge_does_not_stay(engine: Engine) -> None:
    result = run(engine, "judge_fails")
    assert result.error == "RolledBack"
    assert result.cause is not None
    assert "without having been judged" in result.cause


def test_a_new_fleet_that_nobody_judges_any_more_is_sent_back(engine: Engine) -> None:
    result = run(engine, "judge_lost")
    reason = "roll back: the judge was out of order, 6 looks in a row failed, the last by Lambda.Unknown"
    assert (result.error, result.cause) == ("RolledBack", f"{reason}; alarm config-2-CanaryDecision is in ALARM")
    # At the fifth failure the new fleet was not there yet; after the sixth the verdict was told while it was.
    assert (result.states.count("Judge"), result.states.count("ReadFleets")) == (6, 5)
    assert result.states.count("SendBack") == 2
    assert result.states.count("RecordVerdict") == 1


def test_a_judge_that_answers_again_is_heard(engine: Engine) -> None:
    result = run(engine, "judge_recovers")
    assert result.states[-1] == "Promoted"
    assert result.states.count("CountUnjudged") == 8
    assert "ReadFleets" not in result.states


def test_a_rollout_that_may_go_on_without_a_verdict_says_so(engine: Engine) -> None:
    result = run(engine, "goes_on")
    assert result.states[-1] == "Promoted"
    assert result.data["judgement"]["explanation"] == "extend: 7 seen; it goes on"


def test_the_first_model_has_nothing_to_be_compared_with(engine: Engine) -> None:
    assert "Judge" not in run(engine, "first").states


def test_after_putting_back_the_failed_and_the_superseded_config_are_deleted(engine: Engine) -> None:
    result = run(engine, "judged_bad")
    deleted = [name for name in result.states if name.startswith("Delete")]
    assert deleted == [
        "DeleteCandidateConfig",
        "DeleteCandidateModel",
        "DeleteSupersededConfig",
        "DeleteSupersededModel",
    ]
    assert result.data["candidate"] == {"config": "config-2", "model": "model-2"}
    assert result.data["live"]["config"] == "config-3"


def test_the_config_in_use_is_not_deleted_where_sagemaker_refused_the_way_back_too(engine: Engine) -> None:
    result = run(engine, "put_back_refused_by_sagemaker")
    assert result.error == "RolledBack"
    assert result.data["live"]["config"] == result.data["previous"]["config"] == "config-1"
    assert "DeleteCandidateConfig" in result.states
    assert "DeleteSupersededConfig" not in result.states


def test_a_candidate_that_cannot_be_named_is_left_lying(engine: Engine) -> None:
    result = run(engine, "candidate_unknown")
    assert result.error == "RolledBack"
    assert "DeleteCandidateConfig" not in result.states
    assert "DeleteSupersededConfig" in result.states


def test_a_stack_that_still_names_the_failed_package_is_not_restored(engine: Engine) -> None:
    result = run(engine, "stack_not_put_back")
    assert result.error == "NotRestored"
    assert not [name for name in result.states if name.startswith("Delete")]


def test_a_held_rollout_waits_until_it_is_let_go(engine: Engine) -> None:
    result = run(engine, "held")
    assert result.states.count("WaitForHold") == 2
    assert result.states[-1] == "Promoted"


def test_a_refused_package_is_rejected_and_nothing_is_updated(engine: Engine) -> None:
    result = run(engine, "aborted")
    assert (result.status, result.error) == ("FAILED", "Refused")
    assert result.cause == "an operator aborted the rollout before it began"
    assert {"RejectRefused", "RecordRefused", "TellRefused"} <= set(result.states)
    assert not {"UpdateStack", "PutBack"} & set(result.states)


def test_an_entry_that_cannot_be_recorded_stops_nothing_and_is_told(engine: Engine) -> None:
    result = run(engine, "unrecorded")
    assert "TellRecordBegunFailed" in result.states
    assert result.states[-1] == "Promoted"


def test_people_are_told_that_a_rollout_has_begun_as_soon_as_it_has(engine: Engine) -> None:
    states = run(engine, "promoted").states
    assert states[states.index("UpdateStack") :][:4] == ["UpdateStack", "RecordBegun", "TellBegun", "MarkWait"]


def test_a_rollout_goes_on_when_nobody_can_be_told_that_it_has_begun(engine: Engine) -> None:
    result = run(engine, "untold")
    assert "TellBegun" in result.states
    assert result.states[-1] == "Promoted"


def test_an_execution_that_dies_of_an_error_not_its_own_is_told_to_people_and_a_verdict_is_not_told_twice(
    engine: Engine, resources: Callable[..., list[dict[str, Any]]]
) -> None:
    told = engine.told_by(next(pattern for pattern in _patterns(resources) if pattern["source"] == ["aws.states"]))
    verdicts = [
        engine.start(scenario, name=f"{scenario}-told") for scenario in ("promoted", "smoke_test_fails", "aborted")
    ]
    assert [engine.result(arn).error for arn in verdicts] == [None, "RolledBack", "Refused"]
    stopped = engine.start("slow", name="slow-told")
    engine.client.stop_execution(executionArn=stopped)
    lost = engine.dies_of("States.Runtime")
    assert told(2) == {stopped: "ABORTED", lost: "FAILED"}


def _patterns(resources: Callable[..., list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [rule["Properties"]["EventPattern"] for rule in resources("AWS::Events::Rule", "rollout")]


def test_rejecting_the_live_package_starts_the_rollout_of_the_newest_approved_one(engine: Engine) -> None:
    result = run(engine, "rejected_live")
    assert (result.status, result.states[-3:]) == ("SUCCEEDED", ["StartNext", "TellWithdrawn", "Withdrawn"])
    assert result.data["next"]["ModelPackageArn"] == OLD
    assert "UpdateStack" not in result.states


@pytest.mark.parametrize("scenario", ["rejected_not_live", "rejected_and_taken_back"])
def test_rejecting_a_package_that_does_not_serve_or_not_for_long_does_nothing(engine: Engine, scenario: str) -> None:
    result = run(engine, scenario)
    assert (result.status, result.states[-1]) == ("SUCCEEDED", "NothingToDo")
    assert "StartNext" not in result.states


def test_the_way_back_is_marked_in_the_list_and_not_held(engine: Engine) -> None:
    result = run(engine, "rejected_live")
    assert result.data["next"] == {"ModelPackageArn": OLD, "GoesBack": True}
    assert (result.data["called"], result.data["told"]) == ("back-", "going back to")


def test_a_later_version_is_rolled_out_as_every_other_where_none_before_is_approved(engine: Engine) -> None:
    result = run(engine, "rejected_without_one_before")
    assert result.data["next"] == {"ModelPackageArn": LATER}
    assert result.data["called"] == "next-"


def test_a_live_package_that_is_rejected_waits_for_no_turn(engine: Engine) -> None:
    assert not {"Settle", "ListRollouts"} & set(run(engine, "rejected_live").states)


@pytest.mark.parametrize("scenario", ["rejected_while_it_is_rolled_out", "rejected_before_it_was_live"])
def test_a_package_that_is_rejected_on_its_way_is_looked_at_again_in_turn(engine: Engine, scenario: str) -> None:
    states = run(engine, scenario).states
    assert states.count("LookRejected") == 2
    assert states.index("ListRollouts") < states.index("ReadRejected")
    assert states[-1] == "Withdrawn"


def test_a_rejected_live_package_without_another_to_go_back_to_is_told(engine: Engine) -> None:
    result = run(engine, "rejected_alone")
    assert (result.status, result.error) == ("FAILED", "NotWithdrawn")
    assert "TellNotWithdrawn" in result.states


def test_whoever_waits_three_days_for_its_turn_is_refused_and_told_why(engine: Engine) -> None:
    result = run(engine, "overdue")
    reason = "it waited for its turn for three days; approve it again when the rollouts before it have ended"
    assert (result.error, result.cause) == ("Refused", reason)
    assert result.data["failure"] == {"reason": reason, "by": "turn"}
    assert result.states[-4:] == ["RejectRefused", "RecordRefused", "TellRefused", "Refused"]
    assert "ReadPackage" not in result.states


def test_the_way_back_waits_for_what_does_something_and_passes_what_is_held(engine: Engine) -> None:
    states = run(engine, "back-passes").states
    assert states.count("ReadTurn") == 3
    assert states.count("WaitForTurn") == 2
    assert "AskHold" not in states
    assert states[-1] == "Promoted"


def test_a_second_way_back_waits_for_the_first(engine: Engine) -> None:
    states = run(engine, "back-second").states
    assert states.count("WaitForTurn") == 1
    assert "ReadTurn" not in states


def test_the_oldest_rollout_waits_for_a_way_back(engine: Engine) -> None:
    states = run(engine, "passed").states
    assert states.count("WaitForTurn") == 1
    assert states[-1] == "Promoted"


def test_a_rollout_that_was_held_waits_for_its_turn_again_and_looks_again_at_what_serves(engine: Engine) -> None:
    result = run(engine, "passed_while_held")
    assert result.states.count("WaitForTurn") == 2
    assert result.states.count("ReadPackage") == 2
    assert result.states[-1] == "Promoted"
    assert result.data["previous"]["model_package"] == LATER


def test_nobody_has_the_turn_while_the_oldest_is_on_a_later_page(engine: Engine) -> None:
    states = run(engine, "too_many_run").states
    assert states.count("WaitForTurn") == 200
    assert "ReadPackage" not in states


@pytest.mark.parametrize("scenario", ["overdue_twin", "rejected_overdue"])
def test_neither_a_rejection_nor_a_twin_of_the_rollout_before_it_is_refused_its_turn(
    engine: Engine, scenario: str
) -> None:
    states = run(engine, scenario).states
    assert states.count("WaitForTurn") == 200
    assert "ExplainTurn" not in states


def test_a_younger_rollout_waits_until_the_older_one_has_ended(engine: Engine) -> None:
    older, younger = engine.start("slow"), engine.start("younger")
    waited = engine.result(younger)
    assert "WaitForTurn" in waited.states
    assert waited.states[-1] == "Promoted"
    began = next(at for at, name in waited.entered if name == "ReadPackage")
    assert engine.result(older).ended <= began


def test_a_rejection_that_had_to_wait_passes_what_is_held_too(engine: Engine) -> None:
    states = run(engine, "rejected_behind_what_is_held").states
    assert (states.count("ReadTurn"), states.count("WaitForTurn")) == (2, 1)
    assert states[-1] == "Withdrawn"


def test_a_rejection_passes_no_way_back(engine: Engine) -> None:
    states = run(engine, "rejected_behind_a_way_back").states
    assert "ReadTurn" not in states
    assert states.count("WaitForTurn") == 1
    assert states[-1] == "Withdrawn"


def test_a_way_back_that_is_not_named_as_one_does_not_wait_for_itself(engine: Engine) -> None:
    states = engine.result(engine.start("back-unnamed", name="unnamed")).states
    assert not {"ReadTurn", "WaitForTurn"} & set(states)
    assert states[-1] == "Promoted"


def test_what_a_machine_is_called_makes_no_way_back_of_its_executions(engine: Engine) -> None:
    states = run(engine, "back-office").states
    assert states.count("ReadTurn") == 1
    assert states[-1] == "Promoted"
