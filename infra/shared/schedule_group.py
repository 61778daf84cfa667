"""Schedules that start one thing, and the alarm on starts that could not be delivered."""

import json
from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.shared.arns import OWN_ACCOUNT, arn
from infra.shared.policy import PolicyRole, Statement

_LATEST_SECONDS = 3600
_UNDELIVERED = {"dropped": "InvocationDroppedCount", "failed": "TargetErrorCount"}


class ScheduleGroup(Construct):
    """A group of its own, for EventBridge Scheduler counts failed deliveries by the group alone.

    The role that starts the target can be assumed for schedules of this group only.
    """

    def __init__(self, scope: Construct, id_: str, *, name: str, may_start: Statement) -> None:
        super().__init__(scope, id_)
        self._group = scheduler.CfnScheduleGroup(self, "Group", name=name)
        own = {**OWN_ACCOUNT, "ArnEquals": {"aws:SourceArn": arn("scheduler", f"schedule-group/{name}")}}
        self._starter = PolicyRole(
            self,
            "Starter",
            assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com", conditions=own),
            statements=[may_start],
        )

    def add_schedule(
        self,
        id_: str,
        *,
        target_arn: str,
        event: Mapping[str, str] | None,
        expression: str,
        description: str,
        timezone: str | None = None,
    ) -> None:
        """Start the target with `event`; a pipeline takes none."""
        schedule = scheduler.CfnSchedule(
            self,
            id_,
            group_name=self._group.ref,
            description=description,
            schedule_expression=expression,
            schedule_expression_timezone=timezone,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=target_arn,
                role_arn=self._starter.role_arn,
                input=None if event is None else json.dumps(event),
                # By default it is tried for a day: a stop would end the next morning's endpoint.
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(maximum_event_age_in_seconds=_LATEST_SECONDS),
            ),
        )
        schedule.node.add_dependency(self._starter)


def alarm_on_undelivered(
    scope: Construct, id_: str, *, group_name: str, alarm_name: str, description: str, topic: sns.ITopic
) -> cloudwatch.Alarm:
    """Alarm on starts that a group's schedules dropped, or that their target refused."""
    metrics: dict[str, cloudwatch.IMetric] = {
        name: cloudwatch.Metric(
            namespace="AWS/Scheduler",
            metric_name=metric,
            dimensions_map={"ScheduleGroup": group_name},
            statistic="Sum",
            period=cdk.Duration.minutes(5),
        )
        for name, metric in _UNDELIVERED.items()
    }
    # Either is published where it is not 0 alone; the sum of an array leaves the missing one out.
    sum_ = cloudwatch.MathExpression(
        expression=f"SUM([{', '.join(metrics)}])",
        using_metrics=metrics,
        period=cdk.Duration.minutes(5),
        label="starts that failed",
    )
    alarm = cloudwatch.Alarm(
        scope,
        id_,
        alarm_name=alarm_name,
        alarm_description=description,
        metric=sum_,
        threshold=0,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluation_periods=1,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
    alarm.add_alarm_action(actions.SnsAction(topic))
    return alarm
