"""Endpoint: deployed on day 0 without a model; rollouts change its one parameter and nothing else."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.endpoint.guarded_endpoint import GuardedEndpoint
from infra.endpoint.package_parameter import PackageParameter
from infra.shared.container_image import ContainerImage
from slipway.settings import Settings


class EndpointStack(cdk.Stack):
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
        super().__init__(
            scope,
            id_,
            env=env,
            description=f"Endpoint of {settings.names.prefix}",
            # The rule would bring a second parameter, and a rollout reads and writes "the" parameter.
            synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        package_arn = PackageParameter(self, "ModelPackageArn", package_group=settings.names.package_group)
        self.guarded = GuardedEndpoint(
            self,
            "Guarded",
            settings=settings,
            package_arn=package_arn,
            key=key,
            artifacts_bucket=artifacts_bucket,
            image=image,
        )
        cdk.CfnOutput(self, "EndpointName", value=settings.names.endpoint)
        cdk.CfnOutput(self, "EndpointConfigName", value=self.guarded.config_name, condition=self.guarded.has_model)
