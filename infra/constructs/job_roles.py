"""The roles of the training pipeline: one a kind of job, and the pipeline's own."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from blueprint.settings import Vpc
from infra.constructs.approval import may_not_approve, may_not_register_approved
from infra.constructs.object_access import may_find, may_read, may_write
from infra.constructs.step_image import StepImage
from infra.constructs.vpc_access import may_join

ARTIFACT_KEYS = "pipeline/*"
"""Where in the artifacts bucket the jobs write."""


class SageMakerRole(iam.Role):
    """A role SageMaker assumes for this account only, and that approves no model."""

    def __init__(self, scope: Construct, id_: str, *, description: str) -> None:
        self_account = {"StringEquals": {"aws:SourceAccount": cdk.Stack.of(scope).account}}
        super().__init__(
            scope,
            id_,
            description=description,
            assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com", conditions=self_account),
        )
        self.add_to_policy(may_not_approve())
        self.add_to_policy(may_not_register_approved())

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
        key: kms.IKey,
        image: StepImage,
        package_group: str,
        vpc: Vpc | None,
    ) -> None:
        super().__init__(scope, id_)
        self.processing = SageMakerRole(self, "Processing", description="Jobs that prepare the data")
        self.training = SageMakerRole(self, "Training", description="Training jobs")
        self.evaluation = SageMakerRole(self, "Evaluation", description="Jobs that evaluate a candidate")
        may_find(self.processing, data_bucket, "*")
        may_find(self.training, artifacts_bucket, ARTIFACT_KEYS)
        may_find(self.evaluation, artifacts_bucket, ARTIFACT_KEYS)
        for role, kind in (
            (self.processing, "ProcessingJobs"),
            (self.training, "TrainingJobs"),
            (self.evaluation, "ProcessingJobs"),
        ):
            may_write(role, artifacts_bucket, ARTIFACT_KEYS)
            image.grant_pull(role)
            allow_encrypted_volumes(role, key)
            may_join(role, vpc)
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
        # The best of a tuning job's models is found in its list.
        self.allow(
            "sagemaker:ListTrainingJobsForHyperParameterTuningJob",
            on=[stack.format_arn(service="sagemaker", resource="hyper-parameter-tuning-job/*")],
        )
        self.allow(
            "sagemaker:DescribeModelPackageGroup",
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
        may_read(self, artifacts_bucket, ARTIFACT_KEYS)  # conditions read the evaluation
        allow_encrypted_volumes(self, key)


def allow_encrypted_volumes(role: SageMakerRole, key: kms.IKey) -> None:
    """Let SageMaker encrypt the volumes of what `role` starts, or of the job that runs under it: it asks for both.

    A grant serves an AWS resource only. See https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
    """
    role.allow("kms:DescribeKey", on=[key.key_arn])
    role.allow("kms:CreateGrant", on=[key.key_arn], conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}})


def package_arns(scope: Construct, package_group: str) -> list[str]:
    """The group and every version in it."""
    stack = cdk.Stack.of(scope)
    return [
        stack.format_arn(service="sagemaker", resource="model-package-group", resource_name=package_group),
        stack.format_arn(service="sagemaker", resource="model-package", resource_name=f"{package_group}/*"),
    ]
