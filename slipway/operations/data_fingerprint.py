"""A fingerprint of a table in S3, made without reading it: from keys, ETags and sizes."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from slipway.errors import LaunchError


def data_fingerprint(s3: Any, data_uri: str) -> str:
    """The fingerprint of all objects below `data_uri`, which is what a job gets that reads it.

    Raises:
        LaunchError: there is none.
    """
    objects = list(_objects(s3, data_uri))
    if not objects:
        raise LaunchError(f"{data_uri} must have a table, got no object: upload one")
    return hashlib.sha256(json.dumps(objects).encode()).hexdigest()


def _objects(s3: Any, data_uri: str) -> Iterator[tuple[str, str, int]]:
    bucket, _, prefix = data_uri.removeprefix("s3://").partition("/")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for found in page.get("Contents", ()):
            yield found["Key"], found["ETag"], found["Size"]
