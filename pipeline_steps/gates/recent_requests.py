"""Recent requests of users, from SageMaker's data capture, newest first."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipeline_steps.errors import StepError
from pipeline_steps.monitoring.capture_format import NO_RECORD, capture_files, json_lines, read_side

CAPTURED = "captured requests"
"""What a replay sends, where an endpoint captures."""
_MAX_BYTES = 64 * 1024 * 1024
"""No more is read, however few requests are in it."""


@dataclass(frozen=True)
class CapturedRequest:
    body: bytes
    content_type: str


@dataclass(frozen=True)
class RecentRequests:
    """`unreadable` lines were no capture records, or none with an input; `what` they are, in words."""

    requests: tuple[CapturedRequest, ...] = ()
    unreadable: int = 0
    what: str = CAPTURED


def newest_requests(files: Iterator[bytes], *, limit: int) -> RecentRequests:
    """Take the newest `limit` requests out of capture files, which come newest first."""
    requests: list[CapturedRequest] = []
    unreadable = read = 0
    for content in files:
        read += len(content)
        for line in reversed(json_lines(content)):
            if len(requests) == limit:
                return RecentRequests(tuple(requests), unreadable)
            try:
                requests.append(CapturedRequest(*read_side(json.loads(line)["captureData"]["endpointInput"])))
            except NO_RECORD:
                unreadable += 1
        if read >= _MAX_BYTES:
            break
    return RecentRequests(tuple(requests), unreadable)


def folder_files(folder: Path) -> Iterator[bytes]:
    """Read the capture files in `folder`, newest first: their names begin with year, month, day and hour."""
    for path in reversed(capture_files(folder)):
        yield path.read_bytes()


def bucket_files(s3: Any, uri: str) -> Iterator[bytes]:
    """Read the capture files below an `s3://` prefix, newest first; only as many are fetched as the caller reads.

    Raises:
        StepError: the bucket cannot be read.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 (0.4 s, and only here)

    location = urlsplit(uri)
    try:
        for key in _newest_keys(s3, location.netloc, location.path.removeprefix("/")):
            yield s3.get_object(Bucket=location.netloc, Key=key)["Body"].read()
    except (BotoCoreError, ClientError) as exc:
        raise StepError(f"the captured requests in {uri} cannot be read: {exc}") from exc


def _newest_keys(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    """Walk down the newest year, month, day and hour first: S3 itself lists oldest first."""
    folders, keys = [], []
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    for page in pages:
        folders += [entry["Prefix"] for entry in page.get("CommonPrefixes", ())]
        keys += [entry["Key"] for entry in page.get("Contents", ())]
    for folder in sorted(folders, reverse=True):
        yield from _newest_keys(s3, bucket, folder)
    yield from (key for key in sorted(keys, reverse=True) if key.endswith(".jsonl"))
