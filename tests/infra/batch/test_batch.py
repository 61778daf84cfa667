"""The stack that scores files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.batch.query_machine import DEFINITION
from infra.stages import UseCaseStacks
from slipway.settings import Settings, parse_settings
from slipway.training.unload import unload_statement
from tests.infra.asl_files import substituted

Synth = Callable[..., tuple[UseCaseStacks, Path]]


def templates_of(synth: Synth, settings: Settings, batch: dict[str, Any] | None) -> dict[str, Any]:
    _, assembly = synth(parse_settings(settings.model_dump() | {"batch": batch}, source="test"))
    return {path.name.split(".")[0]: json.loads(path.read_text()) for path in assembly.glob("*.template.json")}


QUERY = {
    "sql": "SELECT * FROM sessions WHERE note = 'a \"b\" {% c' -- {% yesterday\n  AND day = current_date",
    "database": "shop",
    "tables": ["sessions"],
    "locations": ["s3://shop-lake/sessions/"],
}


@pytest.fixture(scope="module")
def scheduled(synth: Synth, settings: Settings) -> dict[str, Any]:
    batch = {"schedule": "cron(0 6 * * ? *)", "timezone": "Europe/Berlin", "keep_days": 30}
    return templates_of(synth, settings, batch)


def of_type(template: dict[str, Any], type_: str) -> list[dict[str, Any]]:
    return [each["Properties"] for each in template["Resources"].values() if each["Type"] == type_]


def test_without_batch_there_is_no_stack_and_no_other_resource(
    synth: Synth, settings: Settings, scheduled: Any
) -> None:
    without = templates_of(synth, settings, None)
    assert scheduled.keys() - without.keys() == {"shoppers-dev-batch"}
    for name, template in without.items():
        assert template["Resources"].keys() == scheduled[name]["Resources"].keys(), name


def test_what_led_to_results_expires_with_them(scheduled: dict[str, Any]) -> None:
    buckets = of_type(scheduled["shoppers-dev-storage"], "AWS::S3::Bucket")
    rules = [rule for bucket in buckets for rule in bucket["LifecycleConfiguration"]["Rules"]]
    assert [rule["ExpirationInDays"] for rule in rules if rule.get("Prefix") == "batch/"] == [30]


def test_the_schedule_starts_the_pipeline(scheduled: dict[str, Any]) -> None:
    (schedule,) = of_type(scheduled["shoppers-dev-batch"], "AWS::Scheduler::Schedule")
    assert (schedule["ScheduleExpression"], schedule["ScheduleExpressionTimezone"]) == (
        "cron(0 6 * * ? *)",
        "Europe/Berlin",
    )
    assert "Input" not in schedule["Target"]
    assert json.dumps(schedule["Target"]["Arn"]).endswith(':pipeline/shoppers-dev-batch"]]}')


def test_a_failed_or_refused_execution_raises_an_alarm_that_notifies(scheduled: dict[str, Any]) -> None:
    alarms = {each["AlarmName"]: each for each in of_type(scheduled["shoppers-dev-batch"], "AWS::CloudWatch::Alarm")}
    assert alarms.keys() == {"shoppers-dev-batch-failed", "shoppers-dev-batch-schedule"}
    alarm = alarms["shoppers-dev-batch-failed"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Sagemaker/ModelBuildingPipeline", "ExecutionFailed")
    assert alarm["Dimensions"] == [{"Name": "PipelineName", "Value": "shoppers-dev-batch"}]
    assert [len(each["AlarmActions"]) for each in alarms.values()] == [1, 1]


@pytest.fixture(scope="module")
def by_query(synth: Synth, settings: Settings) -> dict[str, Any]:
    return templates_of(synth, settings, {"schedule": "cron(0 6 * * ? *)", "query": QUERY})


def test_with_a_query_the_schedule_starts_the_machine_that_runs_it(by_query: dict[str, Any]) -> None:
    (schedule,) = of_type(by_query["shoppers-dev-batch"], "AWS::Scheduler::Schedule")
    assert schedule["Target"]["Input"] == "{}"
    machine = schedule["Target"]["Arn"]["Ref"]
    assert by_query["shoppers-dev-batch"]["Resources"][machine]["Type"] == "AWS::StepFunctions::StateMachine"


def test_the_query_reaches_athena_as_it_was_written(by_query: dict[str, Any]) -> None:
    (machine,) = of_type(by_query["shoppers-dev-batch"], "AWS::StepFunctions::StateMachine")
    given = {name: value for name, value in machine["DefinitionSubstitutions"].items() if isinstance(value, str)}
    states = substituted(DEFINITION, given | {"Bucket": "b"})["States"]
    parts = states["NameFolders"]["Assign"]
    assert parts["before"] + "s3://b/x/" + parts["after"] == unload_statement(str(QUERY["sql"]).strip(), "s3://b/x/")
    assert not parts["before"].startswith("{%")


def test_a_failed_query_is_in_the_notices(by_query: dict[str, Any]) -> None:
    rules = of_type(by_query["shoppers-dev-monitoring"], "AWS::Events::Rule")
    (rule,) = [rule for rule in rules if "batch-query" in json.dumps(rule["EventPattern"])]
    assert rule["EventPattern"]["detail"]["status"] == ["ABORTED", "FAILED", "TIMED_OUT"]
