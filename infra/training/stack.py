"""Training: the pipeline, its roles and its registry group."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.shared.container_image import ContainerImage
from infra.training.training_pipeline import TrainingPipeline
from slipway.settings import Settings


class TrainingStack(cdk.Stack):
    """Makes models; deploying it starts nothing."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        env: cdk.Environment,
        settings: Settings,
        key: kms.IKey,
        data_bucket: s3.IBucket,
        artifacts_bucket: s3.IBucket,
        image: ContainerImage,
    ) -> None:
        super().__init__(scope, id_, env=env, description=f"Training pipeline of {settings.names.prefix}")
        training = TrainingPipeline(
            self,
            "Training",
            settings=settings,
            key=key,
            data_bucket=data_bucket,
            artifacts_bucket=artifacts_bucket,
            image=image,
        )
        cdk.CfnOutput(self, "PipelineName", value=training.pipeline.ref)
        cdk.CfnOutput(self, "ModelPackageGroupName", value=settings.names.package_group)
