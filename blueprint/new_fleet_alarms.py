"""The alarms that send a rollout back, as plain data in CloudWatch's shape: they watch the new fleet alone."""

from typing import Any

from blueprint.names import VARIANT
from blueprint.settings import Rollout

Description = dict[str, Any]


def new_fleet_alarms(rollout: Rollout, *, endpoint_name: str, config_name: str) -> dict[str, Description]:
    """The alarms by kind; `config_name` may be a CDK token.

    Each is named after the endpoint config, so that each rollout gets fresh ones: an updated alarm would keep its
    state. Their `EndpointConfigName` dimension selects the fleet of that config; with the endpoint's name alone an
    ailing old fleet would stop its own replacement.
    """
    errors = f"More than {rollout.max_error_percent:g} % of the new fleet's answers are errors"
    # Errors are 1 or 0 a request: their average is the share of failed requests.
    share = {"Statistic": "Average", "Threshold": rollout.max_error_percent / 100}
    watched = {
        "ServerErrors": {"AlarmDescription": errors, "MetricName": "Invocation5XXErrors", **share},
        "ModelErrors": {"AlarmDescription": errors, "MetricName": "InvocationModelErrors", **share},
        "Latency": {
            "AlarmDescription": f"The new fleet's latency is above {rollout.max_latency_ms:g} ms",
            "MetricName": "ModelLatency",
            "ExtendedStatistic": f"p{rollout.latency_percentile:g}",
            "Threshold": rollout.max_latency_ms * 1000,  # the metric is in microseconds
        },
    }
    dimensions = {"EndpointName": endpoint_name, "VariantName": VARIANT, "EndpointConfigName": config_name}
    common = {
        "Namespace": "AWS/SageMaker",
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        "Period": rollout.alarm_period_seconds,
        "EvaluationPeriods": rollout.alarm_periods,
        "DatapointsToAlarm": rollout.alarm_periods,
        "ComparisonOperator": "GreaterThanThreshold",
        # A fleet that gets no traffic yet is no broken fleet; without this nothing could be baked in a quiet hour.
        "TreatMissingData": "notBreaching",
    }
    return {kind: {"AlarmName": f"{config_name}-{kind}", **common, **alarm} for kind, alarm in watched.items()}
