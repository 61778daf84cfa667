"""CloudWatch metrics that several parts publish, read or alarm on: each namespace and shared name stands here once."""

from typing import Any

SAGEMAKER_NAMESPACE = "AWS/SageMaker"
ENDPOINT_NAMESPACE = "Slipway/Endpoint"
"""What the model servers publish; `pipeline_steps/embedded_metrics.py` has the same, compared by a contract test."""
MONITORING_NAMESPACE = "Slipway/Monitoring"
"""What the monitoring job publishes; `pipeline_steps/embedded_metrics.py` has the same, likewise."""
PIPELINES_NAMESPACE = "AWS/Sagemaker/ModelBuildingPipeline"
"""SageMaker's own, in this spelling, by the dimension PipelineName."""
SHADOW_VARIANT = "shadow"
"""Publishes a candidate's metrics while it is a shadow."""
CHALLENGER_VARIANT = "challenger-{}"
"""Publishes the metrics of a challenger in an experiment; the first has the number 1."""
DECISION_METRIC = "CanaryDecision"
_ROLLOUT_NAMESPACE = "Slipway/Rollout"


def decision_namespace(endpoint: str) -> str:
    """Where canary analysis publishes its decisions on an endpoint's fleets.

    IAM can restrict a publisher to a namespace, but not to a dimension in it: with one namespace for all endpoints, the
    analysis of any use case could roll another's model back.
    """
    return f"{_ROLLOUT_NAMESPACE}/{endpoint}"


def is_decision_namespace(namespace: str) -> bool:
    return namespace.startswith(f"{_ROLLOUT_NAMESPACE}/")


def decision_datum(decision: int, *, endpoint: str, config: str) -> dict[str, Any]:
    """The decision on the fleet of an endpoint config, as PutMetricData takes it for `decision_namespace`.

    Stored at a resolution of one second: at one minute the value would count from the start of its minute, of which
    the alarm's short window sees only the end.
    """
    fleet = {"EndpointName": endpoint, "EndpointConfigName": config}
    return {
        "MetricName": DECISION_METRIC,
        "Dimensions": [{"Name": name, "Value": value} for name, value in fleet.items()],
        "Value": float(decision),
        "StorageResolution": 1,
    }
