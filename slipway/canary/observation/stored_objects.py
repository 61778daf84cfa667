"""Captured requests and outcome files in the artifacts bucket, as far as they are new; the S3 client is given."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from slipway.canary.observation.object_prefixes import CAPTURE_PREFIX, OUTCOME_PREFIX

_HOUR = 3600

Arrived = tuple[float, str]
"""When an object was written, in epoch seconds, and its key."""


class StoredObjects:
    """The objects of one endpoint, and what is stored beside them between polls."""

    def __init__(self, s3: Any, bucket: str, endpoint: str) -> None:
        self._s3, self._bucket, self._endpoint = s3, bucket, endpoint

    def written(self, variants: Sequence[str], *, since: float) -> list[Arrived]:
        """Arrivals and keys of the objects that were written since then, oldest first."""
        hour = f"{datetime.fromtimestamp(since, UTC):%Y/%m/%d/%H}"
        found = list(self._dated(f"{OUTCOME_PREFIX}/", hour.split("/")))
        for variant in variants:
            folder = self.folder(variant)
            found.extend(self._listed(folder, after=f"{folder}{hour}/"))
        return sorted((arrived, key) for arrived, key in found if arrived >= int(since) and key.endswith(".jsonl"))

    def captured(self, folder: str, *, since: float) -> Iterator[Arrived]:
        """Capture files below `folder` that were written since then, and when."""
        hour = f"{datetime.fromtimestamp(since, UTC):%Y/%m/%d/%H}"
        found = self._listed(folder, after=f"{folder}{hour}/")
        return (each for each in found if each[0] >= int(since) and each[1].endswith(".jsonl"))

    def captured_before(self, folder: str, *, until: float, hours: int) -> Iterator[Arrived]:
        """Those that were written before then, the newest first, and no older than so many hours."""
        for number in range(hours + 1):
            hour = f"{datetime.fromtimestamp(until - number * _HOUR, UTC):%Y/%m/%d/%H}"
            found = sorted(self._listed(f"{folder}{hour}/"), reverse=True)
            yield from (each for each in found if each[0] < int(until) and each[1].endswith(".jsonl"))

    def folder(self, variant: str) -> str:
        """Where SageMaker writes the captured requests of a variant."""
        return f"{CAPTURE_PREFIX}/{self._endpoint}/{variant}/"

    def text(self, key: str) -> str:
        body: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return body.decode(errors="replace")

    def find(self, key: str) -> str:
        """The text of an object, or empty where there is none."""
        try:
            return self.text(key)
        except self._s3.exceptions.NoSuchKey:
            return ""

    def store(self, prefix: str, body: bytes) -> str:
        """Under a name that is its content's: a poll that is repeated replaces nothing of another."""
        key = f"{prefix}/{hashlib.sha256(body).hexdigest()}.json"
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)
        return key

    def replace(self, key: str, body: bytes) -> None:
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/json")

    def _dated(self, folder: str, hour: Sequence[str]) -> Iterator[Arrived]:
        """What lies below `folder`, but not in folders `yyyy/mm/dd/hh` before `hour`: those may be months of them."""
        if not hour:
            yield from self._listed(folder)
            return
        for page in self._pages(folder, Delimiter="/"):
            yield from _contents(page)
            for below in (each["Prefix"] for each in page.get("CommonPrefixes", ())):
                name = below[len(folder) : -1]
                if name == hour[0]:
                    yield from self._dated(below, hour[1:])
                elif not _is_before(name, hour[0]):
                    yield from self._listed(below)

    def _listed(self, prefix: str, *, after: str = "") -> Iterator[Arrived]:
        for page in self._pages(prefix, StartAfter=after):
            yield from _contents(page)

    def _pages(self, prefix: str, **parameters: str) -> Any:
        return self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix, **parameters)


def unread(found: Sequence[Arrived], read: list[str], *, most: int) -> tuple[Sequence[Arrived], Sequence[Arrived]]:
    """Of the oldest first what this poll reads, which is added to `read`; and what it leaves to the next one."""
    known = set(read)
    new = [(arrived, key) for arrived, key in found if key not in known]
    read.extend(key for _, key in new[:most])
    return new[:most], new[most:]


def complete_until(later: Sequence[Arrived], *, now: float) -> int:
    """Until when all that was written has been read, where `later` is left to the next poll.

    S3 gives whole seconds, so more may arrive in this one, or in that of the first object left.
    """
    return int(later[0][0] if later else now) - 1


def _is_before(name: str, part: str) -> bool:
    """Whether a folder is an earlier year, month, day or hour; other folders are none."""
    return len(name) == len(part) and bool(re.fullmatch(r"20\d\d|\d\d", name)) and name < part


def _contents(page: Mapping[str, Any]) -> Iterator[Arrived]:
    for found in page.get("Contents", ()):
        yield found["LastModified"].timestamp(), found["Key"]
