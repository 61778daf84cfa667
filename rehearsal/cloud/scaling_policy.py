"""What a scaling policy makes of its alarms: which it has, and the capacity that it wants. No clock, no calls.

https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TARGET_TRACKING, STEP_SCALING = "TargetTrackingScaling", "StepScaling"
COOLDOWN_SECONDS = 300.0
"""Of SageMaker's variants, where the policy names none."""

_OUT_MINUTES, _IN_MINUTES = 3, 15
_IN_SHARE = 0.9
"""Of the target, below which a metric is low. AWS says so much in words; none of these numbers is in its reference."""
_OF_METRIC = ("Namespace", "MetricName", "Dimensions", "Statistic", "Unit")
_PREDEFINED = "SageMakerVariantInvocationsPerInstance"
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """The last change of a target's capacity; `ended_at` in seconds of its own time."""

    before: int
    after: int
    ended_at: float


@dataclass(frozen=True)
class Signal:
    """An alarm in ALARM: the values of the datapoints that it evaluated, the newest last, and its threshold."""

    values: Sequence[float]
    threshold: float
    is_low: bool = False

    @classmethod
    def of(cls, alarm: Record) -> "Signal":
        """As CloudWatch describes it; where the state was set by hand there are no datapoints."""
        reason = json.loads(alarm.get("StateReasonData") or "{}")
        found = [float(value) for value in reason.get("recentDatapoints") or () if value is not None]
        threshold = float(alarm["Threshold"])
        is_low = str(alarm.get("ComparisonOperator", "")).startswith("LessThan")
        return cls(found or [threshold], threshold, is_low)


def capacity(policy: Record, signal: Signal, *, current: int, last: Change | None, now: float) -> int:
    """What the policy wants of a target that has `current` instances: the same where it wants no change.

    Within the cooldown after a scale-out, what that has added counts as part of the next one; within the cooldown after
    a scale-in nothing is removed, and adding is not held up.
    """
    kind = policy["PolicyType"]
    rules = policy[f"{kind}PolicyConfiguration"]
    decide = _tracked if kind == TARGET_TRACKING else _stepped
    passed = now - last.ended_at if last else math.inf
    if last and last.after > last.before and passed < _cooldown(rules, kind, "Out"):
        return max(current, decide(rules, signal, last.before))
    wanted = decide(rules, signal, current)
    if wanted < current and last and last.after < last.before and passed < _cooldown(rules, kind, "In"):
        return current
    return wanted


def _cooldown(rules: Record, kind: str, direction: str) -> float:
    key = f"Scale{direction}Cooldown" if kind == TARGET_TRACKING else "Cooldown"
    return float(rules.get(key, COOLDOWN_SECONDS))


def _tracked(rules: Record, signal: Signal, current: int) -> int:
    """In proportion to the metric, rounded up, so that it is not above its target again afterwards.

    Out by the newest datapoint, in by the highest: AWS removes capacity more carefully than it adds it.
    """
    value = max(signal.values) if signal.is_low else signal.values[-1]
    wanted = math.ceil(current * value / float(rules["TargetValue"]) - 1e-9)
    if signal.is_low:
        return current if rules.get("DisableScaleIn") else min(current, wanted)
    return max(current, wanted)


def _stepped(rules: Record, signal: Signal, current: int) -> int:
    beyond = signal.values[-1] - signal.threshold
    for step in rules.get("StepAdjustments", ()):
        low = step.get("MetricIntervalLowerBound", -math.inf)
        if low <= beyond < step.get("MetricIntervalUpperBound", math.inf):
            return current + int(step["ScalingAdjustment"])
    return current


def tracking_errors(rules: Record) -> list[str]:
    """What of a target tracking configuration is refused."""
    predefined, customized = rules.get("PredefinedMetricSpecification"), rules.get("CustomizedMetricSpecification")
    if bool(predefined) == bool(customized):
        return ["exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be given"]
    if predefined and predefined["PredefinedMetricType"] != _PREDEFINED:
        got = predefined["PredefinedMetricType"]
        return [f"PredefinedMetricType must be {_PREDEFINED} in the embedded AWS, got {got}"]
    if customized and customized.get("Metrics"):
        return ["CustomizedMetricSpecification must name one metric in the embedded AWS, got Metrics"]
    return []


def tracking_alarms(policy: Record, names: Sequence[str]) -> list[dict[str, Any]]:
    """PutMetricAlarm requests of a target tracking policy's two alarms: above its target, and well below it."""
    rules = policy["TargetTrackingScalingPolicyConfiguration"]
    target = float(rules["TargetValue"])
    high, low = names
    shared = {
        **_metric(rules, str(policy["ResourceId"])),
        "Period": 60,
        "AlarmActions": [policy["PolicyARN"]],
        "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy['PolicyARN']}.",
    }
    return [
        {
            **shared,
            "AlarmName": high,
            "Threshold": target,
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": _OUT_MINUTES,
        },
        {
            **shared,
            "AlarmName": low,
            "Threshold": _IN_SHARE * target,
            "ComparisonOperator": "LessThanThreshold",
            "EvaluationPeriods": _IN_MINUTES,
        },
    ]


def _metric(rules: Record, resource_id: str) -> dict[str, Any]:
    if custom := rules.get("CustomizedMetricSpecification"):
        return {
            key: custom[key] for key in ("Namespace", "MetricName", "Dimensions", "Statistic", "Unit") if key in custom
        }
    _, endpoint, _, variant = resource_id.split("/")
    return {
        "Namespace": "AWS/SageMaker",
        "MetricName": "InvocationsPerInstance",
        "Statistic": "Sum",
        "Dimensions": [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}],
    }
