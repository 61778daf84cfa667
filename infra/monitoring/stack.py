"""Monitoring: dashboard, drift alarms, budget, notifications, and training that drift starts."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.monitoring.backlog_alarms import BacklogAlarms
from infra.monitoring.budget import UseCaseBudget
from infra.monitoring.cost_note import cost_note
from infra.monitoring.dashboard import UseCaseDashboard
from infra.monitoring.drift_alarms import DriftAlarms
from infra.monitoring.failed_executions import notify_of_failed_executions
from infra.monitoring.monitor_alarms import MonitorAlarms
from infra.monitoring.retraining import Retraining
from infra.shared.notifications import NotificationTopic
from slipway.costs.prices import load_prices
from slipway.settings import Settings


class MonitoringStack(cdk.Stack):
    """What a use case has beside its endpoint's own alarms.

    Attributes:
        notifications: the topic that people subscribe to.
    """

    def __init__(self, scope: Construct, id_: str, *, env: cdk.Environment, settings: Settings, key: kms.IKey) -> None:
        super().__init__(scope, id_, env=env, description=f"Monitoring of {settings.names.prefix}")
        names, monitoring = settings.names, settings.monitoring
        notifications = self.notifications = NotificationTopic(
            self, "Notifications", key=key, pipeline_name=names.pipeline, addresses=monitoring.notify
        )
        drift = DriftAlarms(self, "Drift", names=names, monitoring=monitoring, topic=notifications)
        alarms = list(drift.alarms.values())
        drift_alarms = dict(drift.drift)
        if monitoring.schedule:
            monitor = MonitorAlarms(self, "Monitor", names=names, monitoring=monitoring, notifications=notifications)
            alarms += monitor.alarms
            drift_alarms |= monitor.drift
        if queue := settings.endpoint.asynchronous:
            alarms += BacklogAlarms(self, "Backlog", names=names, queue=queue, topic=notifications).alarms
        if monitoring.retrain:
            Retraining(
                self,
                "Retraining",
                names=names,
                pause_hours=monitoring.retrain_pause_hours,
                alarm_names=[
                    name for kind, names_ in drift_alarms.items() if kind in monitoring.retrains_on for name in names_
                ],
            )
        if machines := _machines(settings):
            what = f"Monitoring or retraining of {names.endpoint}"
            notify_of_failed_executions(self, "FailedExecutions", what, topic=notifications, machines=machines)
        if settings.batch and settings.batch.query:
            notify_of_failed_executions(
                self,
                "FailedQueries",
                f"The query of {names.batch_pipeline}",
                topic=notifications,
                machines=[names.batch_query_machine],
            )
        if settings.budget:
            UseCaseBudget(self, "Budget", names=names, budget=settings.budget, notifications=notifications)
        UseCaseDashboard(
            self,
            "Dashboard",
            names=names,
            kind=settings.endpoint.facts,
            alarms=alarms,
            served_on=settings.endpoint.capacity,
            cost=cost_note(settings, load_prices()),
        )
        cdk.CfnOutput(self, "NotificationTopicArn", value=notifications.topic_arn)


def _machines(settings: Settings) -> list[str]:
    """State machines that publish no failure themselves."""
    names, monitoring = settings.names, settings.monitoring
    return [
        *([names.monitoring_schedule] if monitoring.runs_on_eventbridge else []),
        *([names.retraining_machine] if monitoring.retrain else []),
    ]
