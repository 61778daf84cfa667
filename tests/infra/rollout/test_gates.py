"""The gates' states, run by ministack's Step Functions with given answers; their job and its role."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from infra.rollout.gates import GATES, GateJob, gate_states
from slipway.settings import Settings
from slipway.settings.names import Names
from slipway.training.replay_job import gate_job_prefix
from tests.infra.mocked_states import mocked_states

Answer = dict[str, Any]
Resources = Callable[..., list[dict[str, Any]]]

OLD = "arn:aws:sagemaker:us-east-1:000000000000:model-package/shoppers-dev/1"
ROLE = "arn:aws:iam::000000000000:role/rollout"
JOB = GateJob(
    name_prefix="shoppers-dev-gates",
    image_uri="000000000000.dkr.ecr.us-east-1.amazonaws.com/steps:0123456789abcdef",
    arguments=("--captures=s3://bucket/capture/shoppers-dev/primary/", "--max-requests=2000"),
    role_arn="arn:aws:iam::000000000000:role/replay",
    kms_key_arn="arn:aws:kms:us-east-1:000000000000:key/1",
    instance_type="ml.m5.large",
    output_uri="s3://bucket/replay/shoppers-dev",
    cost_tag="shoppers-dev",
)


def returns(value: Any) -> Answer:
    return {"Return": value}


def throws(error: str, cause: str) -> Answer:
    return {"Throw": {"Error": error, "Cause": cause}}


def completed(message: str) -> Answer:
    return returns({"ProcessingJobStatus": "Completed", "ExitMessage": message})


def failed(reason: str) -> Answer:
    return returns({"ProcessingJobStatus": "Failed", "FailureReason": reason})


RUNNING = returns({"ProcessingJobStatus": "InProgress"})
CHAMPION = returns(
    {"InferenceSpecification": {"Containers": [{"ModelDataUrl": "s3://bucket/pipeline/1/model.tar.gz"}]}}
)
STARTED = returns({"ProcessingJobArn": "arn:job"})
USUAL: dict[str, list[Answer]] = {
    "ReadChampion": [CHAMPION],
    "StartGates": [STARTED],
    "StartFirstGates": [STARTED],
    "ReadGates": [RUNNING, RUNNING, completed("passed")],
}
NOTED: dict[str, Any] = {
    "passed": {"CustomerMetadataProperties": {"model_sha256": "0f" * 32}},
    "unjudged": {"CustomerMetadataProperties": {"commit": "1f2e"}},
}
"""What a scenario's package notes of its model; that of the others notes nothing."""

SCENARIOS: dict[str, dict[str, list[Answer]]] = {
    "passed": {},
    "unjudged": {"ReadGates": [completed("passed, without a replay: not enough captured requests: 12 of 50")]},
    "first": {},
    "contract": {"ReadGates": [RUNNING, completed("contract: column month must stay number 3")]},
    "replay": {"ReadGates": [completed("replay: labels must differ {}")]},
    "already_started": {"StartGates": [throws("SageMaker.ResourceInUseException", "Job names must be unique")]},
    "not_started": {"StartGates": [throws("SageMaker.ResourceLimitExceededException", "no quota left")]},
    "champion_unknown": {"ReadChampion": [throws("SageMaker.SageMakerException", "ModelPackage does not exist")]},
    "failed": {"ReadGates": [failed("AlgorithmError: the champion's archive is broken, exit code: 1")]},
    "failed_once": {"ReadGates": [failed("InternalServerError: please try again"), completed("passed")]},
    "no_capacity": {"ReadGates": [failed("CapacityError: Unable to provision requested ML compute capacity")]},
    "stopped": {
        "ReadGates": [returns({"ProcessingJobStatus": "Stopping"}), returns({"ProcessingJobStatus": "Stopped"})]
    },
    "speechless": {"ReadGates": [returns({"ProcessingJobStatus": "Completed"})]},
    "strange": {"ReadGates": [completed("who knows")]},
}


def definition() -> dict[str, Any]:
    return {
        "StartAt": GATES,
        "States": {
            **gate_states(job=JOB, then="Update", refused="Refuse"),
            "Update": {"Type": "Succeed"},
            "Refuse": {"Type": "Fail", "Error": "Refused", "CausePath": "$.failure.reason"},
        },
    }


def mock_config() -> dict[str, Any]:
    machines: dict[str, Any] = {}
    responses: dict[str, Any] = {}
    for scenario, changes in SCENARIOS.items():
        machines[scenario] = {}
        for state, answers in {**USUAL, **changes}.items():
            name = machines[scenario][state] = f"{scenario}-{state}"
            responses[name] = {str(visit): answer for visit, answer in enumerate(answers[:-1])}
            responses[name][f"{len(answers) - 1}-9999"] = answers[-1]
    return {"StateMachines": {"gates": {"TestCases": machines}}, "MockedResponses": responses}


@pytest.fixture(scope="module")
def states_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with mocked_states(tmp_path_factory.mktemp("ministack"), mock_config()) as account:
        yield account.client("stepfunctions")


@pytest.fixture(scope="module")
def gated(states_client: Any) -> Callable[..., dict[str, Any]]:
    """Run a scenario; gives its end, the states it entered and what the last of them was given."""
    arn = states_client.create_state_machine(name="gates", definition=json.dumps(definition()), roleArn=ROLE)[
        "stateMachineArn"
    ]

    def run(scenario: str) -> dict[str, Any]:
        given = {
            "ModelPackageArn": OLD[:-1] + "2",
            "previous": {"model_package": "" if scenario == "first" else OLD, "config": "", "model": ""},
            "package": {
                "InferenceSpecification": {"Containers": [{"ModelDataUrl": "s3://bucket/2/model.tar.gz"}]},
                **NOTED.get(scenario, {}),
            },
        }
        execution = states_client.start_execution(stateMachineArn=f"{arn}#{scenario}", input=json.dumps(given))[
            "executionArn"
        ]
        deadline = time.monotonic() + 60
        while (ended := states_client.describe_execution(executionArn=execution))["status"] == "RUNNING":
            assert time.monotonic() < deadline, "the execution has not ended"
            time.sleep(0.02)
        pages = states_client.get_paginator("get_execution_history").paginate(executionArn=execution)
        entered = [
            event["stateEnteredEventDetails"]
            for page in pages
            for event in page["events"]
            if "stateEnteredEventDetails" in event
        ]
        return {
            "status": ended["status"],
            "cause": ended.get("cause"),
            "states": [state["name"] for state in entered],
            "data": json.loads(entered[-1]["input"]),
        }

    return run


@pytest.mark.parametrize("scenario", ["passed", "unjudged", "first", "already_started", "failed_once"])
def test_a_candidate_that_passes_goes_on_to_the_update(scenario: str, gated: Callable[..., dict[str, Any]]) -> None:
    found = gated(scenario)
    assert (found["status"], found["states"][-1]) == ("SUCCEEDED", "Update")
    assert found["data"]["gates"]["message"].startswith("passed")


@pytest.mark.parametrize(("scenario", "sha256"), [("passed", "0f" * 32), ("unjudged", ""), ("replay", "")])
def test_the_job_is_given_the_hash_that_the_package_notes_if_it_notes_one(
    scenario: str, sha256: str, gated: Callable[..., dict[str, Any]]
) -> None:
    assert gated(scenario)["data"]["registered"] == {"sha256": sha256}
    for state in ("StartGates", "StartFirstGates"):
        environment = definition()["States"][state]["Parameters"]["Environment"]
        assert environment == {"SLIPWAY_MODEL_SHA256.$": "$.registered.sha256"}


def test_the_first_model_is_judged_without_a_champion(gated: Callable[..., dict[str, Any]]) -> None:
    states = gated("first")["states"]
    assert "StartFirstGates" in states
    assert not {"ReadChampion", "StartGates"} & set(states)


@pytest.mark.parametrize(
    ("scenario", "by", "reason"),
    [
        ("contract", "contract", "contract: column month must stay number 3"),
        ("replay", "replay", "replay: labels must differ {}"),
        (
            "failed",
            "gates",
            "the gates could not judge: AlgorithmError: the champion's archive is broken, exit code: 1",
        ),
        ("not_started", "gates", "the gates could not be run: SageMaker.ResourceLimitExceededException: no quota left"),
        (
            "champion_unknown",
            "gates",
            "the gates could not be run: SageMaker.SageMakerException: ModelPackage does not exist",
        ),
        ("no_capacity", "gates", "the gates could not judge: CapacityError: Unable to provision"),
        ("stopped", "gates", "the gates could not judge: job shoppers-dev-gates-"),
        ("speechless", "gates", "the gates could not judge: job shoppers-dev-gates-"),
        ("strange", "gates", "the gates could not judge: job shoppers-dev-gates-"),
    ],
)
def test_whatever_is_not_passed_is_refused_with_its_reason(
    scenario: str, by: str, reason: str, gated: Callable[..., dict[str, Any]]
) -> None:
    found = gated(scenario)
    assert (found["status"], found["states"][-1]) == ("FAILED", "Refuse")
    assert found["data"]["failure"]["by"] == by
    assert found["cause"].startswith(reason)


def test_a_job_that_sagemaker_could_not_run_is_tried_under_another_name(gated: Callable[..., dict[str, Any]]) -> None:
    assert gated("failed_once")["states"].count("StartGates") == 2
    given_up = gated("no_capacity")
    assert given_up["states"].count("StartGates") == 3
    assert given_up["data"]["gate_job"]["name"].endswith("-3")


def test_a_job_that_runs_already_is_waited_for(gated: Callable[..., dict[str, Any]]) -> None:
    states = gated("already_started")["states"]
    assert states.count("StartGates") == 1
    assert states[states.index("StartGates") + 1 : states.index("ReadGates") + 1] == ["WhyGatesNotStarted", "ReadGates"]


def test_a_jobs_name_is_of_its_execution_and_fits(gated: Callable[..., dict[str, Any]]) -> None:
    first, second = (gated("passed")["data"]["gate_job"]["name"] for _ in range(2))
    assert first != second
    assert first.startswith("shoppers-dev-gates-")
    assert first.endswith("-1")
    assert len(first) <= 63


@pytest.mark.parametrize(
    ("use_case", "stage"), [("a", "b"), ("shoppers", "dev"), ("a" * 24, "b" * 24), ("a" * 23, "b")]
)
def test_every_use_cases_jobs_have_names_that_fit(use_case: str, stage: str) -> None:
    name = f"{gate_job_prefix(Names(use_case, stage))}-{'0' * 32}-3"
    assert len(name) <= 63
    assert "--" not in name


def test_long_names_are_told_apart() -> None:
    assert gate_job_prefix(Names("a" * 24, "b" * 23)) != gate_job_prefix(Names("a" * 24, "b" * 24))


@pytest.mark.parametrize("state", ["StartGates", "StartFirstGates"])
def test_the_request_is_one_that_sagemaker_takes(state: str) -> None:
    def resolved(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key.removesuffix(".$"): "s3://b/x" if key.endswith(".$") else resolved(v) for key, v in value.items()
            }
        return [resolved(item) for item in value] if isinstance(value, list) else value

    request = resolved(definition()["States"][state]["Parameters"]) | {"ProcessingJobName": "gates-0"}
    model = botocore.session.get_session().get_service_model("sagemaker")
    report = ParamValidator().validate(request, model.operation_model("CreateProcessingJob").input_shape)
    assert not report.has_errors(), report.generate_report()


def test_a_machine_with_disks_of_its_own_gets_no_volume_key() -> None:
    states = gate_states(job=replace(JOB, instance_type="ml.r5d.large"), then="Go", refused="Refused")
    for state in ("StartGates", "StartFirstGates"):
        cluster = states[state]["Parameters"]["ProcessingResources"]["ClusterConfig"]
        assert cluster == {"InstanceCount": 1, "InstanceType": "ml.r5d.large", "VolumeSizeInGB": 30}


@pytest.mark.parametrize("state", ["StartGates", "StartFirstGates"])
def test_the_jobs_cost_is_the_use_cases(state: str) -> None:
    tags = definition()["States"][state]["Parameters"]["Tags"]
    assert tags == [{"Key": "slipway-use-case", "Value": "shoppers-dev"}]


@pytest.fixture
def statements(resources: Resources, templates: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """What the rollout stack's policies allow, by the role's logical id."""
    found: dict[str, list[dict[str, Any]]] = {}
    for policy in resources("AWS::IAM::Policy", "rollout"):
        for role in policy["Properties"]["Roles"]:
            written = policy["Properties"]["PolicyDocument"]["Statement"]
            found.setdefault(role["Ref"], []).extend(s for s in written if s["Effect"] == "Allow")
    return found


def _of(statements: dict[str, list[dict[str, Any]]], part: str) -> list[dict[str, Any]]:
    (name,) = [name for name in statements if name.startswith(part)]
    return statements[name]


def _actions(statement: dict[str, Any]) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


def test_the_job_writes_its_verdicts_and_nothing_else(statements: dict[str, list[dict[str, Any]]]) -> None:
    writing = [s for s in _of(statements, "ReplayRole") if any(a.startswith("s3:Put") for a in _actions(s))]
    assert writing
    for statement in writing:
        assert "/replay/shoppers-dev/*" in json.dumps(statement["Resource"])
        assert "/pipeline/" not in json.dumps(statement["Resource"])


def test_the_job_reads_models_and_its_own_endpoints_captures(statements: dict[str, list[dict[str, Any]]]) -> None:
    reading = [s for s in _of(statements, "ReplayRole") if any(a.startswith("s3:GetObject") for a in _actions(s))]
    text = json.dumps([statement["Resource"] for statement in reading])
    assert "/pipeline/*" in text
    assert "/capture/shoppers-dev/primary/*" in text
    assert "outcomes" not in text
    assert "audit" not in text


def test_the_job_can_touch_no_model_endpoint_or_other_job(statements: dict[str, list[dict[str, Any]]]) -> None:
    services = {action.partition(":")[0] for s in _of(statements, "ReplayRole") for action in _actions(s)}
    assert services == {"s3", "kms", "ecr", "logs", "cloudwatch"}


def test_the_machine_starts_only_the_gates_jobs_and_hands_its_role_to_sagemaker_alone(
    statements: dict[str, list[dict[str, Any]]], settings: Settings
) -> None:
    found = _of(statements, "RolloutRole")
    (start,) = [s for s in found if "sagemaker:CreateProcessingJob" in _actions(s)]
    assert f"processing-job/{settings.names.prefix}-gates-*" in json.dumps(start["Resource"])
    (tag,) = [s for s in found if "sagemaker:AddTags" in _actions(s)]
    assert tag == start
    (hand,) = [s for s in found if "iam:PassRole" in _actions(s)]
    assert hand["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    assert hand["Resource"] != "*"
    (grant,) = [s for s in found if "kms:CreateGrant" in _actions(s)]
    assert grant["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
