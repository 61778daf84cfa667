"""The state machine's shape, its role and its rule."""

import itertools
import json
import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Template

from infra.rollout.definition import Gates, RolloutTarget, rollout_definition
from infra.rollout.gates import ATTEMPTS, GateJob, gate_states
from infra.rollout.gates import GATES as GATES_START
from infra.rollout.states import choose, true, when
from infra.stages import UseCaseStacks
from slipway.canary.statistics.evidence import Decision
from slipway.metrics import decision_datum, decision_namespace
from slipway.rollout.plan import LONGEST_TIMEOUT_SECONDS
from slipway.settings import Settings
from slipway.settings.monitoring import Monitoring

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


def _reachable(states: States, *, start: str = "BeginTurn", without: AbstractSet[str] = frozenset()) -> set[str]:
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
            assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name
            for caught in state["Catch"]:
                kept = caught.get("ResultPath", "").startswith("$.") or "$merge([$states.input" in caught["Output"]
                assert kept, f"{name} would lose everything"


def test_every_call_but_an_update_is_tried_again(states: States) -> None:
    once = {name for name, state in states.items() if state["Type"] == "Task" and "Retry" not in state}
    assert once == {"UpdateStack", "PutBack"}


def test_no_failure_is_reached_without_a_rejection_and_a_notification(states: States) -> None:
    failures = {name for name, state in states.items() if state["Type"] == "Fail"}
    withdrawn = {"NotWithdrawn"}  # its package was rejected to begin with
    short = {"NotStarted", "Stopped"}  # AWS was short of something: the package stays approved
    assert failures == {"RolledBack", "NotRestored", "Refused", *short, *withdrawn}
    # The look at the endpoint is shared; it goes on to these only after LookRestored has said so.
    back = {"IsRestored", "ExplainUnseen"}
    forward = _reachable(states, without={"RejectPackage", "RejectRefused", "IsShortage", "IsShortageRefused", *back})
    assert not forward & {*(failures - withdrawn), "LookRestored"}
    tells = {f"Tell{end}" for end in failures}
    assert not failures & _reachable(states, without=tells)


def test_every_end_of_a_rollout_is_recorded(states: States) -> None:
    for end in ("Promoted", "Refused", "RolledBack", "NotRestored", "NotStarted", "Stopped"):
        assert end in _reachable(states)
        assert end not in _reachable(states, without={f"Record{end}"})


def test_nothing_is_refused_after_the_update_has_begun(states: States) -> None:
    # The look at the endpoint is shared: only a rejection goes on to these, or a rollout that has not begun.
    others = {"ReadPackage", "IsRejectedLive", "IsAlreadyLive", "Settle"}
    begun = _reachable(states, start="MarkWait", without=others)
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
        "Variable": "$.judgement.decision",
        "NumericEquals": int(Decision.ROLL_BACK),
        "Next": "ExplainVerdict",
    }
    assert states["IsJudged"]["Default"] == "ExplainUnjudged"


def _limits(states: States, state: str, variable: str, operator: str) -> list[int]:
    return [c[operator] for c in states[state]["Choices"] if c.get("Variable") == variable and operator in c]


def _longer(states: States) -> tuple[int, int]:
    """Seconds that each wait for a turn lasts longer than the one before: a rejection's, everyone else's."""
    found = re.search(r"'Rejected' \? (\d+) : (\d+);", states["FindTurn"]["Output"])
    assert found
    return int(found.group(1)), int(found.group(2))


def _turn_waits(states: States) -> list[int]:
    """Seconds of each wait until whoever waits for its turn is refused."""
    (longest,) = _limits(states, "IsTurnOver", "$.turn.seconds", "NumericLessThanEquals")
    _, longer = _longer(states)
    return list(range(longer, longest + 1, longer))


def _hold_looks(states: States) -> tuple[int, int]:
    """Quick ones and all of them, of both holds together."""
    most, few = (number + 1 for number in _limits(states, "IsHeld", "$.hold.looks", "NumericGreaterThan"))
    assert [few - 1] == _limits(states, "IsHeldAgain", "$.hold.looks", "NumericGreaterThan")[1:]
    return few, most


def test_every_wait_ends_before_the_execution_does() -> None:
    """Three days for a turn and held, as `slipway rollout pause --help` has it; the longest update, twice."""
    definition = rollout_definition(replace(TARGET, gates=GATES))
    states: States = definition["States"]
    turn = sum(_turn_waits(states))
    few, most = _hold_looks(states)
    held = few * states["WaitForHold"]["Seconds"] + (most - few) * states["WaitForHoldLonger"]["Seconds"]
    for waited in (turn, held):
        assert 2.9 * DAY < waited < 3.05 * DAY
    changes = ATTEMPTS * 3600 + 2 * LONGEST_TIMEOUT_SECONDS
    passed = changes  # by a way back, while it was held
    once = held + passed + changes
    way_back = turn + once + changes
    assert turn + once < 8 * DAY
    assert way_back + DAY < definition["TimeoutSeconds"] <= 365 * DAY


def test_a_second_hold_goes_on_counting_where_the_first_ended() -> None:
    states: States = rollout_definition(replace(TARGET, gates=GATES))["States"]
    for start in ("ReadHold", "ReadHoldAgain"):
        (counted,) = [c for c in states[start]["Choices"] if c.get("Variable") == "$.hold"]
        assert counted["Next"] == f"AskHold{start.removeprefix('ReadHold')}"
    few, most = _hold_looks(states)
    assert 0 < few < most


def _events(states: States, *names: str) -> int:
    """Of one visit to each: a task leaves five, any other state two."""
    return sum(5 if states[name]["Type"] == "Task" else 2 for name in names)


JOB = GateJob(
    name_prefix="shoppers-dev-gates",
    image_uri="steps:0123456789abcdef",
    arguments=(),
    role_arn="arn:replay",
    kms_key_arn="arn:key",
    instance_type="ml.m5.large",
    output_uri="s3://bucket/replay",
    cost_tag="shoppers-dev",
)
TURN = ("ListRollouts", "FindTurn", "IsItsTurn", "IsTurnOver", "WaitForTurn")
PASSING = ("ReadTurn", "IsTurnFree")
UPDATE = ("MarkWait", "WaitForUpdate", "ReadUpdate", "HasTwoFleets", "Judge", "IsUpdated")
GATE_LOOK = ("WaitForGates", "ReadGates", "AreGatesPassed")
PUT_BACK_LOOK = ("WaitForPutBack", "ReadPutBack", "IsPutBack")
MOST_EVENTS = 25_000


def _longest(target: RolloutTarget) -> tuple[States, dict[str, int]]:
    """Upper bounds of events of each part of an execution that meets the worst in every one of them.

    Calls that fail and are tried again are not in it: what is left of 25,000 is enough for 300 of them.
    """
    states: States = rollout_definition(target)["States"]
    timeout = target.timeout_seconds
    gates_seconds = ATTEMPTS * JOB.max_runtime_seconds
    # After its hold it may meet a way back, which has gates, an update and perhaps a way back of its own.
    passed = itertools.accumulate(_turn_waits(states))
    turns_again = sum(1 for seconds in passed if seconds < gates_seconds + 2 * timeout) + 1
    # The judge's failure is tried again: three events more, and counted. Or the verdict is sent once more.
    judged_in_vain = 3 + _events(states, "CountUnjudged", "IsJudgeLost")
    sent_again = _events(states, "ReadFleets", "IsFleetOnItsWay", "SendBack", "IsSentBack") - _events(states, "Judge")
    judged = _events(states, "IsVerdictNew")
    update = _events(states, *UPDATE) + max(judged_in_vain, sent_again, judged)
    _, most = _hold_looks(states)
    gates = gates_seconds // states["WaitForGates"]["Seconds"] * _events(states, *GATE_LOOK)
    # The look at the endpoint is shared; what only a rollout that has gone further reaches is left out.
    further = {GATES_START, "UpdateStack", "IsCandidateLive", "IsRestored", "IsShortage", "IsShortageRefused"}
    before_gates = _reachable(states, without=further)
    return states, {
        "turn": len(_turn_waits(states)) * _events(states, *TURN),
        "turn again": turns_again * _events(states, *TURN),
        "holds": most * _events(states, "AskHold", "IsHeld", "WaitForHold"),
        "gates": gates,
        "gates again": gates,
        "update": timeout // states["WaitForUpdate"]["Seconds"] * update,
        "put back": timeout // states["WaitForPutBack"]["Seconds"] * _events(states, *PUT_BACK_LOOK),
        # Every state once more, and those before the gates a second time.
        "the rest": _events(states, *states) + _events(states, *before_gates),
    }


@pytest.mark.parametrize("timeout_seconds", [600, 3600, 5400, LONGEST_TIMEOUT_SECONDS])
def test_the_longest_rollout_fits_into_the_history_of_an_execution(timeout_seconds: int) -> None:
    gates = Gates(GATES_START, lambda then, refused: gate_states(job=JOB, then=then, refused=refused))
    _, events = _longest(replace(TARGET, gates=gates, timeout_seconds=timeout_seconds))
    assert sum(events.values()) + 300 * 3 < MOST_EVENTS, events


@pytest.mark.parametrize("timeout_seconds", [600, 3600, 5400, LONGEST_TIMEOUT_SECONDS])
def test_the_longest_way_back_fits_into_the_history_of_an_execution(timeout_seconds: int) -> None:
    """It is neither held nor refused its turn; it waits for one rollout that has begun, with its gates and way back."""
    gates = Gates(GATES_START, lambda then, refused: gate_states(job=JOB, then=then, refused=refused))
    states, events = _longest(replace(TARGET, gates=gates, timeout_seconds=timeout_seconds))
    before = ATTEMPTS * JOB.max_runtime_seconds + 2 * timeout_seconds
    cap = max(60, timeout_seconds // 60)
    assert f"$min([$seconds, {cap}])" in states["FindTurn"]["Output"]
    looks = before // cap + cap // 15  # the first waits are shorter
    turn = looks * _events(states, *TURN, *PASSING)
    parts = (turn, events["gates"], events["update"], events["put back"], events["the rest"])
    assert sum(parts) + 300 * 3 < MOST_EVENTS, parts


def test_a_rejection_that_waits_for_fourteen_days_fits_into_the_history_of_an_execution() -> None:
    definition = rollout_definition(TARGET)
    states: States = definition["States"]
    longer, _ = _longer(states)
    waits = itertools.accumulate(itertools.count(longer, longer))
    looks = sum(1 for _ in itertools.takewhile(lambda waited: waited < definition["TimeoutSeconds"], waits))
    assert looks * _events(states, *TURN, *PASSING) + _events(states, *states) < MOST_EVENTS


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
    assert failed["error"] == [
        {"anything-but": ["NotRestored", "NotStarted", "NotWithdrawn", "Refused", "RolledBack", "Stopped"]}
    ]
    (target,) = rules["aws.states"]["Targets"]
    told = {f"$.detail.{each}" for each in ("status", "executionArn", "error", "cause")}
    assert set(target["InputTransformer"]["InputPathsMap"].values()) == told


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


def test_the_rollout_speaks_for_the_judge_in_its_namespace_only_and_not_where_a_rollout_proceeds_without_evidence(
    synth: Callable[..., tuple[UseCaseStacks, Path]], settings: Settings, resources: Resources
) -> None:
    assert settings.rollout.canary_analysis.without_evidence == "proceed"
    rollouts = [p for p in resources("AWS::IAM::Policy", "rollout") if "cloudformation:UpdateStack" in json.dumps(p)]
    assert not [p for p in rollouts if "cloudwatch:PutMetricData" in json.dumps(p)]
    judge = settings.rollout.canary_analysis.model_copy(update={"without_evidence": "roll_back"})
    rollout = settings.rollout.model_copy(update={"canary_analysis": judge})
    stacks, _ = synth(settings.model_copy(update={"rollout": rollout}))
    found = Template.from_stack(stacks.rollout).to_json()["Resources"].items()
    (policy,) = (
        each["Properties"]["PolicyDocument"]["Statement"]
        for id_, each in found
        if each["Type"] == "AWS::IAM::Policy" and id_.startswith("RolloutRole")
    )
    (statement,) = (s for s in policy if s["Action"] == "cloudwatch:PutMetricData")
    assert statement["Condition"] == {"StringEquals": {"cloudwatch:namespace": decision_namespace("shoppers-dev")}}


def test_where_a_rollout_proceeds_without_evidence_a_judge_out_of_order_sends_nothing_back() -> None:
    states: States = rollout_definition(replace(TARGET, judge_proceeds=True))["States"]
    assert states["Judge"]["Catch"][0]["Next"] == "IsUpdated"
    assert not {"SendBack", "CountUnjudged"} & states.keys()


def test_the_verdict_in_the_judges_place_is_the_one_that_the_alarm_hears() -> None:
    states: States = rollout_definition(TARGET)["States"]
    sent = states["SendBack"]["Parameters"]
    (datum,) = sent["MetricData"]
    expected = decision_datum(Decision.ROLL_BACK, endpoint="shoppers-dev", config="config-2")
    name, config = datum.pop("Dimensions")
    path = "$.fleets.PendingDeploymentSummary.EndpointConfigName"
    assert (sent["Namespace"], {**datum, "Dimensions": expected["Dimensions"]}) == (
        decision_namespace("shoppers-dev"),
        expected,
    )
    assert [name, config] == [expected["Dimensions"][0], {"Name": "EndpointConfigName", "Value.$": path}]


def test_a_look_of_the_judge_ends_with_its_function_and_only_lambdas_own_failures_are_tried_again(
    resources: Resources,
) -> None:
    judge = rollout_definition(TARGET)["States"]["Judge"]
    (function,) = (f["Properties"] for f in resources("AWS::Lambda::Function", "rollout") if _is_judge(f))
    assert judge["TimeoutSeconds"] == function["Timeout"] == 30
    (retry,) = judge["Retry"]
    assert {error.partition(".")[0] for error in retry["ErrorEquals"]} == {"Lambda"}
    assert not {"Lambda.Unknown", "States.ALL"} & set(retry["ErrorEquals"])


def _is_judge(function: dict[str, Any]) -> bool:
    return str(function["Properties"].get("Description", "")).startswith("Compares the fleets")
