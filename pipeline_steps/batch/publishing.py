"""Results from where they were checked to where they are read: the manifest comes last, and completes them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from pipeline_steps.errors import ArgumentError, StepError

MANIFEST = "manifest.json"


def s3_location(uri: str) -> tuple[str, str]:
    """Bucket, and prefix with a slash at its end.

    Raises:
        ArgumentError: it is no such address.
    """
    parts = urlsplit(uri, allow_fragments=False)
    prefix = parts.path.strip("/")
    if parts.scheme != "s3" or not parts.netloc or not prefix:
        raise ArgumentError(f"an address must look like s3://bucket/prefix/, got {uri}")
    return parts.netloc, f"{prefix}/"


def publish(sources: Sequence[str], target: str, manifest: Mapping[str, Any], *, s3: Any, kms_key: str) -> int:
    """Copy all objects below `sources` to `target`, then write the manifest there.

    S3 copies the objects, so no row passes through this container; each keeps its name below its source.

    Returns:
        How many were copied.

    Raises:
        StepError: S3 refused; there is no manifest then, and what has been copied counts for nothing.
    """
    bucket, prefix = s3_location(target)
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key}
    files = []
    try:
        for source in sources:
            from_bucket, from_prefix = s3_location(source)
            for each in _objects(s3, from_bucket, from_prefix):
                name = each["Key"].removeprefix(from_prefix)
                where = {"Bucket": from_bucket, "Key": each["Key"]}
                s3.copy(where, bucket, f"{prefix}{name}", ExtraArgs=encryption)
                files.append({"name": name, "bytes": each["Size"]})
        body = json.dumps({**manifest, "objects": files}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        s3.put_object(Bucket=bucket, Key=f"{prefix}{MANIFEST}", Body=body.encode(), **encryption)
    except (BotoCoreError, ClientError) as exc:
        raise StepError(f"the results could not be published to {target}: {exc}") from exc
    return len(files)


def _objects(s3: Any, bucket: str, prefix: str) -> list[dict[str, Any]]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found = [each for page in pages for each in page.get("Contents", ()) if not each["Key"].endswith("/")]
    if not found:
        raise StepError(f"there must be results below s3://{bucket}/{prefix}, there are none")
    return found
