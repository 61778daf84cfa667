"""Image: the repository, and the build of the steps' container image."""

from pathlib import Path
from tempfile import TemporaryDirectory

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.image.step_image import StepImage
from infra.shared.promoted_models import allow_image_comparison
from infra.shared.removal import removal_policy
from slipway.settings import Settings
from slipway.training.image_source import image_source


class ImageStack(cdk.Stack):
    """Deployed means: the image exists."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        env: cdk.Environment,
        settings: Settings,
        key: kms.IKey,
        steps_folder: Path,
    ) -> None:
        super().__init__(scope, id_, env=env, description=f"Container image of {settings.names.prefix}")
        with TemporaryDirectory() as made:  # CDK copies it at once
            built = StepImage(
                self,
                "StepImage",
                folder=image_source(steps_folder, settings.training, into=Path(made)),
                repository_name=settings.names.image_repository,
                key=key,
                removal_policy=removal_policy(keep_data=settings.keep_data),
            )
        self.image = built.image
        allow_image_comparison(built.repository, accounts=settings.promotion.to_accounts)
        cdk.CfnOutput(self, "ImageUri", value=self.image.uri)
