"""Roles that SageMaker assumes for this account, and the statements that their jobs share."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.shared.approval import may_not_approve, may_not_register_approved
from infra.shared.arns import OWN_ACCOUNT, arn
from infra.shared.container_image import Image
from infra.shared.policy import PolicyRole, Statement, allow
from infra.shared.vpc_access import may_join
from slipway.settings import Vpc
from slipway.training.pipeline_keys import PIPELINE

ARTIFACT_KEYS = f"{PIPELINE}/*"
"""Where in the artifacts bucket the jobs write, each kind to keys of its own."""

PROCESSING_JOBS, TRAINING_JOBS = "/aws/sagemaker/ProcessingJobs", "/aws/sagemaker/TrainingJobs"
TRANSFORM_JOBS = "/aws/sagemaker/TransformJobs"
"""The log group and the namespace of each kind of job."""

SAGEMAKER = iam.ServicePrincipal("sagemaker.amazonaws.com", conditions=OWN_ACCOUNT)


class SageMakerRole(PolicyRole):
    """A role SageMaker assumes for this account only, and that approves no model."""

    def __init__(self, scope: Construct, id_: str, *, description: str, statements: Sequence[Statement]) -> None:
        super().__init__(
            scope,
            id_,
            description=description,
            assumed_by=SAGEMAKER,
            statements=[may_not_approve(), may_not_register_approved(), *statements],
        )


def may_run(kind: str, *, image: Image, key: kms.IKey, vpc: Vpc | None) -> list[Statement]:
    """What every job of a kind needs, such as `PROCESSING_JOBS`: its image, volumes, network and logs."""
    return [*image.may_pull(), *may_encrypt_volumes(key), *may_join(vpc), may_log(kind), may_publish(kind)]


def may_encrypt_volumes(key: kms.IKey) -> list[Statement]:
    """Let SageMaker encrypt volumes: the role that starts a job and the role that the job runs under both need it.

    A grant serves an AWS resource only. See https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
    """
    key_arn = key.key_arn
    return [
        allow("kms:DescribeKey", on=[key_arn]),
        allow("kms:CreateGrant", on=[key_arn], conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}}),
    ]


def may_log(group: str) -> Statement:
    """Write log streams into `group`, which SageMaker names and makes."""
    streams = arn("logs", f"log-group:{group}")
    return allow(
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
        on=[streams, f"{streams}:*"],
    )


def may_publish(namespace: str) -> Statement:
    """Publish metrics into one namespace: the action supports no resource, so a condition names it."""
    return allow("cloudwatch:PutMetricData", on=["*"], conditions={"StringEquals": {"cloudwatch:namespace": namespace}})


def package_arns(package_group: str) -> list[str]:
    """The group and every version in it."""
    return [
        arn("sagemaker", f"model-package-group/{package_group}"),
        arn("sagemaker", f"model-package/{package_group}/*"),
    ]


def may_start_processing_jobs(prefix: str, *, role: iam.IRole, key: kms.IKey) -> list[Statement]:
    """Start jobs whose names begin with `prefix` and a hyphen, under `role`; the caller needs the key too."""
    jobs = arn("sagemaker", f"processing-job/{prefix}-*")
    to_sagemaker = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    return [
        allow("sagemaker:CreateProcessingJob", "sagemaker:AddTags", on=[jobs]),
        allow("iam:PassRole", on=[role.role_arn], conditions=to_sagemaker),
        *may_encrypt_volumes(key),
    ]
