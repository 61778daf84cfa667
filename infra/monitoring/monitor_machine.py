"""Once an hour or a day: a small state machine starts the monitoring job for the period that has just ended."""

import json
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from infra.monitoring.monitor_states import monitor_machine
from infra.shared.logged_state_machine import logged_state_machine
from infra.shared.trust import SCHEDULES, STATE_MACHINES
from slipway.canary.observed_keys import OUTCOME_KEYS
from slipway.settings import Settings
from slipway.training.monitoring_job import ONLY_OUTCOMES, capture_prefix, job_prefix


class MonitorMachine(Construct):
    """May look whether anything was captured, and start jobs of one name under one role."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        definition: Mapping[str, Any],
        job_role: iam.IRole,
        key: kms.IKey,
        artifacts_bucket: s3.IBucket,
    ) -> None:
        super().__init__(scope, id_)
        self.machine = logged_state_machine(
            self,
            settings.names.monitoring_schedule,
            monitor_machine(settings, definition=definition, bucket=artifacts_bucket.bucket_name),
            role=self._role(settings, job_role, key, artifacts_bucket),
            retention=logs.RetentionDays.THREE_MONTHS,
        )
        starter = iam.Role(self, "Starter", assumed_by=SCHEDULES)
        self.machine.grant_start_execution(starter)
        expression, looked_at = str(settings.monitoring.schedule), f"Examines what {settings.names.endpoint} was asked"
        self._schedule("Schedule", starter, expression, looked_at)
        if later := settings.monitoring.outcomes_after_hours:
            # The jobs of both are named by the second: they must not begin in the same one.
            half_past = expression.replace("cron(0 ", "cron(30 ")
            self._schedule(
                "Outcomes", starter, half_past, f"{looked_at} {later} h ago, beside outcomes", only=ONLY_OUTCOMES
            )

    def _role(self, settings: Settings, job_role: iam.IRole, key: kms.IKey, bucket: s3.IBucket) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=STATE_MACHINES)
        jobs = cdk.Stack.of(self).format_arn(
            service="sagemaker", resource="processing-job", resource_name=f"{job_prefix(settings.names)}-*"
        )
        prefixes = {"StringLike": {"s3:prefix": [f"{capture_prefix(settings)}*", f"{OUTCOME_KEYS}/*"]}}
        to_sagemaker = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        for actions, resource, conditions in (
            (["s3:ListBucket"], bucket.bucket_arn, prefixes),
            (["sagemaker:CreateProcessingJob", "sagemaker:AddTags"], jobs, {}),
            (["iam:PassRole"], job_role.role_arn, to_sagemaker),
            # SageMaker encrypts the job's volume on behalf of who starts it.
            (["kms:DescribeKey"], key.key_arn, {}),
            (["kms:CreateGrant"], key.key_arn, {"Bool": {"kms:GrantIsForAWSResource": "true"}}),
        ):
            role.add_to_policy(iam.PolicyStatement(actions=actions, resources=[resource], conditions=conditions))
        return role

    def _schedule(self, id_: str, starter: iam.Role, expression: str, description: str, **told: str) -> None:
        schedule = scheduler.CfnSchedule(
            self,
            id_,
            description=description,
            schedule_expression=expression,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=self.machine.state_machine_arn, role_arn=starter.role_arn, input=json.dumps(told)
            ),
        )
        schedule.node.add_dependency(starter)
