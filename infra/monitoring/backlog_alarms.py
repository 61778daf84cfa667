"""Alarms on an asynchronous endpoint's queue: it grows too long, or its oldest request waits too long."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from slipway.metrics import SAGEMAKER_NAMESPACE
from slipway.settings.asynchronous import Asynchronous
from slipway.settings.names import Names

_MINUTES = 5
"""A queue that is worked off within minutes is none to look into."""


class BacklogAlarms(Construct):
    """One alarm for the length of the queue and one for its oldest request.

    Attributes:
        alarms: both.
    """

    def __init__(self, scope: Construct, id_: str, *, names: Names, queue: Asynchronous, topic: sns.ITopic) -> None:
        super().__init__(scope, id_)
        limits = {
            "ApproximateBacklogSize": (queue.max_backlog, "requests wait"),
            "ApproximateAgeOfOldestRequest": (queue.max_age_seconds, "seconds is the age of the oldest request"),
        }
        self.alarms = [self._alarm(metric, *limit, names=names) for metric, limit in limits.items()]
        for alarm in self.alarms:
            alarm.add_alarm_action(actions.SnsAction(topic))

    def _alarm(self, metric: str, limit: int, words: str, *, names: Names) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            metric,
            alarm_name=f"{names.endpoint}-{metric}",
            alarm_description=f"More than {limit} {words}, for {_MINUTES} minutes",
            metric=cloudwatch.Metric(
                namespace=SAGEMAKER_NAMESPACE,
                metric_name=metric,
                dimensions_map={"EndpointName": names.endpoint},
                statistic="Maximum",
                period=cdk.Duration.minutes(1),
            ),
            threshold=limit,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=_MINUTES,
            datapoints_to_alarm=_MINUTES,
            # No endpoint has no queue.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
