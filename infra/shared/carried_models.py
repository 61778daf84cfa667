"""What the accounts of the next stages may read, so that a model is carried there and never trained again."""

from collections.abc import Sequence
from typing import Any

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from infra.shared.arns import PARTITION, REGION, URL_SUFFIX
from infra.shared.job_roles import package_arns
from slipway.training.pipeline_keys import CARRIED_ON


def let_read_artifacts(bucket: s3.Bucket, key: kms.Key, *, accounts: Sequence[str]) -> None:
    """Models and their figures, decrypted on their way out of S3; each account decides who of its own may.

    The splits lie beside them and stay: they hold users' rows.
    """
    if not accounts:
        return
    principals: list[iam.IPrincipal] = [iam.AccountPrincipal(account) for account in accounts]
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            sid="CarriedModels",
            principals=principals,
            actions=["s3:GetObject"],
            resources=[bucket.arn_for_objects(keys) for keys in CARRIED_ON],
        )
    )
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid="CarriedModels",
            principals=principals,
            actions=["kms:Decrypt"],
            resources=["*"],  # in a key policy: this key
            conditions={"StringEquals": {"kms:ViaService": f"s3.{REGION}.{URL_SUFFIX}"}},
        )
    )


def let_compare_images(repository: ecr.Repository, *, accounts: Sequence[str]) -> None:
    """Tell the digest behind a tag: each account builds the image itself, and carrying says if it is another one."""
    if accounts:
        repository.add_to_resource_policy(
            iam.PolicyStatement(
                sid="CarriedModels",
                principals=[iam.AccountPrincipal(account) for account in accounts],
                actions=["ecr:DescribeImages"],
            )
        )


def group_policy(package_group: str, *, accounts: Sequence[str]) -> dict[str, Any] | None:
    """The registry group's policy: look at its versions, and change nothing."""
    if not accounts:
        return None
    group, versions = package_arns(package_group)
    principal = {"AWS": [f"arn:{PARTITION}:iam::{account}:root" for account in accounts]}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Group",
                "Effect": "Allow",
                "Principal": principal,
                "Action": "sagemaker:DescribeModelPackageGroup",
                "Resource": group,
            },
            {
                "Sid": "Versions",
                "Effect": "Allow",
                "Principal": principal,
                "Action": ["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"],
                "Resource": versions,
            },
        ],
    }
