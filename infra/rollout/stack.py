"""Rollout: what happens between an approval and a live endpoint."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.rollout.audit import AuditFunction
from infra.rollout.canary_analysis import CanaryAnalysisFunction
from infra.rollout.definition import Gates
from infra.rollout.gates import GATES
from infra.rollout.machine import RolloutMachine
from infra.rollout.replay_job import ReplayJob
from infra.rollout.schedule_waking import woken
from infra.rollout.smoke_test import SmokeTest
from infra.shared.container_image import ContainerImage
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
        smoke_test = SmokeTest(self, "SmokeTest", names=settings.names, artifacts_bucket=artifacts_bucket)
        audit = AuditFunction(self, "Audit", names=settings.names, artifacts_bucket=artifacts_bucket)
        replay = ReplayJob(self, "Replay", settings=settings, key=key, artifacts_bucket=artifacts_bucket, image=image)
        rollout = RolloutMachine(
            self,
            "Rollout",
            settings=settings,
            key=key,
            smoke_test=smoke_test,
            audit=audit,
            judge=self._judge(settings, artifacts_bucket),
            gates=self._gates(settings, replay),
        )
        replay.grant_start(rollout.role)
        if hours := settings.endpoint.schedule:
            from infra.rollout.schedule import (  # noqa: PLC0415 — CDK modules that only it needs
                OfficeHours,
                allow_memory,
            )

            allow_memory(rollout.role, settings.names)
            OfficeHours(
                self,
                "OfficeHours",
                names=settings.names,
                hours=hours,
                rollout_arn=rollout.machine.state_machine_arn,
                topic=rollout.topic,
            )
        cdk.CfnOutput(self, "StateMachineArn", value=rollout.machine.state_machine_arn)
        cdk.CfnOutput(self, "TopicArn", value=rollout.topic.topic_arn)

    def _gates(self, settings: Settings, replay: ReplayJob) -> Gates:
        names, gates = settings.names, Gates(GATES, replay.states)
        if not settings.endpoint.schedule:
            return gates
        return woken(gates, stack=names.stack("endpoint"), remembered=names.stopped_parameter)

    def _judge(self, settings: Settings, artifacts_bucket: s3.IBucket) -> CanaryAnalysisFunction | None:
        if not settings.rollout.canary_analysis.enabled:
            return None
        return CanaryAnalysisFunction(self, "Judge", settings=settings, artifacts_bucket=artifacts_bucket)
