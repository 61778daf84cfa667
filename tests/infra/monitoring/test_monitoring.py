"""What is monitored once a model is live."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Template

from infra.monitoring.cost_note import cost_note
from infra.stages import UseCaseStacks
from slipway.costs.cost_estimate import instance_lines, planned_run, serving_month, total
from slipway.costs.prices import load_prices
from slipway.settings import Settings
from slipway.settings.monitoring import Monitoring
from slipway.settings.schedule import EndpointSchedule

Resources = Callable[..., list[dict[str, Any]]]
Synth = Callable[..., tuple[UseCaseStacks, Path]]


@pytest.fixture(scope="module")
def watched(synth: Synth, settings: Settings) -> dict[str, Any]:
    """The template with everything switched on."""
    monitoring = Monitoring(retrain=True, notify=("ml@example.com",), drift_hours=2, max_input_drift=0.4)
    stacks, _ = synth(settings.model_copy(update={"monitoring": monitoring}))
    return Template.from_stack(stacks.monitoring).to_json()


def of_type(template: dict[str, Any], type_: str) -> list[dict[str, Any]]:
    return [r["Properties"] for r in template["Resources"].values() if r["Type"] == type_]


def text(value: Any) -> str:
    """A joined string with `*` for its tokens."""
    if isinstance(value, str):
        return value
    return "".join(part if isinstance(part, str) else "*" for part in value["Fn::Join"][1])


def test_drift_alarms_evaluate_whole_hours_of_the_endpoint(watched: dict[str, Any], settings: Settings) -> None:
    alarms = {alarm["MetricName"]: alarm for alarm in of_type(watched, "AWS::CloudWatch::Alarm")}
    assert alarms.keys() == {"PredictionDrift", "InputDrift"}
    assert alarms["InputDrift"]["Threshold"] == 0.4
    for alarm in alarms.values():
        assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (3600, 2, 2)
        dimensions = {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]}
        assert dimensions == {"EndpointName": settings.names.endpoint, "VariantName": "primary"}


def test_no_drift_alarm_can_roll_a_rollout_back(watched: dict[str, Any], templates: dict[str, Any]) -> None:
    (endpoint,) = of_type(templates["endpoint"], "AWS::SageMaker::Endpoint")
    rollback = json.dumps(endpoint["DeploymentConfig"]["AutoRollbackConfiguration"])
    assert not any(alarm["AlarmName"] in rollback for alarm in of_type(watched, "AWS::CloudWatch::Alarm"))


def test_drift_and_every_end_of_training_are_published(watched: dict[str, Any]) -> None:
    (topic_id,) = (id_ for id_, r in watched["Resources"].items() if r["Type"] == "AWS::SNS::Topic")
    assert all(alarm["AlarmActions"] == [{"Ref": topic_id}] for alarm in of_type(watched, "AWS::CloudWatch::Alarm"))
    (rule,) = [r for r in of_type(watched, "AWS::Events::Rule") if r["EventPattern"]["source"] == ["aws.sagemaker"]]
    assert rule["EventPattern"]["detail"]["currentPipelineExecutionStatus"] == ["Succeeded", "Failed", "Stopped"]
    assert rule["Targets"][0]["Arn"] == {"Ref": topic_id}
    (subscription,) = of_type(watched, "AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "ml@example.com")


def test_failed_executions_of_every_machine_and_durable_function_are_published(
    synth: Synth, settings: Settings
) -> None:
    monitoring = Monitoring(retrain=True, schedule="cron(0 * ? * * *)")
    endpoint = settings.endpoint.model_copy(
        update={"schedule": EndpointSchedule(start="cron(0 7 ? * 2-6 *)", stop="cron(0 19 ? * * *)")}
    )
    stacks, _ = synth(settings.model_copy(update={"monitoring": monitoring, "endpoint": endpoint}))
    found = [
        each for stack in vars(stacks).values() for each in Template.from_stack(stack).to_json()["Resources"].values()
    ]
    rules = [r["Properties"]["EventPattern"] for r in found if r["Type"] == "AWS::Events::Rule"]

    machines = {r["Properties"]["StateMachineName"] for r in found if r["Type"] == "AWS::StepFunctions::StateMachine"}
    failed = [rule["detail"] for rule in rules if rule["source"] == ["aws.states"]]
    for detail in failed:
        assert detail["status"] == ["ABORTED", "FAILED", "TIMED_OUT"]
    assert {text(arn).rpartition(":")[2] for detail in failed for arn in detail["stateMachineArn"]} == machines
    assert len(machines) == 2

    functions = {
        r["Properties"]["FunctionName"]
        for r in found
        if r["Type"] == "AWS::Lambda::Function" and "DurableConfig" in r["Properties"]
    }
    lost = [rule["detail"] for rule in rules if rule["source"] == ["aws.lambda"]]
    for detail in lost:
        assert detail["status"] == ["FAILED", "STOPPED", "TIMED_OUT"]
    assert {text(detail["functionArn"][0]).rpartition(":")[2] for detail in lost} == functions
    assert len(functions) == 2


def test_drift_starts_training_only_on_request(watched: dict[str, Any], templates: dict[str, Any]) -> None:
    assert of_type(templates["monitoring"], "AWS::StepFunctions::StateMachine") == []
    (rule,) = [r for r in of_type(watched, "AWS::Events::Rule") if r["EventPattern"]["source"] == ["aws.cloudwatch"]]
    names = {alarm["AlarmName"] for alarm in of_type(watched, "AWS::CloudWatch::Alarm")}
    assert set(rule["EventPattern"]["detail"]["alarmName"]) == names
    assert rule["EventPattern"]["detail"]["state"] == {"value": ["ALARM"]}


def test_the_dashboard_shows_both_fleets_of_a_rollout(watched: dict[str, Any], settings: Settings) -> None:
    (dashboard,) = of_type(watched, "AWS::CloudWatch::Dashboard")
    assert dashboard["DashboardName"] == settings.names.prefix
    shown = json.dumps(json.loads(text(dashboard["DashboardBody"]))["widgets"])
    plain = shown.replace('\\"', "").replace("\\", "")
    for metric in ("Invocations", "Invocation5XXErrors", "ModelLatency"):
        schema = "{AWS/SageMaker,EndpointName,VariantName,EndpointConfigName}"
        assert f"{schema} {settings.names.endpoint} MetricName={metric}" in plain
    assert "ExecutionFailed" in shown
    assert f"{{Slipway/Rollout/{settings.names.endpoint},EndpointName,EndpointConfigName}}" in plain


def test_the_dashboard_shows_what_serving_and_training_cost_and_by_which_prices(
    watched: dict[str, Any], settings: Settings
) -> None:
    (dashboard,) = of_type(watched, "AWS::CloudWatch::Dashboard")
    markdown = json.loads(text(dashboard["DashboardBody"]))["widgets"][0]["properties"]["markdown"]
    prices = load_prices()
    month = total(serving_month(settings, prices, instances=settings.endpoint.instance_count, traffic=None))
    run = total(instance_lines(planned_run(settings, job_minutes=5), prices))
    assert f"A month of serving costs **${month:,.2f}**" in markdown
    assert f"a run of the pipeline **${run:,.2f}** at 5 minutes a job" in markdown
    assert f"list prices of {prices.as_of} in us-east-1." in markdown


def test_a_region_with_prices_of_its_own_is_named_beside_the_cost(settings: Settings) -> None:
    abroad = settings.model_copy(update={"region": "eu-central-1"})
    assert cost_note(abroad, load_prices()).endswith("in us-east-1, those of eu-central-1 differ.")


def test_an_instance_type_without_a_price_stops_no_deployment(settings: Settings) -> None:
    endpoint = settings.endpoint.model_copy(update={"instance_type": "ml.x9.mega"})
    note = cost_note(settings.model_copy(update={"endpoint": endpoint}), load_prices())
    assert note == f"The price table of {load_prices().as_of} does not have every instance type that it uses."
