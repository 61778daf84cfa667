"""Audit entries are written once: no role can replace one."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

AUDIT_KEYS = "audit/*"
"""Where in the artifacts bucket every audit log lies."""


def keep_append_only(bucket: s3.Bucket, *, keep_data: bool) -> None:
    """Deny everyone to replace an audit entry, and to delete one where data is kept, whatever their role allows.

    See https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
    """

    def deny(*actions: str, conditions: dict[str, dict[str, object]] | None = None) -> None:
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=list(actions),
                resources=[f"{bucket.bucket_arn}/{AUDIT_KEYS}"],
                conditions=conditions or {},
            )
        )

    # The parts of a multipart upload have no condition; the request that completes it has one.
    deny(
        "s3:PutObject",
        conditions={"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
    )
    if keep_data:
        deny("s3:DeleteObject", "s3:DeleteObjectVersion")
