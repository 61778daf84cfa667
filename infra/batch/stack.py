"""Batch: the pipeline that scores files, its query and schedule, and a notice of every execution that failed."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.batch.batch_roles import BatchJobRoles, BatchPipelineRole
from infra.batch.query_machine import QueryMachine
from infra.shared.arns import arn
from infra.shared.container_image import ContainerImage
from infra.shared.policy import allow
from infra.shared.schedule_group import ScheduleGroup, alarm_on_undelivered
from infra.shared.use_case_asset import use_case_asset
from slipway.metrics import PIPELINES_NAMESPACE
from slipway.settings import Settings
from slipway.settings.batch import Batch
from slipway.settings.batch_query import BatchQuery
from slipway.training import to_json
from slipway.training.batch_pipeline import batch_pipeline


class BatchStack(cdk.Stack):
    """Scores the files of a prefix with the newest approved model; deploying it starts nothing."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        env: cdk.Environment,
        settings: Settings,
        batch: Batch,
        key: kms.IKey,
        data_bucket: s3.IBucket,
        artifacts_bucket: s3.IBucket,
        image: ContainerImage,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, id_, env=env, description=f"Scoring of files by {settings.names.prefix}")
        self._settings, self._batch = settings, batch
        use_case = use_case_asset(self, settings)
        jobs = BatchJobRoles(
            self,
            "Jobs",
            batch=batch,
            data_bucket=data_bucket,
            artifacts_bucket=artifacts_bucket,
            use_case=use_case,
            key=key,
            image=image,
            package_group=settings.names.package_group,
            vpc=settings.access.vpc,
        )
        role = BatchPipelineRole(
            self,
            "Role",
            jobs=jobs,
            artifacts_bucket=artifacts_bucket,
            key=key,
            package_group=settings.names.package_group,
        )
        document = batch_pipeline(
            settings,
            batch,
            bucket=artifacts_bucket.bucket_name,
            data_bucket=data_bucket.bucket_name,
            kms_key_arn=key.key_arn,
            image_uri=image.uri,
            use_case_uri=use_case.s3_object_url,
            roles=jobs.arns,
        )
        self.pipeline = sagemaker.CfnPipeline(
            self,
            "Pipeline",
            pipeline_name=settings.names.batch_pipeline,
            pipeline_display_name=settings.names.batch_pipeline,
            pipeline_description=f"Scores files with the newest approved model of {settings.names.package_group}",
            pipeline_definition={"PipelineDefinitionBody": to_json(document)},
            role_arn=role.role_arn,
        )
        # A pipeline started before its roles' policies are there fails with "access denied".
        self.pipeline.node.add_dependency(role, jobs)
        self._alarm(topic)
        machine = self._query(batch.query, artifacts_bucket) if batch.query else None
        if batch.schedule:
            self._schedule(batch.schedule, machine, topic)
        cdk.CfnOutput(self, "PipelineName", value=self.pipeline.ref)

    def _query(self, query: BatchQuery, artifacts_bucket: s3.IBucket) -> QueryMachine:
        machine = QueryMachine(
            self, "Query", names=self._settings.names, query=query, artifacts_bucket=artifacts_bucket
        )
        machine.node.add_dependency(self.pipeline)
        cdk.CfnOutput(self, "QueryMachineArn", value=machine.state_machine_arn)
        return machine

    def _alarm(self, topic: sns.ITopic) -> None:
        """An execution that refused its results has failed too: its reason is the one of the step `Refuse`."""
        name = self._settings.names.batch_pipeline
        alarm = cloudwatch.Alarm(
            self,
            "Failed",
            alarm_name=f"{name}-failed",
            alarm_description=f"An execution of {name} failed, or its results were not published; its steps say why",
            metric=cloudwatch.Metric(
                namespace=PIPELINES_NAMESPACE,
                metric_name="ExecutionFailed",
                dimensions_map={"PipelineName": name},
                statistic="Sum",
                period=cdk.Duration.minutes(5),
            ),
            threshold=0,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(topic))

    def _schedule(self, expression: str, machine: QueryMachine | None, topic: sns.ITopic) -> None:
        names = self._settings.names
        scored = f"the files below {self._batch.input} in the data bucket"
        target, action = arn("sagemaker", f"pipeline/{names.batch_pipeline}"), "sagemaker:StartPipelineExecution"
        if machine:
            scored, target, action = "the rows of the query", machine.state_machine_arn, "states:StartExecution"
        group = ScheduleGroup(self, "Schedules", name=names.batch_pipeline, may_start=allow(action, on=[target]))
        group.add_schedule(
            "Score",
            target_arn=target,
            event={} if machine else None,
            expression=expression,
            description=f"Scores {scored} of {names.prefix}",
            timezone=self._batch.timezone,
        )
        group.node.add_dependency(self.pipeline)
        alarm_on_undelivered(
            self,
            "Undelivered",
            group_name=names.batch_pipeline,
            alarm_name=f"{names.batch_pipeline}-schedule",
            description=f"A schedule could not start {names.batch_pipeline}",
            topic=topic,
        )
