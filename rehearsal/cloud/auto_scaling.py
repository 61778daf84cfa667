"""Application Auto Scaling of endpoint variants: stored, checked and described; only step scaling is applied.

A target tracking policy on AWS evaluates minutes of traffic for as long as the endpoint lives. A rehearsal lasts about
a minute and its fleets are one process each, whatever their instance count: acting on it here would show nothing true.
A step follows an alarm: by it an asynchronous endpoint without instances gets its first one.
"""

import datetime as dt
import json
import logging
import math
import re
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.cloud.environment import ACCOUNT, REGION
from rehearsal.cloud.sagemaker.api_errors import ApiError, validation_error
from rehearsal.cloud.sagemaker.json_protocol import Action, Api

TARGET_PREFIX = "AnyScaleFrontendService."
DIMENSION = "sagemaker:variant:DesiredInstanceCount"
Record = dict[str, Any]
Target = tuple[str, str]
"""ResourceId and ScalableDimension."""

_VARIANT = re.compile(r"endpoint/([^/]+)/variant/([^/]+)")
_TARGET_TRACKING, _STEP_SCALING = "TargetTrackingScaling", "StepScaling"
_log = logging.getLogger(__name__)


class AutoScaling:
    """Attributes: api: answers requests."""

    def __init__(self, call_api: Callable[[str, dict[str, Any]], Mapping[str, Any]]) -> None:
        """`call_api` is the control plane's: operation and request."""
        self._call_api = call_api
        self._targets: dict[Target, Record] = {}
        self._policies: dict[tuple[Target, str], Record] = {}
        actions: dict[str, Action] = {
            "RegisterScalableTarget": self.register,
            "DescribeScalableTargets": self.describe_targets,
            "DeregisterScalableTarget": self.deregister,
            "PutScalingPolicy": self.put_policy,
            "DescribeScalingPolicies": self.describe_policies,
            "DeleteScalingPolicy": self.delete_policy,
        }
        self.api = Api(actions, threading.RLock(), service="application-autoscaling")

    def register(self, request: Record) -> Record:
        """Registering again changes what is given, and keeps the rest."""
        target = _target(request)
        known = self._targets.get(target, {})
        if not known:
            self._check_variant(request["ResourceId"])
        arn = known.get("ScalableTargetARN") or (
            f"arn:aws:application-autoscaling:{REGION}:{ACCOUNT}:scalable-target/{uuid.uuid4().hex[:24]}"
        )
        record = {"CreationTime": _now(), **known, **request, "ScalableTargetARN": arn, "RoleARN": _role()}
        low, high = record.get("MinCapacity"), record.get("MaxCapacity")
        if low is None or high is None:
            raise validation_error("MinCapacity and MaxCapacity must be given for a new scalable target")
        if not 0 <= low <= high:
            raise validation_error(f"MinCapacity must not exceed MaxCapacity, got {low} and {high}")
        if low == 0 and not self._waits(request["ResourceId"]):
            raise validation_error("MinCapacity must be at least 1 for an endpoint that is not asynchronous, got 0")
        self._targets[target] = record
        return {"ScalableTargetARN": arn}

    def is_scaled(self, endpoint: str, variant: str) -> bool:
        """Whether a variant is a registered target, however many policies it has."""
        wanted = f"endpoint/{endpoint}/variant/{variant}".lower()
        return any(resource.lower() == wanted for resource, _ in self._targets)

    def _check_variant(self, resource_id: str) -> None:
        found = _VARIANT.fullmatch(resource_id)
        if found is None:
            raise validation_error(f"ResourceId must be endpoint/<name>/variant/<name>, got {resource_id}")
        variants = self._describe(found[1])
        if found[2] not in {variant["VariantName"] for variant in variants}:
            raise validation_error(f"endpoint {found[1]} has no variant {found[2]}")

    def _waits(self, resource_id: str) -> bool:
        endpoint = resource_id.split("/")[1]
        return "AsyncInferenceConfig" in self._call_api("DescribeEndpoint", {"EndpointName": endpoint})

    def _describe(self, endpoint: str) -> list[Record]:
        found: list[Record] = self._call_api("DescribeEndpoint", {"EndpointName": endpoint})["ProductionVariants"]
        return found

    def step(self, policy_arn: str, alarm: Mapping[str, Any]) -> threading.Thread:
        """Apply a step policy of an alarm that has gone off; on a thread of its own, for it calls the API."""
        thread = threading.Thread(target=self._step, args=(policy_arn, alarm), name="scaling", daemon=True)
        thread.start()
        return thread

    def _step(self, policy_arn: str, alarm: Mapping[str, Any]) -> None:
        policy = next((each for each in self._policies.values() if each["PolicyARN"] == policy_arn), None)
        target = policy and self._targets.get(_target(policy))
        if not policy or not target or policy["PolicyType"] != _STEP_SCALING:
            return
        _, endpoint, _, name = str(target["ResourceId"]).split("/")
        try:
            current = next(v["DesiredInstanceCount"] for v in self._describe(endpoint) if v["VariantName"] == name)
            step = _adjustment(policy[f"{_STEP_SCALING}PolicyConfiguration"], beyond=_beyond(alarm))
            wanted = min(max(current + step, target["MinCapacity"]), target["MaxCapacity"])
            change = {"VariantName": name, "DesiredInstanceCount": wanted}
            self._call_api(
                "UpdateEndpointWeightsAndCapacities",
                {"EndpointName": endpoint, "DesiredWeightsAndCapacities": [change]},
            )
        except ApiError as exc:  # as while an update is under way: the activity has failed
            _log.warning("endpoint %s was not scaled: %s", endpoint, exc)

    def describe_targets(self, request: Record) -> Record:
        wanted = request.get("ResourceIds")
        found = [record for record in self._targets.values() if not wanted or record["ResourceId"] in wanted]
        return {"ScalableTargets": _of_dimension(found, request)}

    def deregister(self, request: Record) -> Record:
        target = self._known(request)
        del self._targets[target]
        self._policies = {key: policy for key, policy in self._policies.items() if key[0] != target}
        return {}

    def _known(self, request: Record) -> Target:
        target = _target(request)
        if target not in self._targets:
            place = f"service namespace: sagemaker, resource ID: {target[0]}, scalable dimension: {target[1]}"
            raise ApiError("ObjectNotFoundException", f"No scalable target registered for {place}")
        return target

    def put_policy(self, request: Record) -> Record:
        target, name = self._known(request), request["PolicyName"]
        known = self._policies.get((target, name), {})
        kind = request.get("PolicyType") or known.get("PolicyType", _STEP_SCALING)
        configuration = f"{kind}PolicyConfiguration"
        if configuration not in request:
            raise validation_error(f"a policy of type {kind} must have {configuration}")
        tracked = request.get("TargetTrackingScalingPolicyConfiguration", {})
        if kind == _TARGET_TRACKING and not (
            bool(tracked.get("PredefinedMetricSpecification")) ^ bool(tracked.get("CustomizedMetricSpecification"))
        ):
            raise validation_error(
                "exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be given"
            )
        arn = known.get("PolicyARN") or (
            f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:scalingPolicy:{uuid.uuid4()}:resource/sagemaker/{target[0]}"
            f":policyName/{name}"
        )
        self._policies[target, name] = {
            "CreationTime": known.get("CreationTime") or _now(),
            **request,
            "PolicyType": kind,
            "PolicyARN": arn,
            "Alarms": [],
        }
        return {"PolicyARN": arn, "Alarms": []}

    def describe_policies(self, request: Record) -> Record:
        names, resource = request.get("PolicyNames"), request.get("ResourceId")
        found = [
            policy
            for policy in self._policies.values()
            if (not names or policy["PolicyName"] in names) and (not resource or policy["ResourceId"] == resource)
        ]
        return {"ScalingPolicies": _of_dimension(found, request)}

    def delete_policy(self, request: Record) -> Record:
        key = (_target(request), request["PolicyName"])
        if key not in self._policies:
            raise ApiError("ObjectNotFoundException", f"No scaling policy found for policy name: {key[1]}")
        del self._policies[key]
        return {}


def _beyond(alarm: Mapping[str, Any]) -> float:
    """How far the newest datapoint is above the alarm's threshold."""
    reason = alarm.get("StateReasonData") or "{}"
    points = json.loads(reason).get("recentDatapoints") or [alarm["Threshold"]]
    return float(points[0] if points[0] is not None else alarm["Threshold"]) - float(alarm["Threshold"])


def _adjustment(configuration: Mapping[str, Any], *, beyond: float) -> int:
    for step in configuration.get("StepAdjustments", ()):
        low = step.get("MetricIntervalLowerBound", -math.inf)
        if low <= beyond < step.get("MetricIntervalUpperBound", math.inf):
            return int(step["ScalingAdjustment"])
    return 0


def _target(request: Record) -> Target:
    """Only endpoint variants can be scaled here."""
    namespace, dimension = request["ServiceNamespace"], request["ScalableDimension"]
    if (namespace, dimension) != ("sagemaker", DIMENSION):
        raise validation_error(f"only {DIMENSION} can be scaled in the embedded AWS, got {dimension} of {namespace}")
    return request["ResourceId"], dimension


def _of_dimension(found: list[Record], request: Record) -> list[Record]:
    wanted = request.get("ScalableDimension")
    return [
        record
        for record in found
        if record["ServiceNamespace"] == request["ServiceNamespace"]
        and (not wanted or record["ScalableDimension"] == wanted)
    ]


def _role() -> str:
    service = "sagemaker.application-autoscaling.amazonaws.com"
    name = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    return f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{service}/{name}"


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
