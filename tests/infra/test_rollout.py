"""The state machine's shape, its role and its rule."""

import json
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any

import pytest

from blueprint.settings import Settings
from infra.constructs.rollout.definition import RolloutTarget, rollout_definition

Resources = Callable[..., list[dict[str, Any]]]
States = dict[str, dict[str, Any]]


@pytest.fixture
def states() -> States:
    target = RolloutTarget(
        endpoint="shoppers-dev",
        stack="shoppers-dev-endpoint",
        state_machine_arn="arn:machine",
        smoke_test_arn="arn:smoke",
        topic_arn="arn:topic",
    )
    found: States = rollout_definition(target)["States"]
    return found


def _targets(state: dict[str, Any]) -> Iterator[str]:
    for part in (state, *state.get("Choices", ()), *state.get("Catch", ())):
        yield from (part[key] for key in ("Next", "Default") if key in part)


def _reachable(states: States, *, without: AbstractSet[str] = frozenset()) -> set[str]:
    seen: set[str] = set()
    waiting = ["Settle"]
    while waiting:
        name = waiting.pop()
        if name not in seen | without:
            seen.add(name)
            waiting.extend(_targets(states[name]))
    return seen


def test_every_state_is_reached_and_every_next_state_exists(states: States) -> None:
    assert _reachable(states) == states.keys()


def test_every_call_has_a_timeout_and_catches_its_failure(states: States) -> None:
    for name, state in states.items():
        if state["Type"] == "Task":
            assert state["TimeoutSeconds"] > 0, name
            assert [c["ErrorEquals"] for c in state["Catch"]] == [["States.ALL"]], name


def test_every_call_but_an_update_is_tried_again(states: States) -> None:
    once = {name for name, state in states.items() if state["Type"] == "Task" and "Retry" not in state}
    assert once == {"UpdateStack", "PutBack"}


def test_no_failure_is_reached_without_a_rejection_and_a_notification(states: States) -> None:
    failures = {name for name, state in states.items() if state["Type"] == "Fail"}
    assert failures == {"RolledBack", "NotRestored"}
    # The look at the endpoint is shared; it goes on to IsRestored only after LookRestored has said so.
    forward = _reachable(states, without={"RejectPackage", "IsRestored"})
    assert not forward & {*failures, "LookRestored"}
    assert not failures & _reachable(states, without={"TellRolledBack", "TellNotRestored"})


def test_no_success_is_reached_without_looking_at_the_endpoint_and_invoking_it(states: States) -> None:
    for needed in ("ReadEndpoint", "IsCandidateLive", "SmokeTest"):
        assert "Promoted" not in _reachable(states, without={needed})


def test_an_update_changes_the_one_parameter_and_no_template(states: States) -> None:
    for name, package in (("UpdateStack", "$.ModelPackageArn"), ("PutBack", "$.previous.model_package")):
        parameters = states[name]["Parameters"]
        assert parameters["UsePreviousTemplate"] is True
        assert parameters["Parameters"] == [{"ParameterKey": "ModelPackageArn", "ParameterValue.$": package}]
        assert "TemplateURL" not in parameters


def test_the_template_carries_the_definition_under_the_agreed_name(resources: Resources, settings: Settings) -> None:
    (machine,) = resources("AWS::StepFunctions::StateMachine", "rollout")
    properties = machine["Properties"]
    assert properties["StateMachineName"] == settings.names.state_machine
    assert "StateMachineType" not in properties or properties["StateMachineType"] == "STANDARD"
    separator, parts = properties["DefinitionString"]["Fn::Join"]
    text = separator.join(part if isinstance(part, str) else "token" for part in parts)
    definition = json.loads(text)
    assert definition["States"]["UpdateStack"]["ResultPath"] is None, "its result would replace the input"
    assert definition["States"]["ReadEndpoint"]["Parameters"] == {"EndpointName": settings.names.endpoint}
    assert definition["States"]["ReadStack"]["Parameters"] == {"StackName": settings.names.stack("endpoint")}


@pytest.fixture
def rules(resources: Resources) -> dict[str, dict[str, Any]]:
    return {
        rule["Properties"]["EventPattern"]["source"][0]: rule["Properties"] for rule in resources("AWS::Events::Rule")
    }


def test_only_an_approval_in_the_group_starts_a_rollout(rules: dict[str, dict[str, Any]], settings: Settings) -> None:
    assert rules["aws.sagemaker"]["EventPattern"] == {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {
            "ModelPackageGroupName": [settings.names.package_group],
            "ModelApprovalStatus": ["Approved"],
        },
    }


def test_the_rollout_is_handed_the_package_and_nothing_else(rules: dict[str, dict[str, Any]]) -> None:
    (target,) = rules["aws.sagemaker"]["Targets"]
    transformer = target["InputTransformer"]
    ((name, path),) = transformer["InputPathsMap"].items()
    assert path == "$.detail.ModelPackageArn"
    assert transformer["InputTemplate"] == f'{{"ModelPackageArn":<{name}>}}'


def test_an_aborted_rollout_is_told_to_people(rules: dict[str, dict[str, Any]]) -> None:
    assert rules["aws.states"]["EventPattern"]["detail"]["status"] == ["ABORTED", "TIMED_OUT"]


def _role_statements(resources: Resources) -> Iterator[dict[str, Any]]:
    for policy in resources("AWS::IAM::Policy", "rollout"):
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            actions = statement["Action"]
            yield {**statement, "Action": actions if isinstance(actions, list) else [actions]}


def test_the_rollout_may_update_the_endpoint_stack_only(resources: Resources, settings: Settings) -> None:
    (statement,) = (s for s in _role_statements(resources) if "cloudformation:UpdateStack" in s["Action"])
    assert json.dumps(statement["Resource"]).endswith(f':stack/{settings.names.stack("endpoint")}/*"]]}}')


def test_the_rollout_reads_and_deletes_by_the_endpoints_tag_only(resources: Resources, settings: Settings) -> None:
    (statement,) = (s for s in _role_statements(resources) if "sagemaker:DeleteModel" in s["Action"])
    assert statement["Condition"] == {"StringEquals": {"aws:ResourceTag/slipway:endpoint": settings.names.endpoint}}


def test_nothing_but_cloudformation_changes_the_endpoint(resources: Resources) -> None:
    actions = {action for statement in _role_statements(resources) for action in statement["Action"]}
    assert not actions & {
        "sagemaker:CreateEndpoint",
        "sagemaker:UpdateEndpoint",
        "sagemaker:DeleteEndpoint",
        "sagemaker:CreateModel",
        "iam:PassRole",
    }


def test_the_notifications_are_encrypted(resources: Resources) -> None:
    (topic,) = resources("AWS::SNS::Topic", "rollout")
    assert "KmsMasterKeyId" in topic["Properties"]
