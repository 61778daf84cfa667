"""Alarms on metric math and composite alarms, from templates and from the API."""

import json
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.rehearsal.cloud.process import CloudProcess, eventually
from tests.rehearsal.cloud.stacks import deploy, outputs, reasons, remove
from tests.rehearsal.cloud.test_admission import ask

NAMESPACE = "Test/Stacks"


def query(id_: str, metric: str, statistic: str = "Sum") -> dict[str, Any]:
    place = {"Namespace": NAMESPACE, "MetricName": metric}
    # CloudFormation may bring numbers and booleans as strings.
    return {"Id": id_, "ReturnData": "false", "MetricStat": {"Metric": place, "Period": "60", "Stat": statistic}}


def share_alarm(name: str, prefix: str, **more: Any) -> dict[str, Any]:
    return {
        "AlarmName": name,
        "EvaluationPeriods": 1,
        "Threshold": 0.1,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "Metrics": [
            query("slow", f"{prefix}Latency", "TC(500:)"),
            query("requests", f"{prefix}Latency", "SampleCount"),
            {"Id": "share", "Expression": "IF(requests >= 10, slow / requests, 0)", "ReturnData": "true"},
        ],
        **more,
    }


def api_alarm(name: str, prefix: str, **more: Any) -> dict[str, Any]:
    """As PutMetricAlarm wants it."""
    alarm = share_alarm(name, prefix, **more)
    for each in alarm["Metrics"]:
        each["ReturnData"] = each["ReturnData"] == "true"
        if "MetricStat" in each:
            each["MetricStat"]["Period"] = 60
    return alarm


NUMBER = [query("slow", "Number"), {"Id": "share", "Expression": "SUM(slow)", "ReturnData": "true"}]


def resource(kind: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Type": f"AWS::CloudWatch::{kind}", "Properties": properties, **more}


def put(cloud: CloudProcess, metric: str, value: float, count: float = 20.0) -> None:
    datum = {"MetricName": metric, "Values": [value], "Counts": [count]}
    cloud("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=[datum])


def state(cloud: CloudProcess, name: str) -> str:
    found = cloud("cloudwatch").describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    alarm: dict[str, Any] = (found["MetricAlarms"] + found["CompositeAlarms"])[0]
    return str(alarm["StateValue"])


def test_a_stack_has_alarms_on_metric_math_and_composites_of_them(cloud: CloudProcess) -> None:
    rule = {"Fn::Sub": 'ALARM("${Share}") AND NOT OK("${Share.Arn}")'}
    stack = {
        "Share": resource("Alarm", share_alarm("stack-share", "Stack", AlarmDescription="slow requests")),
        "Any": resource("CompositeAlarm", {"AlarmName": "stack-any", "AlarmRule": rule}),
    }
    found = outputs(deploy(cloud, "alarms", stack, Ref={"Ref": "Any"}, Arn={"Fn::GetAtt": ["Any", "Arn"]}))
    assert found == {"Ref": "stack-any", "Arn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:stack-any"}
    eventually(lambda: state(cloud, "stack-share") == "OK")
    assert state(cloud, "stack-any") == "OK"
    put(cloud, "StackLatency", 900.0)
    eventually(lambda: state(cloud, "stack-any") == "ALARM")
    described = cloud("cloudwatch").describe_alarms(AlarmNames=["stack-share"])["MetricAlarms"][0]
    assert described["Metrics"][0]["MetricStat"]["Stat"] == "TC(500:)"
    assert described["Metrics"][2] == {
        "Id": "share",
        "Expression": "IF(requests >= 10, slow / requests, 0)",
        "ReturnData": True,
    }
    assert described["AlarmDescription"] == "slow requests"
    assert not {"MetricName", "Namespace", "Statistic", "Period"} & described.keys()
    assert json.loads(described["StateReasonData"])["recentDatapoints"] == [1.0]


def test_an_update_keeps_the_state_and_changes_the_rule(cloud: CloudProcess) -> None:
    def stack(rule: str, threshold: float) -> dict[str, Any]:
        share = share_alarm("kept-share", "Kept", Threshold=threshold)
        composite = {"AlarmName": "kept-any", "AlarmRule": rule, "Tags": [{"Key": "rule", "Value": rule[:3]}]}
        return {
            "Share": resource("Alarm", share),
            "Any": resource("CompositeAlarm", composite, DependsOn="Share"),
        }

    outputs(deploy(cloud, "kept", stack("ALARM(kept-share)", 0.1)))
    eventually(lambda: state(cloud, "kept-share") == "OK")
    outputs(deploy(cloud, "kept", stack("NOT ALARM(kept-share)", 0.2)))
    described = cloud("cloudwatch").describe_alarms(AlarmNames=["kept-share"])["MetricAlarms"][0]
    assert (described["StateValue"], described["Threshold"]) == ("OK", 0.2)
    assert state(cloud, "kept-any") == "ALARM"
    arn = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:kept-any"
    tags = cloud("cloudwatch").list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert {"Key": "rule", "Value": "NOT"} in tags
    remove(cloud, "kept")
    left = cloud("cloudwatch").describe_alarms(AlarmNamePrefix="kept", AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    assert left["MetricAlarms"] + left["CompositeAlarms"] == []


@pytest.mark.parametrize(
    ("alarm", "reported"),
    [
        (resource("Alarm", share_alarm("bad", "Bad", MetricName="Errors")), "Metrics must be given without MetricName"),
        (resource("Alarm", share_alarm("bad", "Bad", Metrics=[query("m1", "x", "TC(2:1)")])), "exactly one query"),
        (resource("CompositeAlarm", {"AlarmName": "bad", "AlarmRule": "ALARM("}), "Unsupported token"),
        (resource("CompositeAlarm", {"AlarmName": "bad", "AlarmRule": "ALARM(none)"}), "do not exist"),
        (
            resource("CompositeAlarm", {"AlarmName": "bad", "AlarmRule": "TRUE", "ActionsSuppressor": "x"}),
            "ActionsSuppressor is not supported",
        ),
    ],
)
def test_a_stack_with_an_alarm_that_cloudwatch_refuses_fails(
    cloud: CloudProcess, alarm: dict[str, Any], reported: str, request: pytest.FixtureRequest
) -> None:
    name = f"bad-{abs(hash(request.node.name))}"
    assert deploy(cloud, name, {"Alarm": alarm})["StackStatus"] == "ROLLBACK_COMPLETE"
    assert reported in reasons(cloud, name)


def test_metric_math_comes_through_the_api_too(cloud: CloudProcess) -> None:
    watch = cloud("cloudwatch")
    watch.put_metric_alarm(**api_alarm("api-share", "Api"))
    put(cloud, "ApiLatency", 900.0, count=9)
    eventually(lambda: state(cloud, "api-share") == "OK")
    put(cloud, "ApiLatency", 900.0)
    eventually(lambda: state(cloud, "api-share") == "ALARM")
    history = watch.describe_alarm_history(AlarmName="api-share", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert {item["HistorySummary"] for item in history} >= {
        "Alarm updated from INSUFFICIENT_DATA to OK",
        "Alarm updated from OK to ALARM",
    }


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ({"Namespace": NAMESPACE, "MetricName": "x"}, "Metrics must be given without Namespace, MetricName, got both"),
        ({"DatapointsToAlarm": 2}, "DatapointsToAlarm must be in 1..1, got 2"),
        ({"Metrics": [{"Id": "e1", "Expression": "m9 + 1", "ReturnData": "true", "Period": 60}]}, "got m9"),
        ({"Metrics": NUMBER}, "expression share must give a time series, got a number from SUM"),
    ],
)
def test_an_alarm_that_cloudwatch_refuses_is_refused(
    cloud: CloudProcess, change: dict[str, Any], reported: str
) -> None:
    with pytest.raises(ClientError, match=reported):
        cloud("cloudwatch").put_metric_alarm(**api_alarm("refused", "Refused", **change))
    assert cloud("cloudwatch").describe_alarms(AlarmNames=["refused"])["MetricAlarms"] == []


PLAIN = {
    "Namespace": NAMESPACE,
    "MetricName": "Plain",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"Period": 45}, "Period must be 10, 20, 30 or a multiple of 60, got 45"),
    ({"EvaluationPeriods": 1441}, "must be at most 86400 s, got 86460"),
    ({"Period": 3600, "EvaluationPeriods": 169}, "must be at most 604800 s, got 608400"),
    ({"DatapointsToAlarm": 2}, r"DatapointsToAlarm must be in 1..1, got 2"),
    ({"DatapointsToAlarm": 0}, "greater than or equal to 1"),
    ({"Threshold": float("nan")}, "Threshold must be a number, got nan"),
    ({"Threshold": float("inf")}, "Threshold must be a number, got inf"),
    ({"Threshold": None}, "Threshold must be given"),
    ({"ComparisonOperator": None}, "ComparisonOperator must be given"),
    ({"EvaluationPeriods": None}, "EvaluationPeriods must be given"),
    ({"TreatMissingData": "notbreaching"}, "TreatMissingData must be one of missing, ignore, breaching, notBreaching"),
    ({"EvaluateLowSampleCountPercentile": "maybe"}, "must be one of evaluate, ignore, got maybe"),
    ({"MetricName": None}, "MetricName or Metrics must be given"),
    ({"ExtendedStatistic": "p99"}, "either Statistic or ExtendedStatistic must be given, got both"),
    ({"Statistic": None}, "either Statistic or ExtendedStatistic must be given, got none"),
    ({"Statistic": None, "ExtendedStatistic": "p101"}, "percentages in 0..100, got p101"),
    ({"Statistic": "Median"}, "enum value set"),
    ({"AlarmName": "x" * 256}, "length less than or equal to 255"),
    ({"Unit": "Eggs"}, "enum value set"),
    ({"AlarmActions": ["arn:aws:sns:us-east-1:000000000000:t"] * 6}, "length less than or equal to 5"),
    ({"Metrics": [query("m1", "Plain")]}, "Metrics must be given without"),
    ({"ThresholdMetricId": "band"}, "ThresholdMetricId"),
]


def unchecked(cloud: CloudProcess) -> Any:
    """A client that sends what botocore itself would refuse."""
    return boto3.client(
        "cloudwatch",
        endpoint_url=cloud.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=cloud.key.id,
        aws_secret_access_key=cloud.key.secret,
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )


@pytest.mark.parametrize(("change", "reported"), REFUSED)
def test_every_alarm_that_cloudwatch_refuses_is_refused(
    cloud: CloudProcess, change: dict[str, Any], reported: str
) -> None:
    asked = {key: value for key, value in {"AlarmName": "no", **PLAIN, **change}.items() if value is not None}
    with pytest.raises(ClientError, match=reported) as error:
        unchecked(cloud).put_metric_alarm(**asked)
    found = error.value.response
    assert (found["Error"]["Code"], found["ResponseMetadata"]["HTTPStatusCode"]) == ("ValidationError", 400)
    assert cloud("cloudwatch").describe_alarms(AlarmNamePrefix="no")["MetricAlarms"] == []


def test_an_alarm_on_a_percentile_has_that_statistic_alone(cloud: CloudProcess) -> None:
    asked = {key: value for key, value in PLAIN.items() if key != "Statistic"} | {"ExtendedStatistic": "p90"}
    cloud("cloudwatch").put_metric_alarm(AlarmName="percentile", **asked)
    deploy(cloud, "percentiles", {"Alarm": resource("Alarm", {"AlarmName": "percentile-2", **asked})})
    for alarm in cloud("cloudwatch").describe_alarms(AlarmNamePrefix="percentile")["MetricAlarms"]:
        assert (alarm["ExtendedStatistic"], alarm.get("Statistic")) == ("p90", None)
    put(cloud, "Plain", 900.0)
    eventually(lambda: (state(cloud, "percentile"), state(cloud, "percentile-2")) == ("ALARM", "ALARM"))


def test_a_stack_gets_no_alarm_that_the_api_refuses(cloud: CloudProcess) -> None:
    alarms = {
        f"A{number}": resource("Alarm", {"AlarmName": f"stack-no-{number}", **PLAIN, "Period": period})
        for number, period in enumerate(("45", "0"))
    }
    assert deploy(cloud, "no-alarms", alarms)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "must" in reasons(cloud, "no-alarms")
    assert cloud("cloudwatch").describe_alarms(AlarmNamePrefix="stack-no")["MetricAlarms"] == []


def test_the_older_form_of_a_request_is_checked_alike(cloud: CloudProcess) -> None:
    """As old SDKs write it: Metrics.member.1.Id=m1."""
    form = {
        "Action": "PutMetricAlarm",
        "Version": "2010-08-01",
        "AlarmName": "form",
        "EvaluationPeriods": "1",
        "Threshold": "1",
        "ComparisonOperator": "GreaterThanThreshold",
        "Metrics.member.1.Id": "m1",
        "Metrics.member.1.ReturnData": "false",
        "Metrics.member.1.MetricStat.Metric.Namespace": NAMESPACE,
        "Metrics.member.1.MetricStat.Metric.MetricName": "Form",
        "Metrics.member.1.MetricStat.Stat": "Sum",
        "Metrics.member.1.MetricStat.Period": "60",
        "Metrics.member.2.Id": "e1",
    }

    def send(expression: str) -> bytes:
        body = urlencode({**form, "Metrics.member.2.Expression": expression}).encode()
        sent = {"Content-Type": "application/x-www-form-urlencoded"}
        headers = cloud.key.signed("POST", f"{cloud.endpoint_url}/", service="monitoring", headers=sent, body=body)
        return ask(cloud, "POST", "/", headers, body)[2]

    assert b"must give a time series" in send("SUM(m1)")
    assert b"PutMetricAlarmResponse" in send("m1 * 2")
    (alarm,) = cloud("cloudwatch").describe_alarms(AlarmNames=["form"])["MetricAlarms"]
    assert [each["Id"] for each in alarm["Metrics"]] == ["m1", "e1"]


def test_a_state_that_was_set_lasts_until_the_next_evaluation_finds_another(cloud: CloudProcess) -> None:
    watch = cloud("cloudwatch")
    watch.put_metric_alarm(**api_alarm("set", "Set"))
    eventually(lambda: state(cloud, "set") == "OK")
    watch.put_composite_alarm(AlarmName="set-above", AlarmRule="ALARM(set)")
    watch.set_alarm_state(AlarmName="set", StateValue="ALARM", StateReason="testing")
    eventually(lambda: state(cloud, "set") == "OK")

    def changes(name: str) -> list[str]:
        items = watch.describe_alarm_history(
            AlarmName=name, AlarmTypes=["MetricAlarm", "CompositeAlarm"], ScanBy="TimestampAscending"
        )["AlarmHistoryItems"]
        return [item["HistorySummary"].removeprefix("Alarm updated from ") for item in items]

    assert changes("set")[-2:] == ["OK to ALARM", "ALARM to OK"]
    assert changes("set-above")[-2:] == ["OK to ALARM", "ALARM to OK"]
    watch.set_alarm_state(AlarmName="set-above", StateValue="ALARM", StateReason="testing")
    assert state(cloud, "set-above") == "ALARM"
    with pytest.raises(ClientError, match="StateValue must be one of OK, ALARM, INSUFFICIENT_DATA, got BAD"):
        watch.set_alarm_state(AlarmName="set", StateValue="BAD", StateReason="testing")


def test_a_composites_change_is_an_event(cloud: CloudProcess) -> None:
    watch, sqs, events = cloud("cloudwatch"), cloud("sqs"), cloud("events")
    queue = sqs.create_queue(QueueName="composites")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.cloudwatch"], "detail": {"alarmName": ["reported"], "state": {"value": ["ALARM"]}}}
    events.put_rule(Name="composites", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="composites", Targets=[{"Id": "queue", "Arn": arn}])
    watch.put_composite_alarm(AlarmName="reported", AlarmRule="TRUE", AlarmDescription="always")
    message = eventually(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))[0]
    detail = json.loads(message["Body"])["detail"]
    assert detail["configuration"] == {"description": "always", "alarmRule": "TRUE"}
    assert detail["previousState"]["value"] == "INSUFFICIENT_DATA"
