"""Every private name of ministack that the adapter hooks or calls is there, and is what the adapter takes it for."""

import ast
import importlib
import importlib.metadata
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.resources import RECORDED_ONLY
from tests.rehearsal.cloud.process import PROJECT

ADAPTER = PROJECT / "rehearsal" / "cloud" / "ministack"
ACTIONS = {
    "PutMetricAlarm": "_put_metric_alarm",
    "PutCompositeAlarm": "_put_composite_alarm",
    "PutMetricData": "_put_metric_data",
    "SetAlarmState": "_set_alarm_state",
    "GetMetricData": "_get_metric_data",
    "GetMetricStatistics": "_get_metric_statistics",
}
ALARM_KEYS = ("StateValue", "StateReason", "StateUpdatedTimestamp", "AlarmArn", "EvaluationPeriods")
HISTORY = ("reason", "alarm_type", "reason_data")
VALUES = ("value", "values", "counts", "stat_values")
INVOCATION = ("input_payload", "name", "trace_id", "execution_timeout")


def used_names() -> Iterator[tuple[str, str]]:
    """(module, attribute) of everything the adapter's sources touch in ministack."""
    for path in sorted(ADAPTER.glob("*.py")):
        tree = ast.parse(path.read_text())
        modules = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ministack"):
                for name in node.names:
                    yield str(node.module), name.name
                    modules[name.asname or name.name] = f"{node.module}.{name.name}"
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
                yield modules[node.value.id], node.attr


def load(module: str, name: str) -> Any:
    found = importlib.import_module(module)
    return getattr(found, name) if hasattr(found, name) else importlib.import_module(f"{module}.{name}")


def parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_the_version_is_the_one_that_was_read() -> None:
    assert importlib.metadata.version("ministack") == "1.5.33"
    assert "ministack==1.5.33" in (PROJECT / "requirements.txt").read_text()


def test_the_search_finds_the_names() -> None:
    assert ("ministack.services.cloudwatch", "_evaluate_alarm") in set(used_names())


@pytest.mark.parametrize(("module", "name"), sorted(set(used_names())))
def test_a_name_is_there(module: str, name: str) -> None:
    assert load(module, name) is not None


@pytest.mark.parametrize(
    ("module", "name", "expected"),
    [
        ("app", "app", ["scope", "receive", "send"]),
        ("services.eventbridge", "_put_events", ["data", "allow_aws_source"]),
        ("services.cloudwatch", "_evaluate_alarm", ["alarm"]),
        ("services.cloudwatch", "_evaluate_parent_alarms", ["child", "seen"]),
        ("services.cloudwatch", "_dispatch_alarm_actions", ["alarm", "old_state", "new_state", "reason"]),
        ("services.cloudwatch", "_record_history", ["alarm_name", "old_state", "new_state", *HISTORY]),
        ("services.cloudwatch", "_store_datum", ["namespace", "name", "dims", "ts", "unit", *VALUES]),
        ("services.cloudwatch", "_dims_key", ["dims"]),
        *(("services.cloudwatch", name, ["params", "cbor_data", "is_cbor", "is_json"]) for name in ACTIONS.values()),
        ("services.cloudwatch", "_composite_rule_state", ["alarm"]),
        ("services.cloudwatch", "_error", ["code", "message", "status", "use_json", "use_cbor"]),
        ("services.cloudwatch", "_cbor_ok", ["data"]),
        ("services.cloudwatch", "_json_ok", ["data"]),
        ("services.cloudwatch", "_cbor_datapoint", ["dp"]),
        ("services.cloudwatch", "_cbor_metric_data_result", ["result"]),
        ("services.cloudwatch", "_parse_ts", ["value"]),
        ("services.cloudwatch", "_ts_iso", ["epoch"]),
        ("services.cloudformation.provisioners", "_cw_metric_alarm_record", ["name", "props"]),
        ("services.cloudwatch_logs", "_append_log_events", ["stream", "events"]),
        ("services.cloudwatch_logs", "_make_group_arn", ["name"]),
        ("services.cloudwatch_logs", "_filter_log_events", ["data"]),
        ("services.codebuild", "_start_build", ["data"]),
        ("services.ecr", "_describe_images", ["data"]),
        ("services.ecr", "_put_image", ["data"]),
        ("services.ecr", "_find_image", ["repo_name", "image_id"]),
        ("services.s3", "_get_object_data", ["bucket_name", "key", "version_id"]),
        ("services.stepfunctions", "_invoke_aws_sdk_integration", ["resource", "input_data"]),
        ("services.stepfunctions", "_api_name_to_sfn_key", ["name"]),
        ("services.stepfunctions", "_ExecutionError", ["error", "cause"]),
        ("services.eventbridge", "_dispatch_to_lambda", ["arn", "payload"]),
        ("services.lambda_durable", "_apply_update", ["rec", "upd"]),
        ("services.lambda_durable", "_parse_execution_arn", ["path_arn"]),
        ("services.lambda_durable", "_serialize_operations", ["operations", "for_event"]),
        ("services.lambda_durable", "_time_out_execution", ["rec"]),
        ("services.lambda_durable", "_to_unix_seconds", ["v"]),
        ("services.lambda_durable", "create_execution_for_invoke", ["function_arn", "version", *INVOCATION]),
        ("services.lambda_durable", "handle_stop", ["arn_path", "body"]),
        ("services.lambda_durable", "mark_execution_completed", ["arn", "result_payload", "error"]),
        ("services.lambda_durable", "schedule_resume", ["arn", "account_id", "region"]),
        ("services.lambda_svc", "_create_function", ["data"]),
        ("services.lambda_svc", "_execute_function", ["func", "event"]),
        ("services.lambda_svc", "_execution_record_for_config", ["func", "config"]),
        ("services.lambda_svc", "_func_arn", ["name"]),
        ("services.lambda_svc", "_function_qualifier_exists", ["func", "qualifier"]),
        ("services.lambda_svc", "_function_qualifier_not_found", ["func_name", "qualifier"]),
        ("services.lambda_svc", "_get_func_record_for_ref", ["function_ref"]),
        ("services.lambda_svc", "_invoke", ["name", "event", "headers", "path_qualifier", "query_params"]),
        ("services.lambda_svc", "_resolve_name_and_qualifier", ["name_or_arn"]),
        ("services.lambda_svc", "_update_config", ["name", "data"]),
        ("services.cloudformation.handlers", "_resolve_stack", ["stack_name"]),
        ("services.cloudformation.helpers", "_error", ["code", "message", "status"]),
        ("services.cloudformation.stacks", "_runs_on_worker_thread", ["resource_type"]),
        ("core.lambda_runtime", "reset", []),
    ],
)
def test_a_function_takes_what_it_is_given(module: str, name: str, expected: list[str]) -> None:
    assert parameters(load(f"ministack.{module}", name)) == expected


def test_resource_handlers_are_tables_of_functions() -> None:
    handlers = load("ministack.services.cloudformation.provisioners", "_RESOURCE_HANDLERS")
    queue = handlers["AWS::SQS::Queue"]
    assert parameters(queue["create"]) == ["logical_id", "props", "stack_name"]
    assert parameters(queue["delete"]) == ["physical_id", "props"]


def test_replacing_properties_and_stack_tags_are_tables_by_type() -> None:
    provisioners = importlib.import_module("ministack.services.cloudformation.provisioners")
    assert provisioners._REPLACING_PROPERTIES["AWS::IAM::User"] == ("UserName",)
    assert provisioners._STACK_TAG_PROPERTY["AWS::CloudWatch::Alarm"] == ("Tags", "list")


@pytest.mark.parametrize(
    ("module", "caller", "called"),
    [
        ("codebuild", "_handle_request_sync", "_start_build"),
        ("cloudwatch_logs", "handle_request", "_filter_log_events"),
        ("ecr", "handle_request", "_describe_images"),
        ("stepfunctions", "_invoke_resource", "_invoke_aws_sdk_integration"),
        ("cloudwatch", "_evaluate_all_alarms", "_evaluate_alarm"),
        ("cloudwatch", "_set_alarm_state", "_record_history"),
        *(("cloudwatch", "handle_request", f'"{action}": {name}') for action, name in ACTIONS.items()),
        ("cloudwatch", "_evaluate_parent_alarms", "_composite_rule_state(parent)"),
        ("cloudwatch", "_put_composite_alarm", "_composite_rule_state(alarm)"),
        ("cloudwatch", "_evaluate_parent_alarms", "_transition_composite(parent"),
        ("cloudwatch", "_transition_composite", '_record_history(alarm["AlarmName"]'),
        ("cloudwatch", "_set_alarm_state", "_evaluate_parent_alarms(alarm)"),
        ("cloudwatch", "_describe_alarms", "_cbor_alarm(a) for a in metric_alarms"),
        ("cloudformation.provisioners", "_cw_metric_alarm_put", "_cw_metric_alarm_record(name, props)"),
        ("cloudformation.provisioners", "_cw_metric_alarm_create", "_cw_metric_alarm_put(name, props)"),
        ("cloudformation.provisioners", "_cw_metric_alarm_update", "_cw_metric_alarm_put(name, new_props)"),
        ("cloudwatch_logs", "_put_log_events", "_append_log_events(s, stored)"),
        ("lambda_svc", "_emit_lambda_logs", "_cwl._append_log_events(stream"),
        ("lambda_svc", "handle_request", "_create_function(data)"),
        ("lambda_svc", "handle_request", "_invoke("),
        ("lambda_svc", "handle_request", "_update_config(func_name, data)"),
        ("cloudformation.provisioners", "_lambda_update", "_lambda_svc._update_config(name, config_data)"),
        ("lambda_durable", "handle_checkpoint", "_apply_update("),
        ("lambda_durable", "create_execution_for_invoke", "schedule_resume("),
        ("lambda_durable", "handle_callback_success", "schedule_resume("),
        ("lambda_durable", "_execution_summary", "_to_unix_seconds("),
        ("lambda_durable", "try_route", "handle_stop("),
        ("eventbridge", "_invoke_target", "_dispatch_to_lambda("),
        ("cloudformation.stacks", "_deploy_stack_async", "if _runs_on_worker_thread(resource_type):"),
        *(("cloudwatch", "_put_metric_alarm", f'"{key}"') for key in ALARM_KEYS),
        *(("cloudwatch", "_store_datum", f'"{key}"') for key in ("Timestamp", "Unit", "Value", "Count", "_stat")),
        ("cloudwatch", "_cbor_strip_none", "if v is not None"),
        ("cloudwatch", "_cbor_ok", "_cbor_strip_none(data)"),
        ("cloudwatch_logs", "_put_log_events", '"message": msg'),
        ("stepfunctions", "_parse_wait_scale", 'os.environ.get("SFN_WAIT_SCALE", "1")'),
    ],
)
def test_what_is_replaced_or_read_stands_in_the_function_that_is_called(module: str, caller: str, called: str) -> None:
    source = inspect.getsource(load(f"ministack.services.{module}", caller))
    assert called in source


@pytest.mark.parametrize(
    "kind", ["AWS::CloudWatch::CompositeAlarm", "AWS::ApplicationAutoScaling::ScalableTarget", *sorted(RECORDED_ONLY)]
)
def test_a_type_that_is_added_is_not_there_already(kind: str) -> None:
    handlers = load("ministack.services.cloudformation.provisioners", "_RESOURCE_HANDLERS")
    assert kind not in handlers


def test_routing_goes_by_the_target_header_first() -> None:
    router = importlib.import_module("ministack.core.router")
    assert router.SERVICE_PATTERNS["kms"]["target_prefixes"] == ["TrentService"]
    assert router.detect_service("POST", "/", {"x-amz-target": "TrentService.CreateKey"}, {}) == "kms"
    claimed = [p for each in router.SERVICE_PATTERNS.values() for p in each.get("target_prefixes", ())]
    for ours in ("SageMaker.", "AnyScaleFrontendService."):
        assert not [prefix for prefix in claimed if f"{ours}Any".startswith(prefix) and prefix != ours]


@pytest.mark.parametrize("name", ["GATEWAY_PORT", "MINISTACK_HOST", "MINISTACK_REGION"])
def test_the_environment_is_read_at_import_as_the_process_expects(name: str) -> None:
    package = Path(str(importlib.import_module("ministack").__file__)).parent
    assert any(f'"{name}"' in path.read_text() for path in (package / "app.py", package / "services/s3.py"))
