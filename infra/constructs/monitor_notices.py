"""People are told of what the monitoring job found, and when it could not look."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from blueprint.monitoring import METRICS, job_prefix
from blueprint.names import Names
from blueprint.settings.monitoring import Monitoring
from infra.constructs.notices import Notices


class MonitorNotices(Construct):
    """Attributes: alarms: in ALARM while the newest report holds violations, of any kind or of one that is watched."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, monitoring: Monitoring, notices: Notices) -> None:
        super().__init__(scope, id_)
        self._names, self._period = names, cdk.Duration.hours(monitoring.period_hours)
        self.alarms = [self._above_0("Violations", "violations", "found violations; its reports say which")]
        if monitoring.bias:
            self.alarms.append(
                self._above_0("BiasViolations", "bias", "finds that predictions favour others than usual")
            )
        if monitoring.min_ndcg:
            self.alarms.append(self._reordered(monitoring.min_ndcg))
        for alarm in self.alarms:
            alarm.add_alarm_action(actions.SnsAction(notices))
        if monitoring.scheduler == "eventbridge":
            self._tell_of_failures(names, notices)

    def _above_0(self, metric: str, name: str, what: str) -> cloudwatch.Alarm:
        above = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
        return self._alarm(metric, name, what, statistic="Maximum", threshold=0, comparison=above)

    def _reordered(self, least: float) -> cloudwatch.Alarm:
        what = f"finds that other columns sway the model than usual: nDCG below {least:g}"
        below = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
        return self._alarm("NDCG", "attribution", what, statistic="Minimum", threshold=least, comparison=below)

    def _alarm(
        self,
        metric: str,
        name: str,
        what: str,
        *,
        statistic: str,
        threshold: float,
        comparison: cloudwatch.ComparisonOperator,
    ) -> cloudwatch.Alarm:
        names = self._names
        return cloudwatch.Alarm(
            self,
            metric,
            alarm_name=f"{names.endpoint}-monitor-{name}",
            alarm_description=f"The monitor of {names.endpoint} {what}",
            metric=cloudwatch.Metric(
                namespace=METRICS,
                metric_name=metric,
                dimensions_map={"Endpoint": names.endpoint, "MonitoringSchedule": names.monitoring_schedule},
                statistic=statistic,
                period=self._period,
            ),
            threshold=threshold,
            comparison_operator=comparison,
            evaluation_periods=1,
            # A period without requests has no report, and says nothing of the one before.
            treat_missing_data=cloudwatch.TreatMissingData.IGNORE,
        )

    def _tell_of_failures(self, names: Names, notices: Notices) -> None:
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
                    notices,
                    message=events.RuleTargetInput.from_text(
                        f"Monitor of {names.endpoint}: job "
                        f"{events.EventField.from_path('$.detail.ProcessingJobName')} failed: {reason}"
                    ),
                )
            ],
        )
