"""What running a query of Athena takes: the query itself, its tables, and the place of its rows.

See https://docs.aws.amazon.com/step-functions/latest/dg/connect-athena.html, whose policy names every table and bucket,
and https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html.
"""

from collections.abc import Iterator

from aws_cdk import aws_s3 as s3

from infra.shared.arns import PARTITION, arn
from infra.shared.object_access import may_read, may_write
from infra.shared.policy import Statement, allow
from slipway.settings.batch_query import BatchQuery

_CATALOG = "AwsDataCatalog"
"""How Athena names the account's Glue data catalog."""
_DEFAULT = "default"
"""Athena asks for this database whatever a query names, and makes it where there is none."""


def may_run_queries(workgroup: str) -> Iterator[Statement]:
    """Start, follow and stop queries in one workgroup."""
    yield allow(
        *(f"athena:{verb}QueryExecution" for verb in ("Start", "Get", "Stop")),
        on=[arn("athena", f"workgroup/{workgroup}")],
    )
    yield allow("athena:GetDataCatalog", on=[arn("athena", f"datacatalog/{_CATALOG}")])


def may_read_tables(query: BatchQuery) -> Iterator[Statement]:
    """Read the named tables: what the catalog knows of them, and their files."""
    catalog, tables = arn("glue", "catalog"), query.qualified_tables
    databases = dict.fromkeys((query.database, *(database for database, _ in tables)))
    parents = [catalog, *(arn("glue", f"database/{database}") for database in databases)]
    yield allow("glue:GetDatabase", "glue:CreateDatabase", on=[catalog, arn("glue", f"database/{_DEFAULT}")])
    yield allow("glue:GetDatabase", on=parents)
    yield allow(
        "glue:GetTable",
        "glue:GetPartition",
        "glue:GetPartitions",
        "glue:BatchGetPartition",
        on=[*parents, *(arn("glue", f"table/{database}/{name}") for database, name in tables)],
    )
    places = [location.removeprefix("s3://").partition("/") for location in query.locations]
    buckets = [f"arn:{PARTITION}:s3:::{bucket}" for bucket in dict.fromkeys(bucket for bucket, _, _ in places)]
    yield allow("s3:GetBucketLocation", "s3:ListBucket", on=buckets)
    yield allow("s3:GetObject", on=[f"arn:{PARTITION}:s3:::{bucket}/{prefix}*" for bucket, _, prefix in places])
    if query.kms_keys:
        yield allow("kms:Decrypt", on=query.kms_keys)


def may_write_rows(bucket: s3.IBucket, keys: str) -> Iterator[Statement]:
    """Write what a query finds; Athena looks whether its place is empty, and reads there what it wrote."""
    yield allow("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads", on=[bucket.bucket_arn])
    yield allow("s3:ListMultipartUploadParts", on=[f"{bucket.bucket_arn}/{keys}"])
    yield from may_read(bucket, keys)
    yield from may_write(bucket, keys)
