"""The SageMaker pipeline and the registry group it writes to."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from infra.shared.container_image import ContainerImage, EcrImage
from infra.shared.promoted_models import group_policy
from infra.shared.removal import removal_policy
from infra.shared.use_case_asset import use_case_asset
from infra.training.job_roles import JobRoles, PipelineRole
from infra.training.starter_role import StarterRole
from slipway.settings import Settings
from slipway.training import to_json, training_pipeline


class TrainingPipeline(Construct):
    """Runs exactly the definition that `slipway.training` writes.

    Attributes:
        jobs: the roles of its jobs.
        package_group: where it registers models that passed the gate.
        pipeline: the pipeline itself.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        key: kms.IKey,
        data_bucket: s3.IBucket,
        artifacts_bucket: s3.IBucket,
        image: ContainerImage,
    ) -> None:
        super().__init__(scope, id_)
        self._bucket, self._key, self._image = artifacts_bucket, key, image
        self._use_case = use_case_asset(self, settings)
        self.package_group = self._package_group(settings)
        self.jobs = JobRoles(
            self,
            "Jobs",
            data_bucket=data_bucket,
            artifacts_bucket=artifacts_bucket,
            use_case=self._use_case,
            key=key,
            image=image,
            training_image=EcrImage(settings.training.image) if settings.training.image else None,
            package_group=settings.names.package_group,
            vpc=settings.access.vpc,
        )
        self.pipeline = self._pipeline(settings, data_bucket)
        StarterRole(self, "Starter", settings=settings, data_bucket=data_bucket)

    def _package_group(self, settings: Settings) -> sagemaker.CfnModelPackageGroup:
        name = settings.names.package_group
        # No description: a changed one replaces the group, whose name is taken. The pipeline has it.
        group = sagemaker.CfnModelPackageGroup(
            self,
            "PackageGroup",
            model_package_group_name=name,
            model_package_group_policy=group_policy(name, accounts=settings.promotion.to_accounts),
        )
        group.apply_removal_policy(removal_policy(keep_data=settings.keep_data))
        return group

    def _pipeline(self, settings: Settings, data_bucket: s3.IBucket) -> sagemaker.CfnPipeline:
        names = settings.names
        role = PipelineRole(
            self,
            "Role",
            jobs=self.jobs,
            artifacts_bucket=self._bucket,
            key=self._key,
            served_image=EcrImage(settings.endpoint.image) if settings.endpoint.image else self._image,
            package_group=names.package_group,
            experiment=names.pipeline if settings.training.experiments else None,
        )
        document = training_pipeline(
            settings,
            bucket=self._bucket.bucket_name,
            data_bucket=data_bucket.bucket_name,
            kms_key_arn=self._key.key_arn,
            image_uri=self._image.uri,
            use_case_uri=self._use_case.s3_object_url,
            processing_role_arn=self.jobs.processing.role_arn,
            training_role_arn=self.jobs.training.role_arn,
            evaluation_role_arn=self.jobs.evaluation.role_arn,
        )
        pipeline = sagemaker.CfnPipeline(
            self,
            "Pipeline",
            pipeline_name=names.pipeline,
            pipeline_display_name=names.pipeline,
            pipeline_description=settings.description or names.prefix,
            pipeline_definition={"PipelineDefinitionBody": to_json(document)},
            role_arn=role.role_arn,
        )
        # A pipeline started before its roles' policies are there fails with "access denied".
        pipeline.node.add_dependency(self.package_group, role, self.jobs)
        return pipeline
