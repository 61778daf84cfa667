"""Endpoints with a queue: what is deployed, and what its role may do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from infra.stages import UseCaseStacks
from slipway.endpoint_kinds import ASYNCHRONOUS
from slipway.guardrails import lint
from slipway.guardrails.template import from_template
from slipway.settings import Settings

Synth = Callable[..., tuple[UseCaseStacks, Path]]
Resources = dict[str, list[dict[str, Any]]]


def by_type(stack: cdk.Stack) -> Resources:
    found: Resources = {}
    for resource in Template.from_stack(stack).to_json()["Resources"].values():
        found.setdefault(resource["Type"], []).append(resource.get("Properties", {}))
    return found


@pytest.fixture(scope="module")
def stacks(synth: Synth, settings: Settings) -> UseCaseStacks:
    document = settings.model_dump()
    queue = {"max_concurrent_invocations": 3, "keep_days": 9, "scaling": {"max_instance_count": 6}}
    document["endpoint"] |= {"kind": "asynchronous", "capture_percent": 0, "asynchronous": queue}
    document["rollout"]["canary_analysis"]["value"] = False
    return synth(Settings.model_validate(document))[0]


@pytest.fixture(scope="module")
def endpoint(stacks: UseCaseStacks) -> Resources:
    return by_type(stacks.endpoint)


def test_its_config_has_the_queues_places_topics_and_concurrency(endpoint: Resources) -> None:
    (config,) = endpoint["AWS::SageMaker::EndpointConfig"]
    queue = config["AsyncInferenceConfig"]
    output = queue["OutputConfig"]
    assert queue["ClientConfig"] == {"MaxConcurrentInvocationsPerInstance": 3}
    places = [json.dumps(output[place]) for place in ("S3OutputPath", "S3FailurePath")]
    assert [place.partition("/asynchronous/")[2].partition('"')[0] for place in places] == ["output", "failure"]
    assert output["KmsKeyId"]
    assert output["NotificationConfig"].keys() == {"SuccessTopic", "ErrorTopic"}
    assert all("KmsMasterKeyId" in topic for topic in endpoint["AWS::SNS::Topic"])
    assert "DataCaptureConfig" not in config


def test_its_role_reads_requests_writes_responses_and_notifies_and_no_more(endpoint: Resources) -> None:
    statements = [
        statement
        for policy in endpoint["AWS::IAM::Policy"]
        for statement in policy["PolicyDocument"]["Statement"]
        if "asynchronous" in json.dumps(statement) or "sns:Publish" in json.dumps(statement)
    ]
    allowed = {json.dumps(each["Action"]): json.dumps(each["Resource"]) for each in statements}
    assert allowed.keys() == {'"s3:GetObject"', '["s3:AbortMultipartUpload", "s3:PutObject"]', '"sns:Publish"'}
    assert "asynchronous/input/*" in allowed['"s3:GetObject"']
    written = allowed['["s3:AbortMultipartUpload", "s3:PutObject"]']
    assert ("output/*" in written, "failure/*" in written, "input/*" in written) == (True, True, False)


def test_it_scales_by_its_backlog_to_zero_and_back(endpoint: Resources) -> None:
    (target,) = endpoint["AWS::ApplicationAutoScaling::ScalableTarget"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (0, 6)
    tracking, step = sorted(
        endpoint["AWS::ApplicationAutoScaling::ScalingPolicy"], key=lambda policy: policy["PolicyType"], reverse=True
    )
    (metric,) = [tracking["TargetTrackingScalingPolicyConfiguration"]["CustomizedMetricSpecification"]]
    assert metric["MetricName"] == "ApproximateBacklogSizePerInstance"
    assert step["StepScalingPolicyConfiguration"]["StepAdjustments"] == [
        {"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}
    ]
    (alarm,) = [a for a in endpoint["AWS::CloudWatch::Alarm"] if a.get("MetricName") == "HasBacklogWithoutCapacity"]
    assert len(alarm["AlarmActions"]) == 1


def test_a_rollout_begins_with_the_configs_instances_and_the_linter_finds_no_error(stacks: UseCaseStacks) -> None:
    template = Template.from_stack(stacks.endpoint).to_json()
    (planned,) = from_template(template)
    assert (planned.kind, planned.retained, planned.instances) == (ASYNCHRONOUS, frozenset(), 4)
    assert [str(found) for found in lint(planned) if found.severity == "error"] == []


def test_requests_and_responses_are_deleted_after_the_days_that_they_are_kept(stacks: UseCaseStacks) -> None:
    rules = [
        rule
        for bucket in by_type(stacks.storage)["AWS::S3::Bucket"]
        for rule in bucket["LifecycleConfiguration"]["Rules"]
    ]
    assert {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule}["asynchronous/"] == 9


def test_a_long_or_old_queue_raises_an_alarm_that_notifies(stacks: UseCaseStacks) -> None:
    alarms = {alarm["MetricName"]: alarm for alarm in by_type(stacks.monitoring)["AWS::CloudWatch::Alarm"]}
    for name, limit in (("ApproximateBacklogSize", 1000), ("ApproximateAgeOfOldestRequest", 3600)):
        assert (alarms[name]["Threshold"], len(alarms[name]["AlarmActions"])) == (limit, 1)
