"""Rollout: what happens between an approval and a live endpoint."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.rollout.audit import AuditFunction
from infra.rollout.canary_analysis import CanaryAnalysisFunction
from infra.rollout.durable_function import versions_of
from infra.rollout.function import RolloutFunction
from infra.rollout.replay_job import ReplayJob
from infra.rollout.runtime.orchestrator.run import RolloutTarget
from infra.rollout.smoke_test import SmokeTest
from infra.shared.arns import arn
from infra.shared.container_image import ContainerImage
from infra.shared.notifications import subscribe
from infra.shared.object_access import may_find, may_write
from infra.shared.policy import Statement, allow
from slipway.rollout.steps import ALIAS
from slipway.settings import Settings


class RolloutStack(cdk.Stack):
    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        env: cdk.Environment,
        settings: Settings,
        key: kms.IKey,
        artifacts_bucket: s3.IBucket,
        image: ContainerImage,
    ) -> None:
        super().__init__(scope, id_, env=env, description=f"Rollouts of {settings.names.prefix}")
        self._settings = settings
        names = settings.names
        smoke_test = SmokeTest(self, "SmokeTest", settings=settings, artifacts_bucket=artifacts_bucket)
        audit = AuditFunction(self, "Audit", names=names, artifacts_bucket=artifacts_bucket)
        replay = ReplayJob(self, "Replay", settings=settings, key=key, artifacts_bucket=artifacts_bucket, image=image)
        analysis = self._analysis(artifacts_bucket)
        topic = self._topic(key)
        target = self._target(
            bucket=artifacts_bucket.bucket_name,
            smoke_test=smoke_test.function_arn,
            audit=audit.function_arn,
            topic=topic.topic_arn,
            gate_job=replay.job,
            canary_analysis=analysis.current_version.function_arn if analysis else "",
        )
        shared = [*_may_queue(artifacts_bucket, names.queue_key), *_may_notify(topic, key)]
        rollout = RolloutFunction(
            self,
            "Rollout",
            names=names,
            target=target,
            topic=topic,
            calls=[smoke_test.function_arn, audit.function_arn, *(versions_of(analysis) if analysis else [])],
            statements=[*replay.may_start(), *shared, *self._schedule(target, topic, shared)],
        )
        if settings.experiment:
            from infra.rollout.experiment import ExperimentFunction  # noqa: PLC0415 — CDK modules that only it needs

            experiment = ExperimentFunction(
                self,
                "Experiment",
                settings=settings,
                experiment=settings.experiment,
                artifacts_bucket=artifacts_bucket,
                target=target,
                topic=topic,
                calls=[smoke_test, audit],
                statements=[*replay.may_start(), *shared],
            )
            cdk.CfnOutput(self, "ExperimentFunctionName", value=experiment.function.function_name)
        cdk.CfnOutput(self, "FunctionName", value=rollout.function.function_name)
        cdk.CfnOutput(self, "TopicArn", value=topic.topic_arn)

    def _analysis(self, artifacts_bucket: s3.IBucket) -> CanaryAnalysisFunction | None:
        if not self._settings.rollout.canary_analysis.enabled:
            return None
        return CanaryAnalysisFunction(
            self, "CanaryAnalysis", settings=self._settings, artifacts_bucket=artifacts_bucket
        )

    def _topic(self, key: kms.IKey) -> sns.Topic:
        topic = sns.Topic(self, "Notices", master_key=key, enforce_ssl=True)
        subscribe(topic, self._settings.monitoring.notify)
        return topic

    def _target(
        self, *, bucket: str, smoke_test: str, audit: str, topic: str, gate_job: dict[str, Any], canary_analysis: str
    ) -> RolloutTarget:
        names, rollout, experiment = self._settings.names, self._settings.rollout, self._settings.experiment
        return RolloutTarget(
            endpoint=names.endpoint,
            stack=names.stack("endpoint"),
            package_group=names.package_group,
            # Not taken from the resource: the function's own settings would then depend on it.
            function=arn("lambda", f"function:{names.rollout_function}:{ALIAS}"),
            bucket=bucket,
            queue_key=names.queue_key,
            pause_parameter=names.pause_parameter,
            smoke_test=smoke_test,
            audit=audit,
            topic=topic,
            gate_job=gate_job,
            canary_analysis=canary_analysis,
            proceeds=rollout.canary_analysis.without_evidence == "proceed",
            plan=rollout.type.replace("_", " "),
            timeout_seconds=rollout.timeout_seconds,
            shadow_seconds=rollout.shadow.max_seconds if rollout.shadow.enabled else 0,
            most_challengers=experiment.challengers if experiment else 0,
            experiment_seconds=60 * experiment.update_minutes if experiment else 0,
            experiment_polls=experiment.max_polls if experiment else 0,
            stopped_parameter=names.stopped_parameter if self._settings.endpoint.schedule else "",
        )

    def _schedule(self, target: RolloutTarget, topic: sns.ITopic, shared: list[Statement]) -> list[Statement]:
        """Make the endpoint's schedule, if it has one; what a rollout may do for it."""
        schedule, names = self._settings.endpoint.schedule, self._settings.names
        if schedule is None:
            return []
        from infra.rollout.schedule import (  # noqa: PLC0415 — CDK modules that only it needs
            DailySchedule,
            may_record_stopped,
        )

        DailySchedule(self, "Schedule", names=names, schedule=schedule, target=target, topic=topic, statements=shared)
        return [may_record_stopped(names)]


def _may_queue(artifacts_bucket: s3.IBucket, key: str) -> list[Statement]:
    return [*may_find(artifacts_bucket, key), *may_write(artifacts_bucket, key)]


def _may_notify(topic: sns.ITopic, key: kms.IKey) -> list[Statement]:
    """The topic is encrypted, so publishing takes its key as well."""
    return [
        allow("sns:Publish", on=[topic.topic_arn]),
        allow("kms:Decrypt", "kms:GenerateDataKey", on=[key.key_arn]),
    ]
