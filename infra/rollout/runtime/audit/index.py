"""Audit: append one entry to a log of S3 objects, none of which is ever replaced."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError

from slipway.rollout.audit import Entry, append, read

NUMBERED = re.compile(r"/(\d{8})\.json$")
TAKEN = ("PreconditionFailed", "ConditionalRequestConflict")
OPERATION = "operation"
"""In the detail of an entry by an execution: which of its operations has appended it, also where it is done again."""
_SEARCHED = 20
"""Newest entries: between an operation and its repetition others may have appended some."""
_IDENTITY = ("actor", "action", "subject", "detail")


class S3Log:
    """Objects `<prefix><sequence, 8 digits>.json`, written only where there is none."""

    def __init__(self, s3: Any, bucket: str, prefix: str) -> None:
        self._s3, self._bucket, self._prefix = s3, bucket, prefix

    def last(self) -> Entry | None:
        return next(self._newest(1), None)

    def find(self, wanted: Mapping[str, Any]) -> Entry | None:
        """Among the newest entries the one by the same operation of an execution; of others none."""
        if OPERATION not in wanted["detail"]:
            return None
        is_wanted = (each for each in self._newest(_SEARCHED) if all(each.get(n) == wanted[n] for n in _IDENTITY))
        return next(is_wanted, None)

    def _newest(self, count: int) -> Iterator[Entry]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
        keys = (found["Key"] for page in pages for found in page.get("Contents", ()))
        found = sorted((number[1], key) for key in keys if (number := NUMBERED.search(key)))
        for number, key in reversed(found[-count:]):
            yield read(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read(), int(number))

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

    An operation of an execution that is done again, since its process had ended, appends no second entry.

    Returns:
        sequence, and hash: also in the function's log, which shows whether newer S3 objects are missing.
    """
    log = S3Log(boto3.client("s3"), os.environ["AUDIT_BUCKET"], os.environ["AUDIT_PREFIX"])
    given = {"actor": event["actor"], "action": event["action"], "subject": event["subject"]}
    given["detail"] = event.get("detail") or {}
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    made = append(log, time=now, **given, find=lambda: log.find(given))
    link = {"sequence": made["sequence"], "hash": made["hash"]}
    print(json.dumps({"audit": link}))  # noqa: T201 — a function's log
    return link
