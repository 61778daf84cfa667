"""Audit: append one entry to a log of S3 objects, none of which is ever replaced."""

import json
import os
import re
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError

from slipway.rollout.audit import Entry, append, read

NUMBERED = re.compile(r"/(\d{8})\.json$")
TAKEN = ("PreconditionFailed", "ConditionalRequestConflict")


class S3Log:
    """Objects `<prefix><sequence, 8 digits>.json`, written only where there is none."""

    def __init__(self, s3: Any, bucket: str, prefix: str) -> None:
        self._s3, self._bucket, self._prefix = s3, bucket, prefix

    def last(self) -> Entry | None:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
        keys = (found["Key"] for page in pages for found in page.get("Contents", ()))
        newest = max((found for key in keys if (found := NUMBERED.search(key))), key=lambda m: m[1], default=None)
        if newest is None:
            return None
        return read(self._s3.get_object(Bucket=self._bucket, Key=newest.string)["Body"].read(), int(newest[1]))

    def put(self, sequence: int, body: bytes) -> bool:
        try:
            self._s3.put_object(
                Bucket=self._bucket,
                Key=f"{self._prefix}{sequence:08}.json",
                Body=body,
                ContentType="application/json",
                IfNoneMatch="*",
            )
        except ClientError as exc:
            if exc.response["Error"]["Code"] in TAKEN:
                return False
            raise
        return True


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Append {actor, action, subject, detail}.

    A repeated invocation appends a second entry: what may have happened twice is recorded twice.

    Returns:
        sequence, and hash: also in the function's log, which shows whether newer S3 objects are missing.
    """
    log = S3Log(boto3.client("s3"), os.environ["AUDIT_BUCKET"], os.environ["AUDIT_PREFIX"])
    made = append(
        log,
        time=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        actor=event["actor"],
        action=event["action"],
        subject=event["subject"],
        detail=event.get("detail") or {},
    )
    link = {"sequence": made["sequence"], "hash": made["hash"]}
    print(json.dumps({"audit": link}))  # noqa: T201 — a function's log
    return link
