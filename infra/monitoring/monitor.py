"""The job that examines an endpoint's requests and predictions, its role, and its schedule."""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.monitoring.monitor_machine import MonitorMachine
from infra.shared.container_image import ContainerImage
from infra.shared.object_access import may_find, may_write
from infra.shared.policy import allow
from infra.shared.sagemaker_role import (
    ARTIFACT_KEYS,
    PROCESSING_JOBS,
    SageMakerRole,
    may_publish,
    may_run,
    package_arns,
)
from slipway.canary.observation.object_prefixes import OUTCOME_PREFIX, REPORT_PREFIX
from slipway.settings import Settings
from slipway.training.monitoring_job import capture_prefix, monitoring_job

_SHOWN_METRICS = "aws/sagemaker/Endpoints/data-metrics"
"""Where Model Monitor publishes the figures of a job for Studio."""


class MonitorRole(SageMakerRole):
    """Reads requests, outcomes and models, and in the registry which model answered; writes reports."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        key: kms.IKey,
        artifacts_bucket: s3.IBucket,
        image: ContainerImage,
    ) -> None:
        names = settings.names
        read = (ARTIFACT_KEYS, f"{capture_prefix(settings)}*", f"{OUTCOME_PREFIX}/*")
        shown = [may_publish(_SHOWN_METRICS)] if settings.monitoring.scheduler == "model_monitor" else []
        super().__init__(
            scope,
            id_,
            description="Jobs that examine the endpoint's requests and predictions",
            statements=[
                *may_find(artifacts_bucket, *read),
                *may_write(artifacts_bucket, f"{REPORT_PREFIX}/{names.endpoint}/*"),
                *may_run(PROCESSING_JOBS, image=image, key=key, vpc=settings.access.vpc),
                allow("sagemaker:DescribeModelPackage", on=package_arns(names.package_group)),
                *shown,
            ],
        )


class Monitor(Construct):
    """Keeps the job's definition in a parameter, for `slipway monitor`, and starts the job on schedule.

    Attributes:
        role: what the job may do.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        key: kms.IKey,
        artifacts_bucket: s3.IBucket,
        image: ContainerImage,
        endpoint: sagemaker.CfnEndpoint,
    ) -> None:
        super().__init__(scope, id_)
        names, bucket = settings.names, artifacts_bucket.bucket_name
        self.role = MonitorRole(
            self, "Role", settings=settings, key=key, artifacts_bucket=artifacts_bucket, image=image
        )
        job = monitoring_job(
            settings, bucket=bucket, image_uri=image.uri, kms_key_arn=key.key_arn, role_arn=self.role.role_arn
        )
        ssm.StringParameter(
            self,
            "Definition",
            parameter_name=names.monitor_parameter,
            description=f"The job that examines the requests of {names.endpoint}; for `slipway monitor`",
            string_value=cdk.Stack.of(self).to_json_string(job),
        )
        if settings.monitoring.scheduler == "model_monitor":
            self._schedule_by_model_monitor(settings, job, endpoint)
        else:
            MonitorMachine(
                self,
                "Machine",
                settings=settings,
                job=job,
                job_role=self.role,
                key=key,
                artifacts_bucket=artifacts_bucket,
            )

    def _schedule_by_model_monitor(
        self, settings: Settings, job: Mapping[str, Any], endpoint: sagemaker.CfnEndpoint
    ) -> None:
        # Required by the L1, and completed by the override below.
        config = sagemaker.CfnMonitoringSchedule.MonitoringScheduleConfigProperty(
            schedule_config=sagemaker.CfnMonitoringSchedule.ScheduleConfigProperty(
                schedule_expression=str(settings.monitoring.schedule)
            ),
            monitoring_type="DataQuality",
        )
        schedule = sagemaker.CfnMonitoringSchedule(
            self,
            "Schedule",
            monitoring_schedule_name=settings.names.monitoring_schedule,
            monitoring_schedule_config=config,
        )
        schedule.add_property_override("MonitoringScheduleConfig.MonitoringJobDefinition", job)
        schedule.cfn_options.condition = endpoint.cfn_options.condition
        # SageMaker refuses a schedule without its endpoint, and to delete an endpoint before its schedule.
        schedule.node.add_dependency(endpoint, self.role)
