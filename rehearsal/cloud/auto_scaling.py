"""Application Auto Scaling of endpoint variants: targets and policies, and the alarms by which policies act."""

import datetime as dt
import re
import threading
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rehearsal.cloud.environment import ACCOUNT, REGION
from rehearsal.cloud.sagemaker.api_errors import ApiError, validation_error
from rehearsal.cloud.sagemaker.json_protocol import Action, Api
from rehearsal.cloud.scaling_activities import CallApi, ScalingActivities
from rehearsal.cloud.scaling_policy import STEP_SCALING, TARGET_TRACKING, tracking_alarms, tracking_errors

TARGET_PREFIX = "AnyScaleFrontendService."
DIMENSION = "sagemaker:variant:DesiredInstanceCount"
Record = dict[str, Any]
Target = tuple[str, str]
"""ResourceId and ScalableDimension."""

_VARIANT = re.compile(r"endpoint/([^/]+)/variant/([^/]+)")


class PolicyAlarms(Protocol):
    """CloudWatch, where a target tracking policy has its alarms."""

    def put(self, description: Mapping[str, Any]) -> None: ...

    def delete(self, names: Sequence[str]) -> None: ...


class AutoScaling:
    """Attributes: api: answers requests."""

    def __init__(self, call_api: CallApi, alarms: PolicyAlarms, *, speed: float) -> None:
        """`call_api` is the control plane's: operation and request."""
        self._call_api, self._alarms = call_api, alarms
        self._activities = ScalingActivities(call_api, speed=speed)
        self._targets: dict[Target, Record] = {}
        self._policies: dict[tuple[Target, str], Record] = {}
        actions: dict[str, Action] = {
            "RegisterScalableTarget": self.register,
            "DescribeScalableTargets": self.describe_targets,
            "DeregisterScalableTarget": self.deregister,
            "PutScalingPolicy": self.put_policy,
            "DescribeScalingPolicies": self.describe_policies,
            "DeleteScalingPolicy": self.delete_policy,
            "DescribeScalingActivities": self.describe_activities,
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

    def act(self, policy_arn: str, alarm: Mapping[str, Any]) -> threading.Thread | None:
        """Have a policy act by an alarm that is in ALARM; on a thread of its own, which is returned."""
        policy = next((each for each in list(self._policies.values()) if each["PolicyARN"] == policy_arn), None)
        target = self._targets.get(_target(policy)) if policy else None
        return self._activities.act(policy, target, alarm) if policy and target else None

    def describe_activities(self, request: Record) -> Record:
        resource = request.get("ResourceId")
        found = [record for record in list(self._activities.records) if resource in (None, record["ResourceId"])]
        return {"ScalingActivities": _of_dimension(found, request)}

    def describe_targets(self, request: Record) -> Record:
        wanted = request.get("ResourceIds")
        found = [record for record in self._targets.values() if not wanted or record["ResourceId"] in wanted]
        return {"ScalableTargets": _of_dimension(found, request)}

    def deregister(self, request: Record) -> Record:
        target = self._known(request)
        del self._targets[target]
        for key in [key for key in self._policies if key[0] == target]:
            self._forget(key)
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
        kind = request.get("PolicyType") or known.get("PolicyType", STEP_SCALING)
        configuration = f"{kind}PolicyConfiguration"
        if configuration not in request:
            raise validation_error(f"a policy of type {kind} must have {configuration}")
        for error in _errors(kind, request[configuration]):
            raise validation_error(error)
        arn = known.get("PolicyARN") or (
            f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:scalingPolicy:{uuid.uuid4()}:resource/sagemaker/{target[0]}"
            f":policyName/{name}"
        )
        self._policies[target, name] = {
            "CreationTime": known.get("CreationTime") or _now(),
            **request,
            "PolicyType": kind,
            "PolicyARN": arn,
            "Alarms": known.get("Alarms", []),
        }
        if kind == TARGET_TRACKING:
            self._put_alarms(self._policies[target, name])
        return {"PolicyARN": arn, "Alarms": self._policies[target, name]["Alarms"]}

    def _put_alarms(self, policy: Record) -> None:
        names = [each["AlarmName"] for each in policy["Alarms"]] or [
            f"TargetTracking-{policy['ResourceId']}-{which}-{uuid.uuid4()}" for which in ("AlarmHigh", "AlarmLow")
        ]
        policy["Alarms"] = [
            {"AlarmName": name, "AlarmARN": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"} for name in names
        ]
        for description in tracking_alarms(policy, names):
            self._alarms.put(description)

    def _forget(self, key: tuple[Target, str]) -> None:
        """A policy's alarms go with it."""
        self._alarms.delete([each["AlarmName"] for each in self._policies.pop(key)["Alarms"]])

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
        self._forget(key)
        return {}


def _errors(kind: str, rules: Mapping[str, Any]) -> list[str]:
    if kind == TARGET_TRACKING:
        return tracking_errors(rules)
    adjustment = rules.get("AdjustmentType", "ChangeInCapacity")
    if adjustment != "ChangeInCapacity":
        return [f"AdjustmentType must be ChangeInCapacity in the embedded AWS, got {adjustment}"]
    return []


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
