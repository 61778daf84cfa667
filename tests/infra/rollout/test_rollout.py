"""The function that rolls out: its settings, its role and its rules."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Template

from infra.rollout.runtime.orchestrator.run import RolloutTarget
from infra.stages import UseCaseStacks
from slipway.errors import InputError
from slipway.metrics import decision_namespace
from slipway.settings import Settings
from slipway.settings.access import Vpc
from slipway.settings.experiment import Experiment
from slipway.settings.monitoring import Monitoring
from slipway.training.replay_job import replay_arguments

Resources = Callable[..., list[dict[str, Any]]]
MOST_ENVIRONMENT_BYTES = 4096


@pytest.fixture
def function(resources: Resources) -> dict[str, Any]:
    functions = resources("AWS::Lambda::Function", "rollout")
    (found,) = (each["Properties"] for each in functions if "DurableConfig" in each["Properties"])
    return dict(found)


def target_of(function: dict[str, Any]) -> dict[str, Any]:
    """With a name for each token."""
    parts = function["Environment"]["Variables"]["ROLLOUT"]["Fn::Join"][1]
    found: dict[str, Any] = json.loads("".join(part if isinstance(part, str) else "x" * 40 for part in parts))
    return found


def test_the_function_is_given_its_one_endpoint_and_the_names_that_are_agreed_on(
    function: dict[str, Any], settings: Settings
) -> None:
    found = RolloutTarget(**target_of(function))
    names = settings.names
    assert function["FunctionName"] == names.rollout_function
    assert (found.endpoint, found.stack) == (names.endpoint, names.stack("endpoint"))
    assert (found.pause_parameter, found.queue_key) == (names.pause_parameter, names.queue_key)
    assert found.function.endswith(f":function:{names.rollout_function}:live")
    assert found.stopped_parameter == ""


def test_its_settings_fit_into_a_functions_environment_with_the_longest_names_a_network_and_all_segments(
    synth: Callable[..., tuple[UseCaseStacks, Path]], settings: Settings
) -> None:
    vpc = Vpc(
        vpc_id=f"vpc-{0:017x}",
        subnets=tuple(f"subnet-{number:017x}" for number in range(16)),
        security_groups=tuple(f"sg-{number:017x}" for number in range(5)),
    )
    columns = {**settings.data.columns, **{f"category_{number:03}": "category" for number in range(90)}}
    largest, accepted = settings, 0
    for number in range(90):
        replay = {"segments": tuple(name for name in columns if name.startswith("category_"))[: number + 1]}
        changed = settings.model_copy(
            update={
                "name": "u" * 24,
                "stage": "s" * 24,
                "access": settings.access.model_copy(update={"vpc": vpc}),
                "data": settings.data.model_copy(update={"columns": columns}),
                "experiment": Experiment(expected=0.05, effect=0.01),
                "rollout": settings.rollout.model_copy(
                    update={"replay": settings.rollout.replay.model_copy(update=replay)}
                ),
            }
        )
        try:
            replay_arguments(changed, captures="s3://captures/")
        except InputError:
            break
        largest, accepted = changed, number + 1
    assert 15 < accepted < 90
    template = json.loads(next(synth(largest)[1].glob("*-rollout.template.json")).read_text())
    durable = [each["Properties"] for each in template["Resources"].values() if _is_durable(each)]
    assert len(durable) == 2
    for function in durable:
        # A resolved name or ARN has 63 characters on average: an ARN of a function 120, a region 14, a partition 3.
        parts = function["Environment"]["Variables"]["ROLLOUT"]["Fn::Join"][1]
        text = "ROLLOUT" + "".join(part if isinstance(part, str) else "x" * 63 for part in parts)
        assert len(text.encode()) < MOST_ENVIRONMENT_BYTES


def _is_durable(resource: dict[str, Any]) -> bool:
    return resource["Type"] == "AWS::Lambda::Function" and "DurableConfig" in resource["Properties"]


def test_a_segment_too_many_is_refused_by_the_settings_and_not_by_lambda(
    synth: Callable[..., tuple[UseCaseStacks, Path]], settings: Settings
) -> None:
    columns = {**settings.data.columns, **{f"category_of_the_customer_{number:03}": "category" for number in range(70)}}
    segments = tuple(name for name in columns if name.startswith("category_of"))
    replay = settings.rollout.replay.model_copy(update={"segments": segments})
    changed = settings.model_copy(
        update={
            "data": settings.data.model_copy(update={"columns": columns}),
            "rollout": settings.rollout.model_copy(update={"replay": replay}),
        }
    )
    with pytest.raises(InputError, match=r"rollout\.replay\.segments must fit"):
        synth(changed)


def test_an_execution_may_last_fourteen_days_and_its_history_is_kept(function: dict[str, Any]) -> None:
    assert function["DurableConfig"] == {"ExecutionTimeout": 14 * 86_400, "RetentionPeriodInDays": 90}


def test_executions_under_way_keep_the_versions_that_they_began_with(resources: Resources) -> None:
    """Their own, and that of the canary analysis, which reads what its earlier polls have kept."""
    versions = resources("AWS::Lambda::Version", "rollout")
    assert [(each["DeletionPolicy"], each["UpdateReplacePolicy"]) for each in versions] == [("Retain", "Retain")] * 2
    (alias,) = resources("AWS::Lambda::Alias", "rollout")
    assert alias["Properties"]["Name"] == "live"


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


def test_the_rollout_is_given_the_package_the_decision_and_its_time_and_nothing_else(
    rules: dict[str, dict[str, Any]],
) -> None:
    (target,) = rules["aws.sagemaker"]["Targets"]
    transformer = target["InputTransformer"]
    names = {path: name for name, path in transformer["InputPathsMap"].items()}
    paths = ("$.detail.ModelPackageArn", "$.detail.ModelApprovalStatus", "$.time")
    package, decision, time = (names.pop(path) for path in paths)
    assert not names
    assert transformer["InputTemplate"] == (
        f'{{"ModelPackageArn":<{package}>,"ModelApprovalStatus":<{decision}>,"DecidedAt":<{time}>}}'
    )


def test_only_the_rule_may_start_it_and_by_its_alias(resources: Resources, rules: dict[str, dict[str, Any]]) -> None:
    (permission,) = resources("AWS::Lambda::Permission", "rollout")
    properties = permission["Properties"]
    assert properties["Principal"] == "events.amazonaws.com"
    assert properties["SourceArn"]["Fn::GetAtt"][0].startswith("RolloutDecided")
    (target,) = rules["aws.sagemaker"]["Targets"]
    assert properties["FunctionName"] == target["Arn"]


def test_people_are_notified_of_a_rollout_that_ends_without_an_outcome(
    rules: dict[str, dict[str, Any]], settings: Settings
) -> None:
    detail = rules["aws.lambda"]["EventPattern"]["detail"]
    assert rules["aws.lambda"]["EventPattern"]["detail-type"] == ["Durable Execution Status Change"]
    assert detail["status"] == ["FAILED", "STOPPED", "TIMED_OUT"]
    exact, qualified = detail["functionArn"]
    assert json.dumps(exact).endswith(f':function:{settings.names.rollout_function}"]]}}')
    assert json.dumps(qualified).endswith(f':function:{settings.names.rollout_function}:"]]}}}}')
    (target,) = rules["aws.lambda"]["Targets"]
    paths = {"$.detail.status", "$.detail.durableExecutionArn"}
    assert set(target["InputTransformer"]["InputPathsMap"].values()) == paths


def test_people_are_notified_of_a_decision_that_starts_no_rollout(
    resources: Resources, rules: dict[str, dict[str, Any]], settings: Settings
) -> None:
    """Lambda drops an event that it could not start, and EventBridge one that it could not hand over."""
    (target,) = rules["aws.lambda"]["Targets"]
    (function,) = (
        each["Properties"]
        for each in resources("AWS::Lambda::Function", "rollout")
        if "DurableConfig" in each["Properties"]
    )
    assert function["DeadLetterConfig"] == {"TargetArn": target["Arn"]}
    (alarm,) = (each["Properties"] for each in resources("AWS::CloudWatch::Alarm", "rollout"))
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Events", "FailedInvocations")
    ((dimension,), (action,)) = alarm["Dimensions"], alarm["AlarmActions"]
    assert (dimension["Name"], action) == ("RuleName", target["Arn"])
    assert dimension["Value"]["Ref"].startswith("RolloutDecided")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    policies = [each["Properties"] for each in resources("AWS::SNS::TopicPolicy", "rollout")]
    (publish,) = (
        statement
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    )
    source = json.dumps(publish["Condition"]["ArnLike"]["aws:SourceArn"])
    assert f":alarm:{settings.names.endpoint}-rollout-undelivered" in source


def test_the_addresses_of_the_settings_are_subscribed_to_notices_of_rollouts(
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


def test_the_rollout_speaks_for_the_analysis_in_its_namespace_only_and_not_where_it_proceeds_without_evidence(
    synth: Callable[..., tuple[UseCaseStacks, Path]], settings: Settings, resources: Resources
) -> None:
    assert settings.rollout.canary_analysis.without_evidence == "proceed"
    rollouts = [p for p in resources("AWS::IAM::Policy", "rollout") if "cloudformation:UpdateStack" in json.dumps(p)]
    assert not [p for p in rollouts if "cloudwatch:PutMetricData" in json.dumps(p)]
    analysis = settings.rollout.canary_analysis.model_copy(update={"without_evidence": "roll_back"})
    rollout = settings.rollout.model_copy(update={"canary_analysis": analysis})
    stacks, _ = synth(settings.model_copy(update={"rollout": rollout}))
    found = Template.from_stack(stacks.rollout).to_json()["Resources"].items()
    (policy,) = (
        each["Properties"]["PolicyDocument"]["Statement"]
        for id_, each in found
        if each["Type"] == "AWS::IAM::Policy" and id_.startswith("RolloutFunctionRole")
    )
    (statement,) = (s for s in policy if s["Action"] == "cloudwatch:PutMetricData")
    assert statement["Condition"] == {"StringEquals": {"cloudwatch:namespace": decision_namespace("shoppers-dev")}}
