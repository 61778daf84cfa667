"""The audit log of one endpoint: numbered S3 objects, none of which is ever replaced."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from slipway.errors import LaunchError
from slipway.operations.aws_errors import code_of
from slipway.operations.deployed_stage import DeployedStage
from slipway.rollout.audit import Entry, append, read

_NUMBERED = re.compile(r"/(\d{8})\.json$")
_TAKEN = ("PreconditionFailed", "ConditionalRequestConflict")


@dataclass(frozen=True)
class AuditLog:
    """Objects `<prefix><sequence, 8 digits>.json`, each written only if there is none."""

    s3: Any
    bucket: str
    prefix: str

    @classmethod
    def of(cls, stage: DeployedStage) -> "AuditLog":
        return cls(stage.client("s3"), stage.artifacts_bucket, stage.names.audit_prefix)

    def entries(self, *, newest: int | None = None) -> list[Entry]:
        """In the order of their numbers."""
        keys = self._keys()
        return [self._read(*key) for key in (keys if newest is None else keys[-newest:])]

    def last(self) -> Entry | None:
        keys = self._keys()
        return self._read(*keys[-1]) if keys else None

    def put(self, sequence: int, body: bytes) -> bool:
        key = f"{self.prefix}{sequence:08}.json"
        try:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/json", IfNoneMatch="*")
        except ClientError as exc:
            if code_of(exc) in _TAKEN:
                return False
            raise
        return True

    def _keys(self) -> list[tuple[int, str]]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix)
        keys = (found["Key"] for page in pages for found in page.get("Contents", ()))
        return sorted((int(found[1]), key) for key in keys if (found := _NUMBERED.search(key)))

    def _read(self, sequence: int, key: str) -> Entry:
        return read(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read(), sequence)


@dataclass(frozen=True)
class Recorder:
    """Records what one person intends to do, and the outcome."""

    log: AuditLog
    actor: str
    warn: Callable[[str], None]

    @contextmanager
    def act(self, action: str, subject: str, *, reason: str, **detail: Any) -> Iterator[dict[str, Any]]:
        """Record the intention before and the outcome after; the outcome has what is put into the yielded dict.

        Raises:
            LaunchError: the intention could not be recorded; nothing has been done.
        """
        try:
            intention = self._append(action, subject, {"phase": "intended", "reason": reason, **detail})
        except ClientError as exc:
            raise LaunchError(f"nothing was done, because the audit log cannot be written: {exc}") from exc
        outcome: dict[str, Any] = {}
        reference = {"intention": intention["sequence"]}
        try:
            yield outcome
        except BaseException as exc:
            self._conclude(action, subject, {"phase": "failed", **reference, **outcome, "error": _message(exc)})
            raise
        self._conclude(action, subject, {"phase": "done", **reference, **outcome})

    def _conclude(self, action: str, subject: str, detail: dict[str, Any]) -> None:
        """An action that was done stays done if its outcome cannot be recorded; the user gets a warning."""
        try:
            self._append(action, subject, detail)
        except Exception as exc:  # noqa: BLE001 — no error here may hide what has been done
            self.warn(f"the outcome of {action} {subject} could not be recorded in the audit log: {exc}")

    def _append(self, action: str, subject: str, detail: dict[str, Any]) -> Entry:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return append(self.log, time=now, actor=self.actor, action=action, subject=subject, detail=detail)


def _message(exc: BaseException) -> str:
    return str(exc) or type(exc).__name__
