"""The endpoint's methods, which read like those of CDK's own constructs."""

import json
from typing import Any

import pytest
from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from infra.endpoint.guarded_endpoint import GuardedEndpoint
from infra.stages import UseCaseStacks
from slipway.guardrails.published_metrics import METRIC_NAMES
from slipway.settings import Settings

METRICS = [
    ("metric_invocations", "Invocations", "Sum"),
    ("metric_invocations_per_instance", "InvocationsPerInstance", "Sum"),
    ("metric_invocation_4xx_errors", "Invocation4XXErrors", "Sum"),
    ("metric_invocation_5xx_errors", "Invocation5XXErrors", "Sum"),
    ("metric_model_errors", "InvocationModelErrors", "Sum"),
    ("metric_model_latency", "ModelLatency", "Average"),
    ("metric_overhead_latency", "OverheadLatency", "Average"),
    ("metric_cpu_utilization", "CPUUtilization", "Average"),
    ("metric_memory_utilization", "MemoryUtilization", "Average"),
    ("metric_disk_utilization", "DiskUtilization", "Average"),
    ("metric_gpu_utilization", "GPUUtilization", "Average"),
    ("metric_gpu_memory_utilization", "GPUMemoryUtilization", "Average"),
]


def guarded(stacks: UseCaseStacks) -> GuardedEndpoint:
    (found,) = (c for c in stacks.endpoint.node.find_all() if isinstance(c, GuardedEndpoint))
    return found


@pytest.fixture
def endpoint(stacks: UseCaseStacks) -> GuardedEndpoint:
    return guarded(stacks)


def test_every_metric_exists_and_is_of_the_endpoints_variant(endpoint: GuardedEndpoint, settings: Settings) -> None:
    for method, name, statistic in METRICS:
        metric: cloudwatch.Metric = getattr(endpoint, method)()
        assert (metric.metric_name, metric.statistic) == (name, statistic)
        assert name in METRIC_NAMES[metric.namespace]
        assert metric.dimensions == {"EndpointName": settings.names.endpoint, "VariantName": "primary"}


def test_a_metric_takes_cloudwatchs_options(endpoint: GuardedEndpoint) -> None:
    metric = endpoint.metric_model_latency(statistic="p99", period=Duration.minutes(1), label="slowest")
    assert (metric.statistic, metric.period.to_seconds(), metric.label) == ("p99", 60, "slowest")
    fleet = {"EndpointName": "shop", "VariantName": "primary", "EndpointConfigName": "shop-2"}
    assert endpoint.metric("Invocations", dimensions_map=fleet).dimensions == fleet


def test_a_grantee_may_invoke_this_endpoint_only(unfinished: UseCaseStacks) -> None:
    user = iam.User(unfinished.endpoint, "Client")
    endpoint = guarded(unfinished)
    assert endpoint.grant_invoke(user).success
    template = Template.from_stack(unfinished.endpoint).to_json()
    statements: list[dict[str, Any]] = [
        statement
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::IAM::Policy" and "Users" in resource["Properties"]
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
    ]
    assert [statement["Action"] for statement in statements] == ["sagemaker:InvokeEndpoint"]
    resource = json.dumps(statements[0]["Resource"])
    assert f":endpoint/{endpoint.endpoint_name}" in resource
    assert "*" not in resource
