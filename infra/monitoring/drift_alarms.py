"""Alarms on drift: requests or predictions are no longer distributed as in training."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from slipway.metrics import ENDPOINT_NAMESPACE
from slipway.settings.monitoring import Drift, Monitoring
from slipway.settings.names import VARIANT, Names

_PERIOD = cdk.Duration.hours(1)


class DriftAlarms(Construct):
    """One alarm for scores and one for inputs; rollouts have their own alarms, with shorter periods.

    Attributes:
        alarms: by the metric's name.
        drift: the alarms' names by the kind of drift, known before they exist.
    """

    def __init__(self, scope: Construct, id_: str, *, names: Names, monitoring: Monitoring, topic: sns.ITopic) -> None:
        super().__init__(scope, id_)
        limits = {
            "PredictionDrift": monitoring.max_prediction_drift,
            "InputDrift": monitoring.max_input_drift,
        }
        self.alarms = {metric: self._alarm(metric, limit, names, monitoring) for metric, limit in limits.items()}
        self.drift: dict[Drift, list[str]] = {"data": [_name(names, metric) for metric in limits]}
        notify = actions.SnsAction(topic)
        for alarm in self.alarms.values():
            alarm.add_alarm_action(notify)

    def _alarm(self, metric: str, limit: float, names: Names, monitoring: Monitoring) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            metric,
            alarm_name=_name(names, metric),
            alarm_description=f"{metric} above {limit:g} for {monitoring.drift_hours} hours",
            metric=cloudwatch.Metric(
                namespace=ENDPOINT_NAMESPACE,
                metric_name=metric,
                dimensions_map={"EndpointName": names.endpoint, "VariantName": VARIANT},
                statistic="Average",
                period=_PERIOD,
            ),
            threshold=limit,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=monitoring.drift_hours,
            datapoints_to_alarm=monitoring.drift_hours,
            # Without traffic nothing is known: the state stays as it is.
            treat_missing_data=cloudwatch.TreatMissingData.IGNORE,
        )


def _name(names: Names, metric: str) -> str:
    return f"{names.endpoint}-drift-{metric}"
