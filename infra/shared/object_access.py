"""The exact permissions to read and write objects: CDK's own grants add tags, legal holds, ACLs and more."""

from aws_cdk import aws_s3 as s3

from infra.shared.policy import Statement, allow


def may_read(bucket: s3.IBucket, *keys: str) -> list[Statement]:
    """Read the objects whose keys match one of `keys`, without listing them."""
    return [allow("s3:GetObject", on=_objects(bucket, keys)), *_with_key(bucket, "kms:Decrypt")]


def may_find(bucket: s3.IBucket, *keys: str) -> list[Statement]:
    """Read them and list the bucket, as SageMaker does for a job's inputs."""
    return [allow("s3:ListBucket", on=[bucket.bucket_arn]), *may_read(bucket, *keys)]


def may_write(bucket: s3.IBucket, *keys: str) -> list[Statement]:
    """Write such objects; S3 reads the parts of a large one again to join them."""
    return [
        allow("s3:PutObject", "s3:AbortMultipartUpload", on=_objects(bucket, keys)),
        *_with_key(bucket, "kms:Encrypt", "kms:GenerateDataKey", "kms:Decrypt"),
    ]


def _objects(bucket: s3.IBucket, keys: tuple[str, ...]) -> list[str]:
    return [f"{bucket.bucket_arn}/{key}" for key in keys]


def _with_key(bucket: s3.IBucket, *actions: str) -> list[Statement]:
    key = bucket.encryption_key
    return [] if key is None else [allow(*actions, on=[key.key_arn])]
