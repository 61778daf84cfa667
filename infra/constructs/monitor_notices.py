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
    """Attributes: alarm: in ALARM while the newest reports hold violations."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, monitoring: Monitoring, notices: Notices) -> None:
        super().__init__(scope, id_)
        self.alarm = cloudwatch.Alarm(
            self,
            "Violations",
            alarm_name=f"{names.endpoint}-monitor-violations",
            alarm_description=f"The monitor of {names.endpoint} found violations; its reports say which",
            metric=cloudwatch.Metric(
                namespace=METRICS,
                metric_name="Violations",
                dimensions_map={"Endpoint": names.endpoint, "MonitoringSchedule": names.monitoring_schedule},
                statistic="Maximum",
                period=cdk.Duration.hours(monitoring.period_hours),
            ),
            threshold=0,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            # A period without requests has no report, and says nothing of the one before.
            treat_missing_data=cloudwatch.TreatMissingData.IGNORE,
        )
        self.alarm.add_alarm_action(actions.SnsAction(notices))
        if monitoring.scheduler == "eventbridge":
            self._tell_of_failures(names, notices)

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
