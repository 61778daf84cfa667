"""Rollout: what happens between an approval and a live endpoint."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from blueprint.settings import Settings
from infra.constructs.rollout.machine import RolloutMachine
from infra.constructs.smoke_test import SmokeTest


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
    ) -> None:
        super().__init__(scope, id_, env=env, description=f"Rollouts of {settings.names.prefix}")
        smoke_test = SmokeTest(
            self, "SmokeTest", endpoint_name=settings.names.endpoint, artifacts_bucket=artifacts_bucket
        )
        rollout = RolloutMachine(self, "Rollout", names=settings.names, key=key, smoke_test=smoke_test)
        cdk.CfnOutput(self, "StateMachineArn", value=rollout.machine.state_machine_arn)
        cdk.CfnOutput(self, "TopicArn", value=rollout.topic.topic_arn)
