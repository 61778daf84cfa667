"""Once an hour or a day, a state machine starts the monitoring job for the period that has just ended."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.shared.logged_state_machine import LoggedStateMachine, json_in_jsonata
from infra.shared.policy import allow
from infra.shared.sagemaker_role import may_start_processing_jobs
from infra.shared.schedule_group import ScheduleGroup
from infra.shared.trust import STATE_MACHINES
from slipway.canary.observation.object_prefixes import OUTCOME_PREFIX
from slipway.settings import Settings
from slipway.training.monitoring_job import (
    CAPTURED,
    ONLY_OUTCOMES,
    OUTCOMES,
    capture_prefix,
    job_prefix,
    processing_inputs,
    processing_request,
    report_prefix,
)

DEFINITION = Path(__file__).with_name("monitor.asl.json")


class MonitorMachine(Construct):
    """May list what was captured, and start jobs of one name under one role."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        job: Mapping[str, Any],
        job_role: iam.IRole,
        key: kms.IKey,
        artifacts_bucket: s3.IBucket,
    ) -> None:
        super().__init__(scope, id_)
        prefixes = {"StringLike": {"s3:prefix": [f"{capture_prefix(settings)}*", f"{OUTCOME_PREFIX}/*"]}}
        role = iam.Role(self, "Role", assumed_by=STATE_MACHINES)
        for statement in (
            allow("s3:ListBucket", on=[artifacts_bucket.bucket_arn], conditions=prefixes),
            *may_start_processing_jobs(job_prefix(settings.names), role=job_role, key=key),
        ):
            role.add_to_policy(iam.PolicyStatement.from_json(statement))
        self.machine = LoggedStateMachine(
            self,
            "Machine",
            name=settings.names.monitoring_schedule,
            definition=DEFINITION,
            substitutions=substitutions(settings, job=job, bucket=artifacts_bucket.bucket_name),
            role=role,
            retention=logs.RetentionDays.THREE_MONTHS,
        )
        machine_arn = self.machine.state_machine_arn
        group = ScheduleGroup(
            self,
            "Schedules",
            name=settings.names.monitoring_schedule,
            may_start=allow("states:StartExecution", on=[machine_arn]),
        )
        expression, examines = str(settings.monitoring.schedule), f"Examines the requests of {settings.names.endpoint}"
        group.add_schedule("Ended", target_arn=machine_arn, event={}, expression=expression, description=examines)
        if hours := settings.monitoring.outcomes_after_hours:
            # The jobs of both are named by the second: they must not begin in the same one.
            half_past = expression.replace("cron(0 ", "cron(30 ")
            group.add_schedule(
                "Outcomes",
                target_arn=machine_arn,
                event={"only": ONLY_OUTCOMES},
                expression=half_past,
                description=f"{examines} {hours} h ago together with their outcomes",
            )


def substitutions(settings: Settings, *, job: Mapping[str, Any], bucket: str) -> dict[str, str]:
    """The placeholders of the definition; `job` is a MonitoringJobDefinition, and strings may be CDK tokens."""
    request = processing_request(job, settings, name="", sources={}, reports="", start="", end="")
    (requests,) = processing_inputs({CAPTURED: ""})
    (outcomes,) = processing_inputs({OUTCOMES: f"s3://{bucket}/{OUTCOME_PREFIX}/"})
    inputs = [requests, {**outcomes, "InputName": "outcomes"}]
    return {
        "EndpointName": settings.names.endpoint,
        "JobRequest": json_in_jsonata({**request, "ProcessingInputs": inputs}),
        "JobPrefix": job_prefix(settings.names),
        "Bucket": bucket,
        "CapturePrefix": capture_prefix(settings),
        "OutcomePrefix": f"{OUTCOME_PREFIX}/",
        "ReportPrefix": report_prefix(settings),
        "PeriodHours": str(settings.monitoring.period_hours),
        "OutcomesAfterHours": str(settings.monitoring.outcomes_after_hours or 0),
    }
