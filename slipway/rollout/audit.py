"""An append-only record of who did what: each entry holds the hash of the one before it."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from slipway.errors import LaunchError

Entry = dict[str, Any]

FIRST = 1
"""The sequence of a log's first entry."""

NO_ENTRY = ""
"""What the first entry holds in place of a hash."""

_FIELDS = frozenset({"sequence", "time", "actor", "action", "subject", "detail", "previous", "hash"})
_ATTEMPTS = 20


class AuditStore(Protocol):
    """Where entries are kept. `put` must be atomic and must never replace an entry."""

    def last(self) -> Entry | None: ...

    def put(self, sequence: int, body: bytes) -> bool:
        """Store an entry's bytes; False if there is one of that sequence already."""
        ...


class AuditError(LaunchError):
    """An entry could not be appended."""


def entry(
    previous: Mapping[str, Any] | None,
    *,
    time: str,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
) -> Entry:
    """The entry that follows `previous` (None: the first one); `detail` is a JSON object."""
    made: Entry = {
        "sequence": previous["sequence"] + 1 if previous else FIRST,
        "time": time,
        "actor": actor,
        "action": action,
        "subject": subject,
        "detail": dict(detail),
        "previous": previous["hash"] if previous else NO_ENTRY,
    }
    return {**made, "hash": _digest(made)}


def body(made: Mapping[str, Any]) -> bytes:
    """An entry as it is stored: JSON with one spelling for each value."""
    return json.dumps(made, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def read(stored: bytes, sequence: int) -> Entry:
    """The entry stored under `sequence`.

    What is none, or has another number, becomes a number and a hash: the log goes on behind it, `verify` finds it.
    """
    try:
        found = json.loads(stored)
    except ValueError:
        found = None
    if isinstance(found, dict) and found.get("sequence") == sequence and isinstance(found.get("hash"), str):
        return found
    return {"sequence": sequence, "hash": hashlib.sha256(stored).hexdigest()}


def verify(entries: Iterable[Mapping[str, Any]], *, head: str | None = None) -> int | None:
    """The first sequence at which `entries` are not what was written, or None.

    A chain does not show that its newest entries are gone, or that all of it was written anew: `head`, a hash that
    was noted elsewhere, must be among the entries.
    """
    previous: Mapping[str, Any] | None = None
    seen = set()
    for expected, each in enumerate(entries, FIRST):
        if not _follows(each, previous, expected):
            return expected
        seen.add(each["hash"])
        previous = each
    if head is not None and head not in seen:
        return len(seen) + FIRST
    return None


def append(
    log: AuditStore,
    *,
    time: str,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    find: Callable[[], Entry | None] = lambda: None,
) -> Entry:
    """Append one entry; a race that is lost to another writer is run again behind its entry.

    Where `find` finds the entry in the log, that one is returned, and nothing appended.

    Raises:
        AuditError: others were faster every time.
    """
    for _ in range(_ATTEMPTS):
        if known := find():
            return known
        made = entry(log.last(), time=time, actor=actor, action=action, subject=subject, detail=detail)
        if log.put(made["sequence"], body(made)):
            return made
    raise AuditError(f"no entry could be appended in {_ATTEMPTS} attempts: others were faster each time")


def _follows(each: Mapping[str, Any], previous: Mapping[str, Any] | None, expected: int) -> bool:
    if set(each) != _FIELDS or each["sequence"] != expected or isinstance(each["sequence"], bool):
        return False
    if each["previous"] != (previous["hash"] if previous else NO_ENTRY):
        return False
    try:
        return bool(each["hash"] == _digest({name: each[name] for name in _FIELDS - {"hash"}}))
    except ValueError:  # NaN, which no entry was written with
        return False


def _digest(fields: Mapping[str, Any]) -> str:
    return hashlib.sha256(body(fields)).hexdigest()
