"""The state machine's shape, its role and its rule."""

import json
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Template

from blueprint.rollout import LONGEST_TIMEOUT_SECONDS
from blueprint.settings import Settings
from blueprint.settings.monitoring import Monitoring
from blueprint.verdicts import Verdict
from infra.constructs.rollout.definition import Gates, RolloutTarget, rollout_definition
from infra.constructs.rollout.gates import ATTEMPTS
from infra.constructs.rollout.states import choose, true, when
from infra.stacks.use_case import UseCaseStacks

Resources = Callable[..., list[dict[str, Any]]]
States = dict[str, dict[str, Any]]


DAY = 24 * 3600
TARGET = RolloutTarget(
    endpoint="shoppers-dev",
    stack="shoppers-dev-endpoint",
    package_group="shoppers-dev",
    state_machine_arn="arn:machine",
    smoke_test_arn="arn:smoke",
    audit_arn="arn:audit",
    topic_arn="arn:topic",
    hold_parameter="/slipway/shoppers-dev/rollouts",
    judge_arn="arn:judge",
)
GATES = Gates("Weigh", lambda then, refused: {"Weigh": choose(when(true("$.good"), then=then), otherwise=refused)})


@pytest.fixture(params=["judge", "no judge", "gates"])
def states(request: pytest.FixtureRequest) -> States:
    changes: dict[str, dict[str, Any]] = {"judge": {}, "no judge": {"judge_arn": None}, "gates": {"gates": GATES}}
    found: States = rollout_definition(replace(TARGET, **changes[request.param]))["States"]
    return found


def _targets(state: dict[str, Any]) -> Iterator[str]:
    for part in (state, *state.get("Choices", ()), *state.get("Catch", ())):
        yield from (part[key] for key in ("Next", "Default") if key in part)


def _reachable(states: States, *, start: str = "Settle", without: AbstractSet[str] = frozenset()) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
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
            assert state["Catch"][0]["ResultPath"].startswith("$."), f"{name} would lose everything"


def test_every_call_but_an_update_is_tried_again(states: States) -> None:
    once = {name for name, state in states.items() if state["Type"] == "Task" and "Retry" not in state}
    assert once == {"UpdateStack", "PutBack"}


def test_no_failure_is_reached_without_a_rejection_and_a_notification(states: States) -> None:
    failures = {name for name, state in states.items() if state["Type"] == "Fail"}
    withdrawn = {"NotWithdrawn"}  # its package was rejected to begin with
    assert failures == {"RolledBack", "NotRestored", "Refused", *withdrawn}
    # The look at the endpoint is shared; it goes on to IsRestored only after LookRestored has said so.
    forward = _reachable(states, without={"RejectPackage", "RejectRefused", "IsRestored"})
    assert not forward & {*(failures - withdrawn), "LookRestored"}
    tells = {"TellRolledBack", "TellNotRestored", "TellRefused", "TellNotWithdrawn"}
    assert not failures & _reachable(states, without=tells)


def test_every_end_of_a_rollout_is_recorded(states: States) -> None:
    for end in ("Promoted", "Refused", "RolledBack", "NotRestored"):
        assert end in _reachable(states)
        assert end not in _reachable(states, without={f"Record{end}"})


def test_nothing_is_refused_after_the_update_has_begun(states: States) -> None:
    begun = _reachable(states, start="MarkWait", without={"ReadPackage", "IsRejectedLive", "IsAlreadyLive"})
    assert "Refused" not in begun
    assert "RolledBack" in begun


def test_a_hold_is_asked_for_before_the_gates_and_again_after_them() -> None:
    states: States = rollout_definition(replace(TARGET, gates=GATES))["States"]
    for needed in ("ReadHold", "Weigh", "ReadHoldAgain"):
        assert "UpdateStack" not in _reachable(states, without={needed})
    assert "Weigh" not in _reachable(states, without={"ReadHold"})


def test_no_candidate_replaces_a_model_without_having_been_judged() -> None:
    states: States = rollout_definition(TARGET)["States"]
    assert "SmokeTest" not in _reachable(states, without={"IsJudged"})
    choices = {choice["Next"]: choice for choice in states["IsJudged"]["Choices"]}
    assert choices["ExplainVerdict"] == {
        "Variable": "$.judgement.verdict",
        "NumericEquals": int(Verdict.ROLL_BACK),
        "Next": "ExplainVerdict",
    }
    assert states["IsJudged"]["Default"] == "ExplainUnjudged"


def test_every_wait_ends_before_the_execution_does() -> None:
    """Three days for a turn and in each hold, as `slipway rollout pause --help` has it; the longest update, twice."""
    definition = rollout_definition(replace(TARGET, gates=GATES))
    states: States = definition["States"]

    def limits(state: str, variable: str) -> list[int]:
        return [c["NumericGreaterThan"] for c in states[state]["Choices"] if c.get("Variable") == variable]

    turn = 0
    (in_time, *_) = states["IsTurnOver"]["Choices"]
    longer = int(states["LengthenTurn"]["Parameters"]["seconds.$"].removesuffix(")").split(", ")[1])
    for seconds in range(longer, in_time["NumericLessThan"] + 1, longer):
        turn += seconds
    most, few = limits("IsHeld", "$.hold.looks")
    held = few * states["WaitForHold"]["Seconds"] + (most - few) * states["WaitForHoldLonger"]["Seconds"]
    for waited in (turn, held):
        assert 2.9 * DAY < waited < 3.05 * DAY
    changes = ATTEMPTS * 3600 + 2 * LONGEST_TIMEOUT_SECONDS
    once = 2 * held + changes
    way_back = turn + once + changes
    assert turn + once < 10 * DAY
    assert way_back + DAY < definition["TimeoutSeconds"] <= 365 * DAY


@pytest.mark.parametrize("timeout_seconds", [600, 3600, 28800])
def test_the_longest_update_fits_into_the_history_of_an_execution(timeout_seconds: int) -> None:
    target = replace(TARGET, timeout_seconds=timeout_seconds)
    states: States = rollout_definition(target)["States"]
    # A task leaves five events, any other state two; in each look each is entered once.
    loop = _reachable(states, start="MarkWait", without={"LookAfter", "ExplainError", "RecordVerdict"})
    loop -= {"TellRecordVerdictFailed"}
    events = sum(5 if states[name]["Type"] == "Task" else 2 for name in loop)
    assert events * timeout_seconds / target.poll_seconds < 20_000


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
        rule["Properties"]["EventPattern"]["source"][0]: rule["Properties"]
        for rule in resources("AWS::Events::Rule", "rollout")
    }


def test_only_a_decision_on_a_package_of_the_group_starts_a_rollout(
    rules: dict[str, dict[str, Any]], settings: Settings
) -> None:
    assert rules["aws.sagemaker"]["EventPattern"] == {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {
            "ModelPackageGroupName": [settings.names.package_group],
            "ModelApprovalStatus": ["Approved", "Rejected"],
        },
    }


def test_the_rollout_is_handed_the_package_and_the_decision_and_nothing_else(rules: dict[str, dict[str, Any]]) -> None:
    (target,) = rules["aws.sagemaker"]["Targets"]
    transformer = target["InputTransformer"]
    names = {path: name for name, path in transformer["InputPathsMap"].items()}
    package, decision = names.pop("$.detail.ModelPackageArn"), names.pop("$.detail.ModelApprovalStatus")
    assert not names
    assert transformer["InputTemplate"] == f'{{"ModelPackageArn":<{package}>,"ModelApprovalStatus":<{decision}>}}'


def test_a_rollout_that_ends_without_a_verdict_is_told_to_people(rules: dict[str, dict[str, Any]]) -> None:
    detail = rules["aws.states"]["EventPattern"]["detail"]
    ended, failed = detail["$or"]
    assert ended == {"status": ["ABORTED", "TIMED_OUT"]}
    assert failed["status"] == ["FAILED"]
    assert failed["error"] == [{"anything-but": ["NotRestored", "NotWithdrawn", "Refused", "RolledBack"]}]
    (target,) = rules["aws.states"]["Targets"]
    assert set(target["InputTransformer"]["InputPathsMap"].values()) == {"$.detail.status", "$.detail.executionArn"}


def test_the_addresses_of_the_settings_are_told_of_rollouts(
    synth: Callable[..., tuple[UseCaseStacks, Path]], settings: Settings, templates: dict[str, Any]
) -> None:
    def subscribed(template: dict[str, Any]) -> list[dict[str, Any]]:
        found = template["Resources"].values()
        return [each["Properties"] for each in found if each["Type"] == "AWS::SNS::Subscription"]

    assert subscribed(templates["rollout"]) == []
    notify = ("ml@example.com", "ops@example.com")
    stacks, _ = synth(settings.model_copy(update={"monitoring": Monitoring(notify=notify)}))
    template = Template.from_stack(stacks.rollout).to_json()
    (topic,) = (id_ for id_, each in template["Resources"].items() if each["Type"] == "AWS::SNS::Topic")
    assert [(each["Protocol"], each["Endpoint"], each["TopicArn"]) for each in subscribed(template)] == [
        ("email", address, {"Ref": topic}) for address in notify
    ]


def test_people_are_told_what_begins_where_and_how(states: States) -> None:
    told = states["TellBegun"]["Parameters"]
    assert (told["TopicArn"], told["Subject"]) == ("arn:topic", "shoppers-dev: rollout begun")
    assert told["Message.$"] == (
        "States.Format('Endpoint shoppers-dev begins a rollout of {}, canary; execution {}', "
        "$.ModelPackageArn, $$.Execution.Id)"
    )


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
    }


def test_the_one_role_that_is_passed_on_is_the_replay_jobs(resources: Resources) -> None:
    (statement,) = (s for s in _role_statements(resources) if "iam:PassRole" in s["Action"])
    assert statement["Resource"]["Fn::GetAtt"][0].startswith("ReplayRole")


def test_the_notifications_are_encrypted(resources: Resources) -> None:
    (topic,) = resources("AWS::SNS::Topic", "rollout")
    assert "KmsMasterKeyId" in topic["Properties"]
