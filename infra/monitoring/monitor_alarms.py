"""Alarms on the findings of the monitoring job, and a notification of each job that failed."""

from collections.abc import Iterator
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra.shared.notifications import NotificationTopic
from infra.shared.schedule_group import alarm_on_undelivered
from slipway.metrics import MONITORING_NAMESPACE
from slipway.settings.monitoring import LABEL_FREE, Drift, Monitoring
from slipway.settings.names import Names
from slipway.training.monitoring_job import job_prefix

_ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
_BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD


@dataclass(frozen=True)
class _Finding:
    """A metric of the job that raises an alarm above 0 or, where `least` is given, below that."""

    metric: str
    name: str
    what: str
    drift: Drift | None = None
    least: float | None = None


def _findings(monitoring: Monitoring) -> Iterator[_Finding]:
    yield _Finding("Violations", "violations", "found violations; its reports say which")
    if "quality" in monitoring.watched:
        yield _Finding("QualityViolations", "quality", "finds predictions worse than on validation", "quality")
    if monitoring.bias_metrics & LABEL_FREE:
        yield _Finding("BiasViolations", "bias", "finds that predictions favour other groups than at training", "bias")
    if monitoring.bias_metrics - LABEL_FREE:
        what = "finds that predictions are wrong about other groups than at training"
        yield _Finding("LabelledBiasViolations", "labelled-bias", what, "bias")
    if least := monitoring.min_ndcg:
        what = f"finds that the model depends on other columns than at training: nDCG below {least:g}"
        yield _Finding("NDCG", "attribution", what, "attribution", least)


class MonitorAlarms(Construct):
    """Alarms on the job's metrics, and a notification of each job that failed.

    Attributes:
        alarms: in ALARM while the newest report has violations, of any kind or of one that is monitored.
        drift: the alarms' names by the kind of drift, known before they exist.
    """

    def __init__(
        self, scope: Construct, id_: str, *, names: Names, monitoring: Monitoring, notifications: NotificationTopic
    ) -> None:
        super().__init__(scope, id_)
        self._names = names
        self.alarms: list[cloudwatch.Alarm] = []
        self.drift: dict[Drift, list[str]] = {}
        for finding in _findings(monitoring):
            alarm = self._alarm(finding, monitoring)
            alarm.add_alarm_action(actions.SnsAction(notifications))
            self.alarms.append(alarm)
            if finding.drift:
                self.drift.setdefault(finding.drift, []).append(self._name(finding))
        if monitoring.runs_on_eventbridge:
            self._notify_of_failures(names, notifications)
            undelivered = alarm_on_undelivered(
                self,
                "Undelivered",
                group_name=names.monitoring_schedule,
                alarm_name=f"{names.endpoint}-monitor-undelivered",
                description=f"A run of the monitor of {names.endpoint} could not be started",
                topic=notifications,
            )
            self.alarms.append(undelivered)

    def _name(self, finding: _Finding) -> str:
        return f"{self._names.endpoint}-monitor-{finding.name}"

    def _alarm(self, finding: _Finding, monitoring: Monitoring) -> cloudwatch.Alarm:
        names, above = self._names, finding.least is None
        return cloudwatch.Alarm(
            self,
            finding.metric,
            alarm_name=self._name(finding),
            alarm_description=f"The monitor of {names.endpoint} {finding.what}",
            metric=cloudwatch.Metric(
                namespace=MONITORING_NAMESPACE,
                metric_name=finding.metric,
                dimensions_map={"Endpoint": names.endpoint, "MonitoringSchedule": names.monitoring_schedule},
                statistic="Maximum" if above else "Minimum",
                period=cdk.Duration.hours(monitoring.period_hours),
            ),
            threshold=finding.least or 0,
            comparison_operator=_ABOVE if above else _BELOW,
            evaluation_periods=1,
            # A period that was not examined, for lack of requests or outcomes, leaves the state as it is.
            treat_missing_data=cloudwatch.TreatMissingData.IGNORE,
        )

    def _notify_of_failures(self, names: Names, notifications: NotificationTopic) -> None:
        reason = events.EventField.from_path("$.detail.FailureReason")
        events.Rule(
            self,
            "Failed",
            description=f"A monitoring job of {names.endpoint} has failed",
            event_pattern=events.EventPattern(
                source=["aws.sagemaker"],
                detail_type=["SageMaker Processing Job State Change"],
                detail={
                    "ProcessingJobName": [{"prefix": f"{job_prefix(names)}-"}],
                    "ProcessingJobStatus": ["Failed"],
                },
            ),
            targets=[
                targets.SnsTopic(
                    notifications,
                    message=events.RuleTargetInput.from_text(
                        f"Monitor of {names.endpoint}: job "
                        f"{events.EventField.from_path('$.detail.ProcessingJobName')} failed: {reason}"
                    ),
                )
            ],
        )
