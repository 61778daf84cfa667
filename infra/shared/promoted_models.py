"""What the accounts of the next stages may read: a model is promoted there, not trained again."""

from collections.abc import Sequence
from typing import Any

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from infra.shared.arns import PARTITION, REGION, URL_SUFFIX
from infra.shared.sagemaker_role import package_arns
from slipway.training.pipeline_keys import READ_BY_PROMOTION


def allow_artifact_reads(bucket: s3.Bucket, key: kms.Key, *, accounts: Sequence[str]) -> None:
    """Let `accounts` read models and their metrics, decrypted by S3 alone; each account decides which of its roles may.

    The splits beside them are not readable: they hold users' rows.
    """
    if not accounts:
        return
    principals: list[iam.IPrincipal] = [iam.AccountPrincipal(account) for account in accounts]
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            sid="PromotedModels",
            principals=principals,
            actions=["s3:GetObject"],
            resources=[bucket.arn_for_objects(keys) for keys in READ_BY_PROMOTION],
        )
    )
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid="PromotedModels",
            principals=principals,
            actions=["kms:Decrypt"],
            resources=["*"],  # in a key policy: this key
            conditions={"StringEquals": {"kms:ViaService": f"s3.{REGION}.{URL_SUFFIX}"}},
        )
    )


def allow_image_comparison(repository: ecr.Repository, *, accounts: Sequence[str]) -> None:
    """Let `accounts` read a tag's digest: each builds its own image, and a promotion compares the two."""
    if accounts:
        repository.add_to_resource_policy(
            iam.PolicyStatement(
                sid="PromotedModels",
                principals=[iam.AccountPrincipal(account) for account in accounts],
                actions=["ecr:DescribeImages"],
            )
        )


def group_policy(package_group: str, *, accounts: Sequence[str]) -> dict[str, Any] | None:
    """The registry group's policy: `accounts` may read its versions and change nothing."""
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
