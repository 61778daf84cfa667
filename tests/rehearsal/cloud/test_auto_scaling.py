"""Application Auto Scaling: targets and policies, their alarms, and what they change."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from rehearsal.cloud.auto_scaling import DIMENSION, TARGET_PREFIX, AutoScaling
from rehearsal.cloud.resources import scaling_types
from rehearsal.cloud.resources.handler import ProvisioningError
from rehearsal.cloud.sagemaker.api_errors import ApiError, validation_error
from tests.rehearsal.cloud.process import CloudProcess

PLACE = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/Shop/variant/primary",
    "ScalableDimension": DIMENSION,
}
TRACKING = {
    "TargetValue": 600.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
}
POLICY = {
    **PLACE,
    "PolicyName": "requests",
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": TRACKING,
}


class Plane:
    """The control plane with one endpoint, which notes what is asked of it, and CloudWatch."""

    def __init__(self, instances: int = 0, **described: Any) -> None:
        self.instances, self.described = instances, {"EndpointStatus": "InService", **described}
        self.alarms: dict[str, Mapping[str, Any]] = {}

    def put(self, description: Mapping[str, Any]) -> None:
        self.alarms[description["AlarmName"]] = description

    def delete(self, names: Sequence[str]) -> None:
        for name in names:
            del self.alarms[name]

    def __call__(self, operation: str, request: dict[str, Any]) -> Mapping[str, Any]:
        if request["EndpointName"] != "Shop":
            raise validation_error(f'Could not find endpoint "{request["EndpointName"]}".')
        if operation == "UpdateEndpointWeightsAndCapacities":
            if self.described["EndpointStatus"] != "InService":
                raise validation_error("Cannot update in-progress endpoint")
            self.instances = request["DesiredWeightsAndCapacities"][0]["DesiredInstanceCount"]
        variant = {
            "VariantName": "primary",
            "DesiredInstanceCount": self.instances,
            "CurrentInstanceCount": self.instances,
        }
        return {"ProductionVariants": [variant], **self.described}


def scaling_of(plane: Plane) -> AutoScaling:
    """So fast that no cooldown holds anything up."""
    return AutoScaling(plane, plane, speed=1e9)


@pytest.fixture
def scaling() -> AutoScaling:
    return scaling_of(Plane())


def test_only_an_asynchronous_endpoint_may_have_no_instances(scaling: AutoScaling) -> None:
    with pytest.raises(ApiError, match="MinCapacity must be at least 1"):
        register(scaling, MinCapacity=0)
    register(scaling_of(Plane(AsyncInferenceConfig={})), MinCapacity=0)


@pytest.mark.parametrize(("value", "instances"), [(1.0, 1), (None, 1), (9.0, 3)])
def test_an_alarm_takes_the_step_of_its_policy_within_the_range(value: float | None, instances: int) -> None:
    plane = Plane(AsyncInferenceConfig={})
    scaling = scaling_of(plane)
    register(scaling, MinCapacity=0, MaxCapacity=3)
    steps = [
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 5, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 5, "ScalingAdjustment": 8},
    ]
    policy: dict[str, Any] = {**PLACE, "PolicyName": "first", "PolicyType": "StepScaling"}
    made = scaling.api.call(
        "PutScalingPolicy", {**policy, "StepScalingPolicyConfiguration": {"StepAdjustments": steps}}
    )
    act(scaling, made["PolicyARN"], {"AlarmName": "waiting", "Threshold": 1.0}, value)
    assert plane.instances == instances


def act(scaling: AutoScaling, policy: str, alarm: Mapping[str, Any], *values: float | None) -> None:
    thread = scaling.act(policy, {**alarm, "StateReasonData": json.dumps({"recentDatapoints": values})})
    assert thread
    thread.join()


def test_a_tracked_metric_has_two_alarms_that_change_the_variant_within_its_range() -> None:
    plane = Plane(2)
    scaling = scaling_of(plane)
    register(scaling)
    made = scaling.api.call("PutScalingPolicy", POLICY)
    names = [each["AlarmName"] for each in made["Alarms"]]
    assert [name.split("-")[2] for name in names] == ["AlarmHigh", "AlarmLow"]
    high, low = (plane.alarms[name] for name in names)
    assert (high["Threshold"], high["EvaluationPeriods"], high["ComparisonOperator"]) == (
        600,
        3,
        "GreaterThanThreshold",
    )
    assert (low["Threshold"], low["EvaluationPeriods"], low["ComparisonOperator"]) == (540, 15, "LessThanThreshold")
    assert high["AlarmActions"] == low["AlarmActions"] == [made["PolicyARN"]]
    assert high["MetricName"] == "InvocationsPerInstance"
    act(scaling, made["PolicyARN"], high, 700.0, 9000.0)
    assert plane.instances == 4
    act(scaling, made["PolicyARN"], low, 0.0, 100.0, 0.0)
    assert plane.instances == 1
    changes = scaling.api.call("DescribeScalingActivities", {"ServiceNamespace": "sagemaker"})["ScalingActivities"]
    assert [change["StatusCode"] for change in changes] == ["Successful", "Successful"]
    assert names[0] in changes[1]["Cause"]
    scaling.api.call("DeregisterScalableTarget", PLACE)
    assert not plane.alarms


def test_nothing_is_scaled_while_the_endpoint_is_updated() -> None:
    plane = Plane(1, EndpointStatus="Updating")
    scaling = scaling_of(plane)
    register(scaling)
    made = scaling.api.call("PutScalingPolicy", POLICY)
    act(scaling, made["PolicyARN"], plane.alarms[made["Alarms"][0]["AlarmName"]], 9000.0)
    (change,) = scaling.api.call("DescribeScalingActivities", {"ServiceNamespace": "sagemaker"})["ScalingActivities"]
    assert (plane.instances, change["StatusCode"]) == (1, "Failed")
    assert "in-progress" in change["StatusMessage"]


def register(scaling: AutoScaling, **more: Any) -> str:
    request = {**PLACE, "MinCapacity": 1, "MaxCapacity": 4, **more}
    return str(scaling.api.call("RegisterScalableTarget", request)["ScalableTargetARN"])


def targets(scaling: AutoScaling, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = scaling.api.call(
        "DescribeScalableTargets", {"ServiceNamespace": "sagemaker", **more}
    )["ScalableTargets"]
    return found


def policies(scaling: AutoScaling, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = scaling.api.call(
        "DescribeScalingPolicies", {"ServiceNamespace": "sagemaker", **more}
    )["ScalingPolicies"]
    return found


def test_a_registered_target_is_described(scaling: AutoScaling) -> None:
    arn = register(scaling)
    (target,) = targets(scaling, ResourceIds=[PLACE["ResourceId"]])
    assert (target["ScalableTargetARN"], target["MinCapacity"], target["MaxCapacity"]) == (arn, 1, 4)
    assert target["RoleARN"].endswith("AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint")
    assert targets(scaling, ResourceIds=["endpoint/other/variant/primary"]) == []


def test_a_variant_is_scaled_from_its_registration_to_its_deregistration(scaling: AutoScaling) -> None:
    assert not scaling.is_scaled("Shop", "primary")
    register(scaling)
    assert scaling.is_scaled("shop", "primary")
    scaling.api.call("DeregisterScalableTarget", PLACE)
    assert not scaling.is_scaled("Shop", "primary")


def test_registering_again_changes_what_is_given(scaling: AutoScaling) -> None:
    arn = register(scaling)
    again = scaling.api.call("RegisterScalableTarget", {**PLACE, "MaxCapacity": 9})["ScalableTargetARN"]
    (target,) = targets(scaling)
    assert (again, target["MinCapacity"], target["MaxCapacity"]) == (arn, 1, 9)


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ({"ResourceId": "endpoint/none/variant/primary"}, "Could not find endpoint"),
        ({"ResourceId": "endpoint/Shop/variant/other"}, "has no variant other"),
        ({"ResourceId": "function:f"}, "endpoint/<name>/variant/<name>, got function:f"),
        ({"MinCapacity": 5}, "must not exceed MaxCapacity, got 5 and 4"),
        (
            {"ServiceNamespace": "lambda", "ScalableDimension": "lambda:function:ProvisionedConcurrency"},
            "only sagemaker",
        ),
        ({"ServiceNamespace": "shop"}, "enum"),
    ],
)
def test_a_target_that_aws_refuses_is_refused(scaling: AutoScaling, change: dict[str, Any], reported: str) -> None:
    with pytest.raises(ApiError, match=reported):
        register(scaling, **change)


def test_a_new_target_needs_both_capacities(scaling: AutoScaling) -> None:
    with pytest.raises(ApiError, match="MinCapacity and MaxCapacity must be given"):
        scaling.api.call("RegisterScalableTarget", PLACE)


def test_a_policy_keeps_its_arn_and_goes_with_its_target(scaling: AutoScaling) -> None:
    register(scaling)
    arn = scaling.api.call("PutScalingPolicy", POLICY)["PolicyARN"]
    assert arn.endswith(":resource/sagemaker/endpoint/Shop/variant/primary:policyName/requests")
    changed = {**POLICY, "TargetTrackingScalingPolicyConfiguration": {**TRACKING, "TargetValue": 700.0}}
    assert scaling.api.call("PutScalingPolicy", changed)["PolicyARN"] == arn
    (policy,) = policies(scaling, PolicyNames=["requests"], ResourceId=PLACE["ResourceId"])
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 700.0
    scaling.api.call("DeregisterScalableTarget", PLACE)
    assert policies(scaling) == []


def test_a_deleted_policy_is_gone(scaling: AutoScaling) -> None:
    register(scaling)
    scaling.api.call("PutScalingPolicy", POLICY)
    scaling.api.call("DeleteScalingPolicy", {**PLACE, "PolicyName": "requests"})
    with pytest.raises(ApiError, match="No scaling policy found") as caught:
        scaling.api.call("DeleteScalingPolicy", {**PLACE, "PolicyName": "requests"})
    assert caught.value.code == "ObjectNotFoundException"


@pytest.mark.parametrize(
    ("policy", "reported"),
    [
        ({key: value for key, value in POLICY.items() if not key.startswith("Target")}, "must have TargetTracking"),
        ({**POLICY, "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 1.0}}, "exactly one of Predefined"),
        (
            {
                **PLACE,
                "PolicyName": "first",
                "PolicyType": "StepScaling",
                "StepScalingPolicyConfiguration": {"AdjustmentType": "ExactCapacity"},
            },
            "must be ChangeInCapacity in the embedded AWS, got ExactCapacity",
        ),
    ],
)
def test_a_policy_that_aws_refuses_is_refused(scaling: AutoScaling, policy: dict[str, Any], reported: str) -> None:
    with pytest.raises(ApiError, match="No scalable target registered"):
        scaling.api.call("PutScalingPolicy", policy)
    register(scaling)
    with pytest.raises(ApiError, match=reported):
        scaling.api.call("PutScalingPolicy", policy)


def test_a_template_makes_changes_and_removes_both(scaling: AutoScaling) -> None:
    target, policy = scaling_types(scaling.api.call_with_template_values)
    wanted = {**PLACE, "MinCapacity": "1", "MaxCapacity": "4", "Tags": [{"Key": "aws:cloudformation:x", "Value": "y"}]}
    identifier, attributes = target.create("Target", wanted, "stack")
    assert identifier == attributes["Id"] == f"{PLACE['ResourceId']}|{DIMENSION}|sagemaker"
    rules = {key: value for key, value in POLICY.items() if key not in PLACE} | {"ScalingTargetId": identifier}
    arn, _ = policy.create("Policy", rules, "stack")
    assert policies(scaling)[0]["PolicyARN"] == arn
    target.update(identifier, wanted, {**wanted, "MaxCapacity": "6"}, "stack")
    assert targets(scaling)[0]["MaxCapacity"] == 6
    assert policy.update(arn, rules, rules, "stack")[0] == arn
    policy.delete(arn, rules)
    policy.delete(arn, rules)
    target.delete(identifier, wanted)
    target.delete(identifier, wanted)
    assert targets(scaling) == policies(scaling) == []


def test_what_a_template_cannot_have_fails_clearly(scaling: AutoScaling) -> None:
    target, policy = scaling_types(scaling.api.call_with_template_values)
    with pytest.raises(ProvisioningError, match="ScheduledActions are not supported"):
        target.create("T", {**PLACE, "MinCapacity": 1, "MaxCapacity": 2, "ScheduledActions": [{}]}, "stack")
    with pytest.raises(ProvisioningError, match=r"Service: ApplicationAutoScaling.*HandlerErrorCode: NotFound"):
        policy.create("P", POLICY, "stack")


def test_errors_are_those_of_the_wire_protocol(scaling: AutoScaling) -> None:
    body = json.dumps({**PLACE, "PolicyName": "x"}).encode()
    status, _, answer = scaling.api.handle(f"{TARGET_PREFIX}DeleteScalingPolicy", body)
    assert (status, json.loads(answer)["__type"]) == (400, "ObjectNotFoundException")


def test_an_sdk_reaches_it(cloud: CloudProcess) -> None:
    client = cloud("application-autoscaling")
    assert client.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
    with pytest.raises(client.exceptions.ValidationException, match="Could not find endpoint"):
        client.register_scalable_target(**{**PLACE, "ResourceId": "endpoint/x/variant/y"}, MinCapacity=1, MaxCapacity=2)
