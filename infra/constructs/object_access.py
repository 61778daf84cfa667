"""Exactly what reading and writing objects takes: CDK's own grants allow tags, legal holds, acls and more as well."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3


def may_read(grantee: iam.IGrantable, bucket: s3.IBucket, *keys: str) -> None:
    """Read the objects whose keys match one of `keys`, for somebody who knows them."""
    _allow(grantee, ["s3:GetObject"], [bucket.arn_for_objects(key) for key in keys])
    _with_key(grantee, bucket, ["kms:Decrypt"])


def may_find(grantee: iam.IGrantable, bucket: s3.IBucket, *keys: str) -> None:
    """Read them and list the bucket, as SageMaker does for a job's inputs."""
    _allow(grantee, ["s3:ListBucket"], [bucket.bucket_arn])
    may_read(grantee, bucket, *keys)


def may_write(grantee: iam.IGrantable, bucket: s3.IBucket, *keys: str) -> None:
    """Write such objects; the parts of a large one are read again to be joined."""
    _allow(grantee, ["s3:PutObject", "s3:AbortMultipartUpload"], [bucket.arn_for_objects(key) for key in keys])
    _with_key(grantee, bucket, ["kms:Encrypt", "kms:GenerateDataKey", "kms:Decrypt"])


def _with_key(grantee: iam.IGrantable, bucket: s3.IBucket, actions: Sequence[str]) -> None:
    if bucket.encryption_key is not None:
        _allow(grantee, actions, [bucket.encryption_key.key_arn])


def _allow(grantee: iam.IGrantable, actions: Sequence[str], resources: Sequence[str]) -> None:
    grantee.grant_principal.add_to_principal_policy(
        iam.PolicyStatement(actions=list(actions), resources=list(resources))
    )
