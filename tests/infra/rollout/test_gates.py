"""The job that decides on a candidate: its name, its request and its role."""

import json
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from infra.rollout.runtime.orchestrator.gates import job_name
from infra.rollout.runtime.orchestrator.run import RolloutRequest, Run
from slipway.settings import Settings
from slipway.settings.names import Names
from slipway.training.replay_job import gate_job_prefix
from tests.infra.rollout.account import EXECUTION, LATER, NEW, OLD, World
from tests.infra.rollout.journal import Journal, run, target

Resources = Callable[..., list[dict[str, Any]]]


def name(execution: str, champion: str, attempt: int = 1) -> str:
    """Of a job, for an execution and the package that serves."""
    steps = Journal(EXECUTION.format(execution))
    return job_name(Run(target(), RolloutRequest(NEW), steps, World().client, steps.now), champion, attempt)


def test_an_execution_finds_the_job_that_it_began_and_another_champion_is_another_job() -> None:
    assert name("one", OLD) == name("one", OLD)
    assert len({name("one", OLD), name("two", OLD), name("one", LATER), name("one", OLD, 2)}) == 4
    assert len(name("one", OLD)) <= 63


@pytest.mark.parametrize(
    ("use_case", "stage"), [("a", "b"), ("shoppers", "dev"), ("a" * 24, "b" * 24), ("a" * 23, "b")]
)
def test_every_use_cases_jobs_have_names_that_fit(use_case: str, stage: str) -> None:
    name = f"{gate_job_prefix(Names(use_case, stage))}-{'0' * 32}-3"
    assert len(name) <= 63
    assert "--" not in name


def test_long_names_are_told_apart() -> None:
    assert gate_job_prefix(Names("a" * 24, "b" * 23)) != gate_job_prefix(Names("a" * 24, "b" * 24))


def gate_job(resources: Resources) -> dict[str, Any]:
    """What the function is given of the job, with a name for each token."""
    functions = resources("AWS::Lambda::Function", "rollout")
    (found,) = (each["Properties"] for each in functions if "DurableConfig" in each["Properties"])
    parts = found["Environment"]["Variables"]["ROLLOUT"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else "token" for part in parts)
    job: dict[str, Any] = json.loads(text)["gate_job"]
    return job


@pytest.mark.parametrize("world", [World(), World(named="", live="", configs={"config-0": ""})], ids=["next", "first"])
def test_the_request_is_one_that_sagemaker_takes(world: World, resources: Resources) -> None:
    job = gate_job(resources)
    for each in ("role_arn", "kms_key_arn", "image_uri", "output_uri"):
        job[each] = {"role_arn": "arn:aws:iam::000000000000:role/replay", "output_uri": "s3://b/x"}.get(each, "key")
    job["cluster"]["VolumeKmsKeyId"] = "key"
    run(world, gate_job=job)
    (request,) = world.jobs.values()
    model = botocore.session.get_session().get_service_model("sagemaker")
    report = ParamValidator().validate(request, model.operation_model("CreateProcessingJob").input_shape)
    assert not report.has_errors(), report.generate_report()
    assert request["Tags"] == [{"Key": "slipway-use-case", "Value": "shoppers-dev"}]


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


def test_the_job_writes_its_decisions_and_nothing_else(statements: dict[str, list[dict[str, Any]]]) -> None:
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


def test_the_rollout_starts_only_the_gates_jobs_and_hands_its_role_to_sagemaker_alone(
    statements: dict[str, list[dict[str, Any]]], settings: Settings
) -> None:
    found = _of(statements, "RolloutFunctionRole")
    (start,) = [s for s in found if "sagemaker:CreateProcessingJob" in _actions(s)]
    assert f"processing-job/{settings.names.prefix}-gates-*" in json.dumps(start["Resource"])
    (tag,) = [s for s in found if "sagemaker:AddTags" in _actions(s)]
    assert tag == start
    (hand,) = [s for s in found if "iam:PassRole" in _actions(s)]
    assert hand["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    assert hand["Resource"] != "*"
    (grant,) = [s for s in found if "kms:CreateGrant" in _actions(s)]
    assert grant["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
