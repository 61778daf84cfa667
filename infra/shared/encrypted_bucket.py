"""Buckets: encrypted, versioned, private, TLS only, and logged."""

from collections.abc import Mapping
from types import MappingProxyType

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

_MINIMUM_TLS = 1.2
_PRIVATE = s3.BlockPublicAccess.BLOCK_ALL
_NONCURRENT = cdk.Duration.days(90)
_LOGS = cdk.Duration.days(365)
_DELETED = cdk.Duration.days(1)


class AccessLogsBucket(s3.Bucket):
    """Receives the access logs of other buckets; the log delivery service supports S3-managed encryption only."""

    def __init__(self, scope: Construct, id_: str, *, removal_policy: cdk.RemovalPolicy) -> None:
        super().__init__(
            scope,
            id_,
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=_PRIVATE,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=_MINIMUM_TLS,
            versioned=True,
            lifecycle_rules=[s3.LifecycleRule(expiration=_LOGS, noncurrent_version_expiration=_NONCURRENT)],
            removal_policy=removal_policy,
        )


class EncryptedBucket(s3.Bucket):
    """Every object under `key`; overwritten versions are kept for 90 days.

    `expire_after_days` deletes the objects below a folder after so many days, with all of their versions.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        key: kms.IKey,
        access_logs: s3.IBucket,
        removal_policy: cdk.RemovalPolicy,
        expire_after_days: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        super().__init__(
            scope,
            id_,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            block_public_access=_PRIVATE,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=_MINIMUM_TLS,
            versioned=True,
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix=f"{id_}/",
            lifecycle_rules=[
                s3.LifecycleRule(
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                    noncurrent_version_expiration=_NONCURRENT,
                ),
                *(
                    s3.LifecycleRule(
                        prefix=f"{folder}/", expiration=cdk.Duration.days(kept), noncurrent_version_expiration=_DELETED
                    )
                    for folder, kept in expire_after_days.items()
                ),
            ],
            removal_policy=removal_policy,
        )
