"""Buckets: how much they contain over all versions, and how they are emptied."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from slipway.errors import LaunchError
from slipway.operations.aws_errors import code_of
from slipway.rounding import counted

_UNREADABLE_TAGS = ("NoSuchTagSet", "NoSuchBucket", "AccessDenied")
"""Codes for buckets of the account that are not ours."""


@dataclass(frozen=True)
class Contents:
    versions: int
    gigabytes: float


def contents(s3: Any, bucket: str) -> Contents:
    """Every version counts and is billed, not only the newest."""
    count, size = 0, 0
    for page in _pages(s3, bucket):
        count += len(page.get("Versions", ())) + len(page.get("DeleteMarkers", ()))
        size += sum(version["Size"] for version in page.get("Versions", ()))
    return Contents(count, size / 1e9)


def empty(s3: Any, bucket: str) -> None:
    """Delete all versions, delete markers and unfinished uploads.

    Raises:
        LaunchError: S3 did not delete an object.
    """
    for page in _pages(s3, bucket):
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        if not found:
            continue
        objects = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
        response = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        if errors := response.get("Errors"):
            first = errors[0]
            raise LaunchError(
                f"{counted(len(errors), 'object')} of bucket {bucket} could not be deleted, the first {first['Key']}: "
                f"{first.get('Code')}: {first.get('Message')}"
            )
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", ()):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])


def tagged_buckets(s3: Any, key: str, value: str) -> list[str]:
    """Names of the account's buckets with that tag."""
    names = [bucket["Name"] for bucket in s3.list_buckets().get("Buckets", ())]
    return [name for name in names if _tags(s3, name).get(key) == value]


def _tags(s3: Any, bucket: str) -> dict[str, str]:
    try:
        found = s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
    except ClientError as exc:
        if code_of(exc) in _UNREADABLE_TAGS:
            return {}
        raise
    return {tag["Key"]: tag["Value"] for tag in found}


def _pages(s3: Any, bucket: str) -> Iterator[dict[str, Any]]:
    yield from s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
