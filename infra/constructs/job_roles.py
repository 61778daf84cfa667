"""The roles of the training pipeline: one a kind of job, and the pipeline's own."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.step_image import StepImage

ARTIFACT_KEYS = "pipeline/*"
"""Where in the artifacts bucket the jobs write."""


class SageMakerRole(iam.Role):
    """A role SageMaker assumes for this account only."""

    def __init__(self, scope: Construct, id_: str, *, description: str) -> None:
        self_account = {"StringEquals": {"aws:SourceAccount": cdk.Stack.of(scope).account}}
        super().__init__(
            scope,
            id_,
            description=description,
            assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com", conditions=self_account),
        )

    def allow(self, *actions: str, on: Sequence[str], conditions: dict[str, dict[str, object]] | None = None) -> None:
        self.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=list(on), conditions=conditions or {}))

    def allow_logs(self, group: str) -> None:
        """Write log streams into `group`, which SageMaker names and makes."""
        arn = cdk.Stack.of(self).format_arn(
            service="logs", resource="log-group", resource_name=group, arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME
        )
        self.allow(
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
            on=[arn, f"{arn}:*"],
        )

    def allow_metrics(self, namespace: str) -> None:
        """Publish into one namespace: the action knows no resource, the condition narrows it."""
        self.allow(
            "cloudwatch:PutMetricData",
            on=["*"],
            conditions={"StringEquals": {"cloudwatch:namespace": namespace}},
        )


class JobRoles(Construct):
    """What each kind of job may do.

    Attributes:
        processing: reads the data, writes the splits.
        training: reads the splits, writes models.
        evaluation: reads all of that and the registry, writes the evaluation.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        data_bucket: s3.IBucket,
        artifacts_bucket: s3.IBucket,
        image: StepImage,
        package_group: str,
    ) -> None:
        super().__init__(scope, id_)
        self.processing = SageMakerRole(self, "Processing", description="Jobs that prepare the data")
        self.training = SageMakerRole(self, "Training", description="Training jobs")
        self.evaluation = SageMakerRole(self, "Evaluation", description="Jobs that evaluate a candidate")
        data_bucket.grant_read(self.processing)
        artifacts_bucket.grant_read(self.training, ARTIFACT_KEYS)
        artifacts_bucket.grant_read(self.evaluation, ARTIFACT_KEYS)
        for role, kind in (
            (self.processing, "ProcessingJobs"),
            (self.training, "TrainingJobs"),
            (self.evaluation, "ProcessingJobs"),
        ):
            artifacts_bucket.grant_put(role, ARTIFACT_KEYS)
            image.grant_pull(role)
            role.allow_logs(f"/aws/sagemaker/{kind}")
            role.allow_metrics(f"/aws/sagemaker/{kind}")
        self.evaluation.allow(
            "sagemaker:DescribeModelPackage",
            "sagemaker:ListModelPackages",
            on=package_arns(self, package_group),
        )


class PipelineRole(SageMakerRole):
    """Starts, watches and stops the pipeline's jobs, and registers what passed the gate."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        jobs: JobRoles,
        artifacts_bucket: s3.IBucket,
        key: kms.IKey,
        package_group: str,
    ) -> None:
        super().__init__(scope, id_, description="The training pipeline itself")
        stack = cdk.Stack.of(self)
        # Tuning jobs are named after the execution, the others carry SageMaker's prefix.
        for api, resource in (
            ("ProcessingJob", "processing-job/pipelines-*"),
            ("TrainingJob", "training-job/pipelines-*"),
            ("HyperParameterTuningJob", "hyper-parameter-tuning-job/*"),
        ):
            self.allow(
                *(f"sagemaker:{verb}{api}" for verb in ("Create", "Describe", "Stop")),
                "sagemaker:AddTags",
                on=[stack.format_arn(service="sagemaker", resource=resource)],
            )
        self.allow(
            "sagemaker:CreateModelPackage",
            "sagemaker:DescribeModelPackage",
            "sagemaker:AddTags",
            on=package_arns(self, package_group),
        )
        self.allow(
            "iam:PassRole",
            on=[role.role_arn for role in (jobs.processing, jobs.training, jobs.evaluation)],
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        )
        artifacts_bucket.grant_read(self, ARTIFACT_KEYS)  # conditions read the evaluation
        allow_encrypted_volumes(self, key)


def allow_encrypted_volumes(role: SageMakerRole, key: kms.IKey) -> None:
    """Let SageMaker encrypt the volumes of what `role` starts; a grant serves an AWS resource only."""
    role.allow("kms:DescribeKey", on=[key.key_arn])
    role.allow("kms:CreateGrant", on=[key.key_arn], conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}})


def package_arns(scope: Construct, package_group: str) -> list[str]:
    """The group and every version in it."""
    stack = cdk.Stack.of(scope)
    return [
        stack.format_arn(service="sagemaker", resource="model-package-group", resource_name=package_group),
        stack.format_arn(service="sagemaker", resource="model-package", resource_name=f"{package_group}/*"),
    ]
