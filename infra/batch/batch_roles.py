"""The roles of the scoring pipeline: one a kind of job, and the pipeline's own."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from infra.shared.arns import arn
from infra.shared.container_image import ContainerImage
from infra.shared.object_access import may_find, may_read, may_write
from infra.shared.policy import Statement, allow
from infra.shared.sagemaker_role import (
    PROCESSING_JOBS,
    TRANSFORM_JOBS,
    SageMakerRole,
    may_encrypt_volumes,
    may_run,
    package_arns,
)
from slipway.settings import Vpc
from slipway.settings.batch import Batch
from slipway.training.batch_keys import ASSEMBLED, COLLECTED, PUBLISHED, QUERIES, RESPONSES, ROWS, UPLOADS, WORK
from slipway.training.batch_pipeline import BatchRoles
from slipway.training.pipeline_keys import MODEL_ARCHIVES

_OF_COLLECT, _OF_MODEL, _OF_ASSEMBLE = (f"{WORK}/*/{folder}/*" for folder in (COLLECTED, RESPONSES, ASSEMBLED))


class BatchJobRoles(Construct):
    """What each kind of job may do; none may write what another kind makes, and one alone publishes.

    Attributes:
        collect: reads the files to score, the registry and the approved model; writes requests.
        model: reads the model and requests; writes responses. SageMaker reads and writes for the isolated container.
        assemble: reads what the two wrote; writes results and a report.
        publish: copies those to where they are read, and asks whether the model is still approved.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        batch: Batch,
        data_bucket: s3.IBucket,
        artifacts_bucket: s3.IBucket,
        use_case: s3_assets.Asset,
        key: kms.IKey,
        image: ContainerImage,
        package_group: str,
        vpc: Vpc | None,
    ) -> None:
        super().__init__(scope, id_)
        bucket = artifacts_bucket
        found = [f"{QUERIES}/*/{ROWS}/*"] if batch.query else []
        process, transform = (
            may_run(kind, image=image, key=key, vpc=vpc) for kind in (PROCESSING_JOBS, TRANSFORM_JOBS)
        )
        describe = allow("sagemaker:DescribeModelPackage", on=package_arns(package_group))
        self.collect = SageMakerRole(
            self,
            "Collect",
            description="Jobs that collect the rows to score",
            statements=[
                *may_find(data_bucket, f"{batch.input}*"),
                *may_find(bucket, f"{UPLOADS}/*", *found, *MODEL_ARCHIVES),
                *may_find(use_case.bucket, use_case.s3_object_key),
                *may_write(bucket, _OF_COLLECT),
                *process,
                allow("sagemaker:ListModelPackages", on=package_arns(package_group)),
                describe,
            ],
        )
        self.model = SageMakerRole(
            self,
            "Model",
            description="Transform jobs that score rows",
            statements=[
                *may_find(bucket, *MODEL_ARCHIVES, f"{WORK}/*/{COLLECTED}/requests/*"),
                *may_write(bucket, _OF_MODEL),
                *transform,
            ],
        )
        self.assemble = SageMakerRole(
            self,
            "Assemble",
            description="Jobs that put predictions beside rows, and check them",
            statements=[*may_find(bucket, _OF_COLLECT, _OF_MODEL), *may_write(bucket, _OF_ASSEMBLE), *process],
        )
        self.publish = SageMakerRole(
            self,
            "Publish",
            description="Jobs that publish checked results",
            statements=[*may_find(bucket, _OF_ASSEMBLE), *may_write(bucket, f"{PUBLISHED}/*"), *process, describe],
        )

    @property
    def arns(self) -> BatchRoles:
        """As the pipeline's definition names them."""
        return BatchRoles(
            collect=self.collect.role_arn,
            model=self.model.role_arn,
            assemble=self.assemble.role_arn,
            publish=self.publish.role_arn,
        )


class BatchPipelineRole(SageMakerRole):
    """Starts, watches and stops the pipeline's jobs, makes the model that scores, and reads what conditions compare."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        jobs: BatchJobRoles,
        artifacts_bucket: s3.IBucket,
        key: kms.IKey,
        package_group: str,
    ) -> None:
        passed = [role.role_arn for role in (jobs.collect, jobs.model, jobs.assemble, jobs.publish)]
        super().__init__(
            scope,
            id_,
            description="The pipeline that scores files",
            statements=[
                *_may_run_jobs(),
                allow("sagemaker:DescribeModelPackage", on=package_arns(package_group)),
                allow(
                    "iam:PassRole",
                    on=passed,
                    conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
                ),
                *may_read(artifacts_bucket, f"{WORK}/*/{COLLECTED}/plan/*", f"{WORK}/*/{ASSEMBLED}/report/*"),
                *may_encrypt_volumes(key),
            ],
        )


def _may_run_jobs() -> list[Statement]:
    """Jobs and models of an execution begin with SageMaker's prefix; only an isolated model may score."""
    model = arn("sagemaker", "model/pipelines-*")
    kinds = {"ProcessingJob": "processing-job/pipelines-*", "TransformJob": "transform-job/pipelines-*"}
    return [
        *(
            allow(
                f"sagemaker:Create{api}",
                f"sagemaker:Describe{api}",
                f"sagemaker:Stop{api}",
                "sagemaker:AddTags",
                on=[arn("sagemaker", jobs)],
            )
            for api, jobs in kinds.items()
        ),
        allow("sagemaker:CreateModel", on=[model], conditions={"Bool": {"sagemaker:NetworkIsolation": "true"}}),
        allow("sagemaker:DescribeModel", "sagemaker:AddTags", on=[model]),
    ]
