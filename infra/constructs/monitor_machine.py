"""Once an hour or a day: a small state machine starts the monitoring job for the period that has just ended."""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from blueprint.artifact_keys import OUTCOME_KEYS
from blueprint.monitoring import (
    CAPTURED,
    OUTCOMES,
    capture_prefix,
    job_prefix,
    processing_inputs,
    processing_request,
    report_prefix,
)
from blueprint.settings import Settings
from infra.constructs.logged_machine import logged_machine
from infra.constructs.trust import SCHEDULES, STATE_MACHINES

SETTLE_SECONDS = 20 * 60
"""Captured requests reach S3 some minutes late; Model Monitor waits as long."""

_TASK = "arn:aws:states:::aws-sdk:"
_RETRY = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "MaxAttempts": 4, "BackoffRate": 2}]


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
        self.machine = logged_machine(
            self,
            settings.names.monitoring_schedule,
            monitor_machine(settings, definition=definition, bucket=artifacts_bucket.bucket_name),
            role=self._role(settings, job_role, key, artifacts_bucket),
            retention=logs.RetentionDays.THREE_MONTHS,
        )
        self._schedule(settings)

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

    def _schedule(self, settings: Settings) -> None:
        starter = iam.Role(self, "Starter", assumed_by=SCHEDULES)
        self.machine.grant_start_execution(starter)
        schedule = scheduler.CfnSchedule(
            self,
            "Schedule",
            description=f"Examines what {settings.names.endpoint} was asked",
            schedule_expression=str(settings.monitoring.schedule),
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=self.machine.state_machine_arn, role_arn=starter.role_arn, input="{}"
            ),
        )
        schedule.node.add_dependency(starter)


def monitor_machine(settings: Settings, *, definition: Mapping[str, Any], bucket: str) -> dict[str, Any]:
    """The state machine; in JSONata, which can reckon with times."""
    captured, hourly = capture_prefix(settings), settings.monitoring.period_hours == 1
    period = settings.monitoring.period_hours * 3600 * 1000
    folder = "[Y0001]/[M01]/[D01]/[H01]" if hourly else "[Y0001]/[M01]/[D01]"
    time = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01]Z"
    names = settings.names
    sources = [
        *processing_inputs({CAPTURED: f"{{% 's3://{bucket}/{captured}' & $folder & '/' %}}"}),
        *processing_inputs({OUTCOMES: f"s3://{bucket}/{OUTCOME_KEYS}/"}),
    ]
    request = processing_request(
        definition,
        settings,
        name=f"{{% '{job_prefix(names)}-' & $fromMillis($begun, '[Y0001][M01][D01][H01][m01][s01]') %}}",
        sources={},
        reports=f"{{% 's3://{bucket}/{report_prefix(settings)}' & $folder %}}",
        start="{% $start %}",
        end="{% $end %}",
    )
    with_outcomes = {**request, "ProcessingInputs": [sources[0], {**sources[1], "InputName": "outcomes"}]}
    without = {**request, "ProcessingInputs": sources[:1]}
    begun = "$toMillis($states.context.Execution.StartTime)"
    states = {
        "Settle": {
            "Type": "Wait",
            "Seconds": SETTLE_SECONDS,
            "Assign": {"begun": f"{{% {begun} %}}", "stop": f"{{% $floor({begun} / {period}) * {period} %}}"},
            "Next": "Name",
        },
        "Name": {
            "Type": "Pass",
            "Assign": {
                "folder": f"{{% $fromMillis($stop - {period}, '{folder}') %}}",
                "start": f"{{% $fromMillis($stop - {period}, '{time}') %}}",
                "end": f"{{% $fromMillis($stop, '{time}') %}}",
            },
            "Next": "ListCaptured",
        },
        "ListCaptured": _list(bucket, f"{{% '{captured}' & $folder & '/' %}}", "captured", then="WasCaptured"),
        "WasCaptured": _choose("captured", then="ListOutcomes", otherwise="NothingCaptured"),
        # SageMaker fails a job whose input holds nothing.
        "NothingCaptured": {"Type": "Succeed", "Comment": "Nobody asked the endpoint, or there is none"},
        "ListOutcomes": _list(bucket, f"{OUTCOME_KEYS}/", "outcomes", then="AreOutcomes"),
        "AreOutcomes": _choose("outcomes", then="StartWithOutcomes", otherwise="Start"),
        "StartWithOutcomes": _start(with_outcomes),
        "Start": _start(without),
    }
    return {
        "Comment": f"Examines what {names.endpoint} was asked and answered",
        "QueryLanguage": "JSONata",
        "StartAt": "Settle",
        "TimeoutSeconds": 7200,
        "States": states,
    }


def _list(bucket: str, prefix: str, counted: str, *, then: str) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": f"{_TASK}s3:listObjectsV2",
        "Arguments": {"Bucket": bucket, "Prefix": prefix, "MaxKeys": 1},
        "Assign": {counted: "{% $states.result.KeyCount %}"},
        "Retry": _RETRY,
        "Next": then,
    }


def _choose(counted: str, *, then: str, otherwise: str) -> dict[str, Any]:
    return {"Type": "Choice", "Choices": [{"Condition": f"{{% ${counted} > 0 %}}", "Next": then}], "Default": otherwise}


def _start(request: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": f"{_TASK}sagemaker:createProcessingJob",
        "Arguments": dict(request),
        "Retry": _RETRY,
        "End": True,
    }
